"""One at a time holds a lock; it dies with its holder, and says who that is."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runner.errors import BusyError
from runner.store import files, locks
from runner.store.locks import Owner, exclusive, is_held, lease, read_owner

HOLD = """
import sys, time
from pathlib import Path
from runner.store import locks
with getattr(locks, sys.argv[2])(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""
BOTH = pytest.mark.parametrize("kind", ["exclusive", "lease"])


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_BEAT_S", 0.05)
    monkeypatch.setattr(locks, "_PATIENCE_S", 0.5)
    monkeypatch.setattr(locks, "_LOOK_S", 0.02)


@pytest.fixture
def _without_flock(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)


@contextmanager
def held_elsewhere(lock: Path, kind: str = "lease") -> Iterator[subprocess.Popen]:
    words = [sys.executable, "-c", HOLD, str(lock), kind]
    holder = subprocess.Popen(words, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder.stdout as output:
        assert output.readline() == b"held\n"
        yield holder
    holder.kill()
    holder.wait()


def write_owner(lock: Path, beat: int = 0, **others: object) -> Owner:
    """Leave what another machine's process would."""
    known = {"host": "node7", "boot": "another", "pid": 12, "started_at": 1e9 + 0.5}
    owner = Owner(**{**known, "token": "theirs", **others})
    content = json.dumps({**vars(owner), "beat": beat})
    lock.with_name("lock.owner").write_text(content)
    return owner


@contextmanager
def alive(lock: Path) -> Iterator[None]:
    """Let the other machine's process beat."""
    stop = threading.Event()

    def beat() -> None:
        number = 0
        while not stop.wait(0.05):
            number += 1
            write_owner(lock, number)

    write_owner(lock)
    thread = threading.Thread(target=beat)
    thread.start()
    yield
    stop.set()
    thread.join()


def busy_line(owner: Owner | None) -> str:
    return f"held by {owner}"


def test_a_held_lock_refuses_and_is_free_again(lock: Path) -> None:
    assert not is_held(lock)
    with exclusive(lock):
        assert is_held(lock)
        with (
            pytest.raises(BusyError, match=r"^someone is at it$"),
            exclusive(lock, busy="someone is at it"),
        ):
            pass
    assert not is_held(lock)


@BOTH
def test_a_lock_dies_with_a_killed_process(lock: Path, kind: str) -> None:
    with held_elsewhere(lock, kind) as holder:
        assert is_held(lock)
        holder.kill()
        holder.wait()
        assert not is_held(lock)
    start = time.monotonic()
    with lease(lock, busy=busy_line):
        assert time.monotonic() - start < 5  # nobody is waited for
        owner = read_owner(lock)
        assert owner is not None
        assert owner.pid == os.getpid()


def test_a_lease_says_who_holds_it_and_leaves_nothing_behind(lock: Path) -> None:
    with held_elsewhere(lock) as holder:
        with (
            pytest.raises(BusyError, match=rf"^held by process {holder.pid} on \S+ si"),
            lease(lock, busy=busy_line),
        ):
            pass
        owner = read_owner(lock)
        assert owner is not None
        assert owner.pid == holder.pid
        assert is_held(lock)
    with lease(lock):
        pass
    assert [path.name for path in lock.parent.iterdir()] == ["lock"]


def test_whoever_asks_whether_a_lease_is_held_keeps_nobody_from_it(lock: Path) -> None:
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            is_held(lock)

    asking = threading.Thread(target=ask)
    asking.start()
    for _ in range(50):
        with lease(lock, busy=busy_line):
            pass
    stop.set()
    asking.join()


@pytest.mark.usefixtures("_impatient")
def test_another_machine_that_beats_keeps_its_lease(lock: Path) -> None:
    with alive(lock):
        line = r"^held by process 12 on node7 since 2001-09-09 01:46 UTC$"
        with pytest.raises(BusyError, match=line), lease(lock, busy=busy_line):
            pass
        assert is_held(lock)
    owner = read_owner(lock)
    assert owner is not None
    assert owner.token == "theirs"  # noqa: S105 - of a lease


@pytest.mark.usefixtures("_impatient")
def test_another_machine_that_died_is_replaced(lock: Path) -> None:
    write_owner(lock)
    with lease(lock, busy=busy_line):
        owner = read_owner(lock)
        assert owner is not None
        assert owner.pid == os.getpid()
    assert {path.name for path in lock.parent.iterdir()} == {"lock"}


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("torn", ["", "{", '{"host": 3}'])
def test_a_torn_owner_that_stands_still_is_replaced(lock: Path, torn: str) -> None:
    lock.with_name("lock.owner").write_text(torn)
    assert read_owner(lock) is None
    with lease(lock, busy=busy_line):
        assert read_owner(lock) is not None


@pytest.mark.usefixtures("_impatient")
def test_a_lease_is_waited_for_until_the_other_machine_lets_go(lock: Path) -> None:
    with alive(lock):
        timer = threading.Timer(0.8, lambda: None)
        timer.start()
        got: list[float] = []

        def wait() -> None:
            with lease(lock):
                got.append(time.monotonic())

        waiting = threading.Thread(target=wait)
        waiting.start()
        timer.join()
        assert got == []
    lock.with_name("lock.owner").unlink()
    waiting.join()
    assert len(got) == 1


def test_an_owner_of_another_machine_that_beat_long_ago_is_not_running(
    lock: Path,
) -> None:
    lock.touch()
    write_owner(lock)
    assert is_held(lock)
    os.utime(lock.with_name("lock.owner"), (1e9, 1e9))
    assert not is_held(lock)


@pytest.mark.usefixtures("_impatient", "_without_flock")
@pytest.mark.parametrize(
    "second",
    [lambda path: lease(path, busy=str), lambda path: exclusive(path, busy="it")],
)
def test_where_there_are_no_locks_the_lease_alone_does(
    lock: Path, second: Callable
) -> None:
    with exclusive(lock):
        assert is_held(lock)
        with pytest.raises(BusyError), second(lock):
            pass
    assert not is_held(lock)
    with second(lock):
        assert is_held(lock)


@pytest.mark.usefixtures("_impatient", "_without_flock")
def test_of_many_that_find_a_dead_owner_one_at_a_time_gets_the_lease(
    lock: Path,
) -> None:
    write_owner(lock)
    inside: list[int] = []
    most: list[int] = []

    def take(number: int) -> None:
        with lease(lock):
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.02)
            inside.remove(number)

    takers = [threading.Thread(target=take, args=(number,)) for number in range(4)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    assert most == [1] * 4


@pytest.mark.usefixtures("_impatient")
def test_who_lost_a_lease_while_it_stood_still_is_stopped(
    lock: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *words: killed.append(words))
    with lease(lock):
        write_owner(lock)
        until = time.monotonic() + 5
        while not killed and time.monotonic() < until:
            time.sleep(0.02)
    assert killed == [(os.getpid(), signal.SIGTERM)]
    assert "taken over by process 12 on node7" in caplog.text
    assert read_owner(lock) is not None  # it is the other's to remove


@pytest.mark.usefixtures("_impatient")
def test_an_owner_file_that_someone_removed_comes_back(lock: Path) -> None:
    with lease(lock):
        lock.with_name("lock.owner").unlink()
        until = time.monotonic() + 5
        while read_owner(lock) is None and time.monotonic() < until:
            time.sleep(0.02)
        assert read_owner(lock) is not None


def test_a_disk_that_refuses_is_no_lock(
    lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    lock.touch()
    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError, match="Input/output"), lease(lock):
        pass
    with pytest.raises(OSError, match="Input/output"):
        is_held(lock)


def test_a_full_disk_leaves_no_owner(
    lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(locks, "_said", full)
    with pytest.raises(OSError, match="No space"), lease(lock):
        pass
    assert [path.name for path in lock.parent.iterdir()] == ["lock"]


@pytest.mark.usefixtures("_without_flock")
def test_a_holder_that_a_disk_does_not_name_is_not_nobody(
    lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_owner(lock)
    lock.touch()
    assert is_held(lock)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files, "_PAUSES_S", ())
    monkeypatch.setattr(Path, "read_bytes", refuse)
    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(OSError, match="Input/output"):
        is_held(lock)


def test_who_cannot_be_named_is_respected_all_the_same(
    lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with held_elsewhere(lock):
        monkeypatch.setattr(files, "_PAUSES_S", ())
        monkeypatch.setattr(Path, "read_bytes", refuse)
        with (
            pytest.raises(BusyError, match="None has it"),
            lease(lock, busy=lambda owner: f"{owner} has it"),
        ):
            pytest.fail("it is held")


def test_a_disk_that_fails_at_the_end_does_not_undo_what_was_done(
    lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with lease(lock):
        monkeypatch.setattr(files, "_PAUSES_S", ())
        monkeypatch.setattr(Path, "read_bytes", refuse)
    monkeypatch.undo()
    assert not is_held(lock)
