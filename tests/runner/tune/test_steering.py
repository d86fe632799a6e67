"""A sweep comes to its end whatever a disk does to what is told of its trials."""

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest

from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
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


@pytest.fixture
def staged(
    make_job: Callable[[Trial], TrialJob], make_trial: Callable[..., Trial]
) -> Sweep:
    """Give a sweep of a trial and another one that starts from its weights."""
    parent = make_job(make_trial())
    child = make_trial("child")
    child = replace(child, parent=parent.trial.trial_id)
    listener, far = Mock(), Mock()
    listener.expected.return_value = Peaks(memory=None, gpu_memory=None)
    far.ended.return_value = ""
    workers = Workers(jobs=2, limits=Limits(n_deaths=1))
    jobs = [parent, make_job(child)]
    return Sweep(jobs, workers, listener, Mock(reason=None), far)


def test_what_starts_from_another_is_given_out_when_that_is_finished(
    staged: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = give(staged)
    assert staged.next() is None
    monkeypatch.setattr(TrialFolder, "state", lambda _: TrialState.FINISHED)
    staged.ended(number)
    assert give(staged) == 1


def test_what_starts_from_a_failed_one_is_said_to_wait_and_ends_the_sweep(
    staged: Sweep,
) -> None:
    number = give(staged)
    staged.failed(number, SAID)
    assert staged.is_over
    listener = cast("Mock", staged._listener)
    (waits,) = listener.waits.call_args_list
    assert waits.args == (
        staged.jobs[1].trial.trial_id,
        "is not started: baseline · seed 0, which it starts from, is not finished",
    )


def test_a_child_waits_for_no_one_for_ever_where_the_disk_is_broken(
    staged: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = give(staged)
    monkeypatch.setattr(TrialFolder, "fail_unless_held", broken)
    with pytest.raises(OSError, match="Input/output"):
        staged.failed(number, SAID)
    assert staged.is_over


def test_a_worker_that_stands_still_is_ended_and_its_trial_goes_on(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = cast("Mock", sweep._listener)
    listener.hear.return_value = Wish()
    ended: list[object] = []
    monkeypatch.setattr(
        "runner.tune.steering.end_worker", lambda actor, *_, **__: ended.append(actor)
    )
    number = give(sweep)
    sweep.started(number, "actor")
    watch = Mock(found_s=130.0)
    watch.look.side_effect = [False, True]
    sweep._watches[number] = watch
    sweep.look()
    assert ended == []
    sweep.look()
    assert ended == ["actor"]
    sweep.failed(number, SAID)
    assert listener.died.call_args.args == (
        sweep.jobs[number].trial.trial_id,
        "its process stood still as a whole for 2:10 and was ended; it begins again",
    )
    assert give(sweep) == number
    sweep.look()  # nobody has taken it up yet
    assert ended == ["actor"]


def test_what_a_worker_reports_counts_as_a_sign_of_life(sweep: Sweep) -> None:
    number = give(sweep)
    sweep.started(number, "actor")
    sweep.said(number, {"has_begun": True, "pid": 7, "node_ip": "10.0.0.1"})
    watch = sweep._watches[number]
    assert (watch.pid, watch.node_ip) == (7, "10.0.0.1")
