"""A trial that takes too much memory, or hangs, ends with its reason written down."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.working.guards import EXIT_CODE, Guard, Limits

PATIENCE_S = 20.0


def guard_of(folder: TrialFolder, limits: Limits, codes: list[int]) -> Guard:
    return Guard(folder, limits, leave=codes.append)


def until(happens: Callable[[], object]) -> None:
    start = time.monotonic()
    while not happens():
        assert time.monotonic() - start < PATIENCE_S, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def folder(tmp_path: Path) -> TrialFolder:
    return TrialFolder(tmp_path / "trial")


def test_a_trial_over_its_memory_ends_with_the_numbers(folder: TrialFolder) -> None:
    folder.path.mkdir()
    codes: list[int] = []
    limits = Limits(memory_bytes=2**20)
    with guard_of(folder, limits, codes) as guard, guard.watching():
        until(lambda: codes)
    record = folder.read()
    assert codes == [EXIT_CODE]
    assert record.state is TrialState.FAILED
    assert "iB of memory, more than 1 MiB; fewer jobs (-j)" in record.error
    assert "in test_a_trial_over_its_memory" in folder.log.read_text()


def test_a_share_binds_only_while_the_machine_is_short_of_memory(
    folder: TrialFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.path.mkdir()
    codes: list[int] = []
    looks: list[int] = []
    free = [64 * 2**30]

    def look() -> int:
        looks.append(free[0])
        return free[0]

    monkeypatch.setattr("runner.working.guards.free_bytes", look)
    monkeypatch.setattr("runner.working.guards._LEAST_SHARE", 2**20)
    limits = Limits(memory_bytes=2**19, is_share=True)
    with guard_of(folder, limits, codes) as guard, guard.watching():
        until(lambda: len(looks) > 2)
        assert codes == []
        free[0] = 100 * 2**20
        until(lambda: codes)
    assert "more than its share of 1 MiB, with 100 MiB left;" in folder.read().error


def test_a_share_yields_to_what_was_measured_and_a_limit_does_not() -> None:
    gib = 2**30
    share = Limits(memory_bytes=2 * gib, is_share=True)
    assert share.memory_for(None) == 2 * gib
    assert share.memory_for(gib) == 2 * gib
    assert share.memory_for(4 * gib) == 5 * gib
    assert not Limits(memory_bytes=2 * gib).tolerates(64 * gib)


def test_no_share_is_smaller_than_a_trial_is_at_its_beginning() -> None:
    crowded = Limits(memory_bytes=1000, is_share=True)
    assert crowded.memory_for(None) == crowded.memory_for(4000) == 2**30


def test_a_limit_is_what_it_says() -> None:
    assert Limits(memory_bytes=1000).memory_for(4000) == 1000
    assert Limits().memory_for(4000) is None


def test_memory_is_measured_while_the_trial_runs(folder: TrialFolder) -> None:
    with Guard(folder, Limits()) as guard:
        with guard.watching():
            before = guard.peak_bytes
            eaten = b"x" * (64 * 2**20)
            until(lambda: guard.peak_bytes - before > 32 * 2**20)
        del eaten
        with guard.watching():
            pass
        assert guard.peak_bytes > 64 * 2**20


def test_an_epoch_that_never_ends_is_a_hang(folder: TrialFolder) -> None:
    folder.path.mkdir()
    codes: list[int] = []
    limits = Limits(hang_after_s=0.3)
    with guard_of(folder, limits, codes) as guard, guard.watching():
        until(lambda: codes)
    record = folder.read()
    assert record.state is TrialState.FAILED
    assert record.error.startswith("no epoch was over for 0:00, so that it seems to")
    assert "--hang-after" in record.error


def test_between_two_epochs_nobody_is_watched(folder: TrialFolder) -> None:
    codes: list[int] = []
    limits = Limits(hang_after_s=1.0)
    with guard_of(folder, limits, codes) as guard:
        time.sleep(1.3)
        for _ in range(4):
            with guard.watching():
                time.sleep(0.3)
    assert codes == []
    assert folder.state() is TrialState.QUEUED


def test_how_long_an_epoch_may_take_follows_from_those_before() -> None:
    limits = Limits()
    assert limits.quiet_s(None) == 86_400
    assert limits.quiet_s(1.0) == 600
    assert limits.quiet_s(3600.0) == 36_000
    assert Limits(hang_after_s=5).quiet_s(3600.0) == 5


SLEEPER = """
import sys, time
from pathlib import Path
from runner.working.guards import Guard, Limits
from runner.store.trial_folder import TrialFolder

with Guard(TrialFolder(Path(sys.argv[1])), Limits(hang_after_s=3)) as guard:
    with guard.watching():
        print("watched", flush=True)
        time.sleep(1.5)
    with guard.watching():
        time.sleep(float(sys.argv[2]))
print("over", flush=True)
"""


def sleeper(folder: TrialFolder, seconds: float) -> subprocess.Popen[str]:
    folder.path.mkdir(exist_ok=True)
    words = [sys.executable, "-c", SLEEPER, str(folder.path), str(seconds)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "watched\n"
    return process


@pytest.mark.slow
def test_a_process_that_is_stopped_for_a_while_does_not_hang(
    folder: TrialFolder,
) -> None:
    process = sleeper(folder, 0.5)
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(4)
    os.kill(process.pid, signal.SIGCONT)
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert (output, process.returncode) == ("over\n", 0)


@pytest.mark.slow
def test_a_process_that_hangs_is_gone_and_its_folder_says_why(
    folder: TrialFolder,
) -> None:
    process = sleeper(folder, 60)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == EXIT_CODE
    said = json.loads((folder.path / "state.json").read_text())
    assert said["state"] == "FAILED"
    assert said["error"].startswith("no epoch was over for 0:03")
