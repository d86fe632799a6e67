"""A trial starts where there is room for it, waits for others, or is refused."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import Mock

import pytest

from runner.sweeping.admission import (
    CONTEXT_BYTES,
    Need,
    NoRoomError,
    Promises,
    Room,
    Verdict,
    decide,
    graphics,
    main_memory,
)

GIB = 2**30


def need(gib: float, *, is_measured: bool = True) -> Need:
    return Need(n_bytes=int(gib * GIB), is_measured=is_measured)


@dataclass
class Memory:
    """A memory with as much room as the test says."""

    all_of_it: int
    nobody_s: int
    ours: int = 0
    name: str = "GPU 0"
    identity: str = "GPU-1f"

    def total(self) -> int:
        return self.all_of_it

    def free(self) -> int:
        return self.nobody_s

    def taken(self) -> int:
        return self.ours


@pytest.mark.parametrize(
    ("wanted", "room", "verdict"),
    [
        (need(4), Room(total=8 * GIB, free=5 * GIB), Verdict.START),
        (need(4), Room(total=8 * GIB, free=3 * GIB, n_others=1), Verdict.WAIT),
        (need(9), Room(total=8 * GIB, free=8 * GIB), Verdict.REFUSE),
        (  # others have not taken yet what they were promised
            need(4),
            Room(total=8 * GIB, free=5 * GIB, promised=2 * GIB, n_others=1),
            Verdict.WAIT,
        ),
        (  # a worker that is kept has some of it already
            need(4),
            Room(total=8 * GIB, free=3 * GIB, taken=2 * GIB),
            Verdict.START,
        ),
        (  # nothing is known of it, and nobody of ours will ever go
            need(4, is_measured=False),
            Room(total=8 * GIB, free=3 * GIB),
            Verdict.START,
        ),
        (
            need(4, is_measured=False),
            Room(total=8 * GIB, free=3 * GIB, n_others=1),
            Verdict.WAIT,
        ),
        (
            need(9, is_measured=False),
            Room(total=8 * GIB, free=8 * GIB),
            Verdict.REFUSE,
        ),
    ],
)
def test_the_numbers_decide(wanted: Need, room: Room, verdict: Verdict) -> None:
    assert decide(wanted, room) is verdict


@pytest.mark.parametrize(
    ("n_others", "alone_s", "verdict"),
    [
        (0, 0.0, Verdict.WAIT),  # a worker that is kept may be about to end
        (0, 3600.0, Verdict.START),
        (1, 3600.0, Verdict.WAIT),
    ],
)
def test_what_was_measured_and_does_not_fit_waits_while_that_may_help(
    n_others: int, alone_s: float, verdict: Verdict
) -> None:
    room = Room(total=8 * GIB, free=3 * GIB, n_others=n_others)
    assert decide(need(4), room, alone_s=alone_s) is verdict
    refused = decide(need(9), room, alone_s=alone_s)
    assert refused is Verdict.REFUSE


def promise_of_another(folder: Path, n_bytes: int, taken: int) -> subprocess.Popen[str]:
    """A living process that was promised something, as its file says."""
    words = [sys.executable, "-c", "print('up', flush=True); input()"]
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    import psutil  # noqa: PLC0415 - for the process that was just started

    said = {
        "pid": process.pid,
        "created": psutil.Process(process.pid).create_time(),
        "place": "GPU-1f",
        "need": n_bytes,
        "taken": taken,
    }
    folder.mkdir(exist_ok=True)
    (folder / f"{process.pid}.json").write_text(json.dumps(said))
    return process


def test_what_others_were_promised_is_not_free_until_they_are_gone(
    tmp_path: Path,
) -> None:
    place = Memory(all_of_it=8 * GIB, nobody_s=6 * GIB)
    promises = Promises(tmp_path / "promises")
    other = promise_of_another(tmp_path / "promises", 5 * GIB, taken=2 * GIB)
    verdict, room = promises.ask(need(4), place)
    assert verdict is Verdict.WAIT
    assert (room.promised, room.n_others) == (3 * GIB, 1)
    assert promises.ask(need(3), place)[0] is Verdict.START
    other.kill()
    other.communicate()
    verdict, room = promises.ask(need(4), place)
    assert verdict is Verdict.START
    assert (room.promised, room.n_others) == (0, 0)


def test_a_promise_of_another_jobs_gpu_of_the_same_name_takes_nothing(
    tmp_path: Path,
) -> None:
    other = promise_of_another(tmp_path / "promises", 5 * GIB, taken=2 * GIB)
    place = Memory(all_of_it=8 * GIB, nobody_s=6 * GIB, identity="GPU-2e")
    _, room = Promises(tmp_path / "promises").ask(need(4), place)
    other.kill()
    other.communicate()
    assert (room.promised, room.n_others) == (0, 0)


@pytest.mark.parametrize(
    ("properties", "identity"),
    [(Mock(uuid="1f2e"), "GPU 1f2e"), (Mock(spec=["name"]), "GPU 3")],
)
def test_a_gpu_is_told_from_others_by_what_no_job_changes(
    properties: Mock, identity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setattr("torch.cuda.current_device", lambda: 0)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda _: properties)
    assert (graphics().name, graphics().identity) == ("GPU 3", identity)


def test_main_memory_is_shared_by_those_that_one_limit_binds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("runner.sweeping.admission.limiting_group", lambda: "/job_1")
    assert main_memory.identity == "memory /job_1"
    monkeypatch.setattr("runner.sweeping.admission.limiting_group", lambda: "")
    assert main_memory.identity == "memory"


def test_a_promise_is_kept_while_it_lasts_and_says_what_is_taken(
    tmp_path: Path,
) -> None:
    place = Memory(all_of_it=8 * GIB, nobody_s=6 * GIB, ours=GIB)
    with Promises(tmp_path).room_for(need(4), place, print):
        (file,) = tmp_path.glob("*.json")
        said = json.loads(file.read_text())
        assert (said["pid"], said["need"], said["taken"]) == (
            os.getpid(),
            4 * GIB,
            GIB,
        )
    assert list(tmp_path.glob("*.json")) == []


def test_who_waits_says_why_once_and_starts_when_there_is_room(tmp_path: Path) -> None:
    place = Memory(all_of_it=8 * GIB, nobody_s=2 * GIB)
    lines: list[str] = []
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            place.nobody_s = 7 * GIB

    with Promises(tmp_path).room_for(need(4), place, lines.append, pause):
        pass
    assert len(pauses) == 3
    assert lines == [
        "waits: it needs 4.0 GiB, as measured, and of 8.0 GiB (GPU 0) 2.0 GiB is free"
    ]


def test_nobody_waits_for_ever_where_nobody_is_left_to_make_room(
    tmp_path: Path,
) -> None:
    place = Memory(all_of_it=8 * GIB, nobody_s=2 * GIB)
    lines: list[str] = []
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        assert sum(pauses) < 600, "it waits for ever"

    with Promises(tmp_path).room_for(need(4), place, lines.append, pause):
        assert len(list(tmp_path.glob("*.json"))) == 1
    assert sum(pauses) == 60
    assert [line.split(":")[0] for line in lines] == ["waits", "starts"]
    assert lines[1] == (
        "starts: it needs 4.0 GiB, as measured, and 2.0 GiB is free, but no trial is "
        "left to wait for"
    )


def test_a_process_counts_what_cuda_itself_has_taken_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("torch.cuda.memory_reserved", lambda: 3 * GIB)
    monkeypatch.setattr("torch.cuda.is_initialized", lambda: False)
    assert graphics().taken() == 3 * GIB
    monkeypatch.setattr("torch.cuda.is_initialized", lambda: True)
    assert graphics().taken() == 3 * GIB + CONTEXT_BYTES


def test_what_can_never_fit_is_refused_with_the_numbers(tmp_path: Path) -> None:
    place = Memory(all_of_it=8 * GIB, nobody_s=8 * GIB)
    refused = Promises(tmp_path).room_for(need(9), place, print)
    with pytest.raises(
        NoRoomError,
        match=r"needs 9.0 GiB, as measured, and GPU 0 has 8.0 GiB in all; a smaller",
    ):
        refused.__enter__()


def test_main_memory_is_what_the_system_says() -> None:
    total, free = main_memory.total(), main_memory.free()
    assert 0 < main_memory.taken() < total
    assert 0 < free <= total
