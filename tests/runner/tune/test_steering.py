"""A sweep comes to its end whatever a disk does to what is told of its trials."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest

from runner.store.record import TrialFolder
from runner.sweeping.needs import Peaks
from runner.sweeping.stopping import Wish
from runner.sweeping.workers import Workers
from runner.tune.steering import Sweep
from runner.working.guards import Limits
from runner.working.job import TrialJob
from studies.trial import Trial

SAID = "The actor died unexpectedly"


def broken(*_: object, **__: object) -> Any:
    raise OSError(errno.EIO, "Input/output error")


@pytest.fixture
def sweep(
    make_job: Callable[[Trial], TrialJob], make_trial: Callable[..., Trial]
) -> Sweep:
    listener = Mock()
    listener.expected.return_value = Peaks(memory=None, gpu_memory=None)
    far = Mock()
    far.ended.return_value = ""
    interruption = Mock(reason=None)
    workers = Workers(jobs=1, limits=Limits(n_deaths=2))
    return Sweep([make_job(make_trial())], workers, listener, interruption, far)


def give(sweep: Sweep) -> int:
    given = sweep.next()
    assert given is not None
    number: int = given["index"]
    return number


def test_a_trial_whose_folder_cannot_be_read_is_run_again(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = give(sweep)
    with monkeypatch.context() as disk:
        disk.setattr(TrialFolder, "state", broken)
        disk.setattr(TrialFolder, "read", broken)
        sweep.failed(number, SAID)
    assert not sweep.is_over
    assert give(sweep) == number


def test_a_trial_whose_failure_cannot_be_written_down_is_over_all_the_same(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep.failed(give(sweep), SAID)
    number = give(sweep)
    monkeypatch.setattr(TrialFolder, "fail", broken)
    with pytest.raises(OSError, match="Input/output"):
        sweep.failed(number, SAID)
    assert sweep.is_over


def test_a_trial_can_be_given_out_while_its_log_cannot_be_seen(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "stat", broken)
    number = give(sweep)
    monkeypatch.undo()
    sweep.ended(number)
    assert sweep.is_over


def test_that_no_worker_takes_up_a_trial_is_said_once(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = cast("Mock", sweep._listener)
    listener.hear.return_value = Wish()
    monkeypatch.setattr("runner.tune.steering._IDLE_S", 0.0)
    number = give(sweep)
    sweep.look()
    sweep.look()
    assert listener.idle.call_count == 1
    sweep.started(number, object())
    sweep.look()
    assert listener.idle.call_count == 1
    sweep.failed(number, SAID)  # its machine is gone, and there is no other
    give(sweep)
    sweep.look()
    assert listener.idle.call_count == 2
