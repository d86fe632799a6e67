"""What failed or diverged is run again, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runner.errors import LaunchError
from runner.plan import plan_launch
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from runner.sweeping.retrying import Retry, find_retry, launched_request
from studies.trial import Trial

Film = Callable[..., tuple[int, str, str]]
Launched = Callable[..., list[Trial]]
Settle = Callable[..., TrialFolder]


@pytest.fixture
def trials(launch_tiny: Launched, settle: Settle) -> list[Trial]:
    some = launch_tiny(2)
    settle(some[0], TrialState.FINISHED, epochs=3)
    settle(some[1], TrialState.FAILED, epochs=2)
    settle(some[2], TrialState.DIVERGED, epochs=1)
    settle(some[3], TrialState.KILLED, epochs=1)
    settle(some[4], TrialState.FAILED)
    return some  # the last one was never started


def ids(*trials: Trial) -> frozenset[str]:
    return frozenset(trial.trial_id for trial in trials)


def test_what_failed_or_diverged_is_found(
    trials: list[Trial], workspace: Workspace
) -> None:
    found = find_retry("tiny", [], workspace, from_start=False)
    assert found.trial_ids == ids(trials[1], trials[2], trials[4])
    found = find_retry("tiny", ["β := 0@0", "γ*"], workspace, from_start=False)
    assert found.trial_ids == ids(trials[1], trials[2])
    found = find_retry("tiny", ["baseline"], workspace, from_start=False)
    assert found.trial_ids == frozenset()
    with pytest.raises(LaunchError, match="no row matches 'zzz'"):
        find_retry("tiny", ["zzz"], workspace, from_start=False)


def test_a_plan_of_it_leaves_all_else_alone(trials: list[Trial]) -> None:
    states = {
        trials[0].trial_id: TrialState.FINISHED,
        trials[1].trial_id: TrialState.FAILED,
        trials[2].trial_id: TrialState.DIVERGED,
        trials[3].trial_id: TrialState.KILLED,
    }
    plan = plan_launch(trials, states, retry=ids(trials[1], trials[2]))
    assert plan.to_run == (trials[1], trials[2])
    assert plan.done == (trials[0],)
    assert plan.summary() == "6 trials: 1 done, 3 left alone, 2 to run"
    plan = plan_launch(trials, states, retry=())
    assert plan.to_run == ()
    assert plan.summary() == "6 trials: 1 done, 1 diverged, 4 left alone, 0 to run"


def test_what_failed_begins_anew_where_that_is_asked_for(
    trials: list[Trial], workspace: Workspace
) -> None:
    failed = workspace.trial(trials[1].trial_id)
    Retry(trial_ids=ids(trials[1])).prepare(workspace)
    assert len(failed.read().epochs) == 2
    Retry(trial_ids=ids(trials[1]), from_start=True).prepare(workspace)
    record = failed.read()
    assert (len(record.epochs), record.state) == (0, TrialState.FAILED)
    assert record.generation == 1


def test_what_was_finished_meanwhile_is_kept(
    trials: list[Trial], workspace: Workspace
) -> None:
    Retry(trial_ids=ids(trials[0]), from_start=True).prepare(workspace)
    assert workspace.trial(trials[0].trial_id).state() is TrialState.FINISHED


def test_just_what_was_launched_is_asked_for_by_name_or_file(
    trials: list[Trial], workspace: Workspace, study_file: Path, data: Path
) -> None:
    for study in ("tiny", str(study_file)):
        request = launched_request(study, data, workspace)
        assert {one.trial_id for one in request.trials} == ids(*trials)
        assert not request.is_whole  # or it would let go of other seeds


def test_an_edited_or_lost_study_is_not_retried(
    trials: list[Trial], workspace: Workspace, study_file: Path, data: Path
) -> None:
    assert trials
    study_file.write_text(
        study_file.read_text().replace("zero}", "zero, model.width: 8}")
    )
    with pytest.raises(LaunchError, match="not as it was launched: `film run` it"):
        launched_request("tiny", data, workspace)
    study_file.unlink()
    with pytest.raises(LaunchError, match="is gone: give the file's path"):
        launched_request("tiny", data, workspace)


def test_the_command_says_what_it_would_run(
    trials: list[Trial], film: Film, workspace: Workspace, data: Path
) -> None:
    assert trials
    words = ("--store", workspace.root, "--data", data, "-n")
    code, text, _ = film("retry", "tiny", *words)
    assert code == 0
    assert "6 trials: 1 done, 2 left alone, 3 to run on " in text
    code, text, error = film("retry", "tiny", "baseline@0", *words)
    assert code == 0
    assert "nothing that was asked for failed or diverged" in error
    assert "6 trials: 1 done, 1 diverged, 4 left alone, 0 to run" in text
    code, _, error = film("retry", "tiny", "zzz", *words)
    assert code == 2
    assert "no row matches 'zzz'" in error
