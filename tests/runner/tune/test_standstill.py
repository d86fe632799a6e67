"""A worker whose process stands still is ended, and none that merely waits."""

import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import Mock

import psutil
import pytest

from runner.store.trial_folder import TrialFolder
from runner.tune import standstill
from runner.tune.standstill import Standstill, _kill, end_worker
from runner.working.guards import Limits

PID = 4711
FROM = {"pid": PID, "hostname": "here", "node_ip": "127.0.0.1"}


@dataclass
class Clock:
    """Time that passes as the test says."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> TrialFolder:
    return TrialFolder(tmp_path)


def beat(folder: TrialFolder, number: int, pid: int = PID) -> None:
    said = {"pid": pid, "host": "here", "token": "a", "beat": number}
    (folder.path / "lock.owner").write_text(json.dumps(said))


def after(watch: Standstill, clock: Clock, seconds: float, step: float = 1.0) -> bool:
    """Look again and again; whether a standstill was found on the way."""
    until, found = clock.now + seconds, False
    while clock.now < until:
        clock.now += step
        found = watch.look() or found
    return found


def test_who_stands_still_for_twice_what_its_own_watch_waits_is_found(
    folder: TrialFolder, clock: Clock
) -> None:
    watch = Standstill(folder, Limits(hang_after_s=60), clock=clock)
    watch.hear(FROM)
    beat(folder, 1)
    assert not after(watch, clock, 110)
    assert after(watch, clock, 20)
    assert watch.found_s == pytest.approx(121, abs=2)


def test_without_a_limit_the_longest_epoch_decides(
    folder: TrialFolder, clock: Clock
) -> None:
    watch = Standstill(folder, Limits(), clock=clock)
    watch.hear({**FROM, "epoch": 1, "wall_time_s": 100.0})
    watch.hear({**FROM, "epoch": 2, "wall_time_s": 140.0})
    beat(folder, 1)
    assert not after(watch, clock, 1990)
    assert after(watch, clock, 20)


def test_who_beats_is_left_alone_however_long_its_epoch_takes(
    folder: TrialFolder, clock: Clock
) -> None:
    watch = Standstill(folder, Limits(hang_after_s=5), clock=clock)
    watch.hear(FROM)
    for number in range(50):
        beat(folder, number)
        assert not after(watch, clock, 15)


@pytest.mark.parametrize("pid", [None, PID + 1])
def test_who_waits_for_room_or_for_another_process_is_left_alone(
    folder: TrialFolder, clock: Clock, pid: int | None
) -> None:
    watch = Standstill(folder, Limits(hang_after_s=5), clock=clock)
    watch.hear({**FROM, "waits": "for room"})
    if pid is not None:
        beat(folder, 1, pid=pid)  # of another process, which stands still
    assert not after(watch, clock, 3600)


def test_who_has_just_begun_is_left_alone(folder: TrialFolder, clock: Clock) -> None:
    beat(folder, 1)  # of the attempt before, which was killed
    watch = Standstill(folder, Limits(hang_after_s=5), clock=clock)
    assert not after(watch, clock, 3600)


def test_a_driver_that_stood_still_itself_blames_nobody(
    folder: TrialFolder, clock: Clock
) -> None:
    watch = Standstill(folder, Limits(hang_after_s=5), clock=clock)
    watch.hear(FROM)
    beat(folder, 1)
    assert not after(watch, clock, 10)
    clock.now += 36_000
    assert not watch.look()
    beat(folder, 2)
    assert not after(watch, clock, 15)


def test_a_short_limit_leaves_time_for_a_busy_disk(
    folder: TrialFolder, clock: Clock
) -> None:
    watch = Standstill(folder, Limits(hang_after_s=1), clock=clock)
    watch.hear(FROM)
    beat(folder, 1)
    assert not after(watch, clock, 18)
    assert after(watch, clock, 8)


def test_of_a_far_worker_epochs_tell_once_there_was_one(
    folder: TrialFolder, clock: Clock
) -> None:
    watch = Standstill(folder, Limits(hang_after_s=5), is_far=True, clock=clock)
    watch.hear(FROM)
    assert not after(watch, clock, 36_000)  # it may be making a world
    watch.hear({**FROM, "epoch": 1, "wall_time_s": 1.0})
    assert not after(watch, clock, 590)
    watch.hear({**FROM, "epoch": 2, "wall_time_s": 2.0})
    assert not after(watch, clock, 590)
    assert after(watch, clock, 30)


@pytest.mark.parametrize("name", ["ray::trial", "another"])
def test_a_worker_of_rays_is_killed_though_it_is_stopped_and_nothing_else(
    name: str,
) -> None:
    words = [sys.executable, "-c", "import time; time.sleep(60)", name]
    with subprocess.Popen(words) as process:
        try:
            process.send_signal(signal.SIGSTOP)
            _kill(process.pid)
            if name.startswith("ray"):
                assert process.wait(timeout=10) == -signal.SIGKILL
            else:
                assert psutil.Process(process.pid).is_running()
        finally:
            process.kill()


@pytest.mark.parametrize("is_here", [True, False])
def test_it_is_killed_on_its_own_machine_before_ray_forgets_it(
    folder: TrialFolder, monkeypatch: pytest.MonkeyPatch, is_here: bool
) -> None:
    nodes = [
        {"NodeID": 56 * name, "Alive": True, "NodeManagerAddress": address}
        for name, address in (("a", "10.0.0.1"), ("b", "10.0.0.2"))
    ]
    done = Mock()
    monkeypatch.setattr(standstill, "_kill", done.kill_here)
    monkeypatch.setattr(standstill.ray, "nodes", lambda: nodes)
    monkeypatch.setattr(standstill.ray, "remote", lambda **_: lambda _: done.task)
    monkeypatch.setattr(standstill.ray, "kill", done.forget)
    watch = Standstill(folder, Limits())
    watch.hear({**FROM, "node_ip": "10.0.0.2"})
    end_worker("actor", watch, is_here=is_here)
    names = [name for name, *_ in done.mock_calls]
    if is_here:
        assert names == ["kill_here", "forget"]
        return
    assert names == ["task.options", "task.options().remote", "forget"]
    where = done.task.options.call_args.kwargs["scheduling_strategy"]
    assert where.node_id == 56 * "b"
    done.task.options().remote.assert_called_with(PID)
