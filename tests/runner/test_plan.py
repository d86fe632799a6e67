"""What is launched is what is wanted minus what is recorded."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runner.errors import LaunchError
from runner.plan import choose_rows, choose_seeds, plan_launch
from runner.store.record import TrialState
from studies.study import Study, read_study
from studies.trial import Trial


@pytest.fixture
def study(study_file: Path) -> Study:
    return read_study(study_file)


@pytest.mark.parametrize(
    ("state", "runs"),
    [
        (TrialState.QUEUED, True),
        (TrialState.KILLED, True),
        (TrialState.FAILED, True),
        (TrialState.RUNNING, True),
        (TrialState.DIVERGED, False),
        (TrialState.FINISHED, False),
    ],
)
def test_only_what_is_not_settled_is_launched(
    state: TrialState, *, runs: bool, make_trial: Callable[..., Trial]
) -> None:
    trial = make_trial()
    plan = plan_launch([trial], {trial.trial_id: state})
    assert bool(plan.to_run) is runs
    assert plan.n_trials == 1


def test_a_diverged_trial_runs_again_on_demand(
    make_trial: Callable[..., Trial],
) -> None:
    trial = make_trial()
    states = {trial.trial_id: TrialState.DIVERGED}
    assert plan_launch([trial], states, retry_diverged=True).to_run == (trial,)


def test_one_computation_is_launched_once_and_in_order(
    make_trial: Callable[..., Trial],
) -> None:
    second, first = make_trial(seed=1), make_trial(seed=0)
    plan = plan_launch([second, first, make_trial(seed=1)], {})
    assert [trial.seed for trial in plan.to_run] == [1, 0]


def test_the_plan_is_one_line(make_trial: Callable[..., Trial]) -> None:
    trials = [make_trial(seed=seed) for seed in range(4)]
    states = {
        trials[0].trial_id: TrialState.FINISHED,
        trials[1].trial_id: TrialState.DIVERGED,
    }
    line = plan_launch(trials, states).summary("2 workers")
    assert line == "4 trials: 1 done, 1 diverged, 2 to run on 2 workers"
    done = {trial.trial_id: TrialState.FINISHED for trial in trials[:1]}
    assert plan_launch(trials[:1], done).summary("9 workers") == (
        "1 trial: 1 done, 0 to run"
    )


def test_patterns_choose_rows_and_the_baseline_stays(study: Study) -> None:
    assert choose_rows(study, [], []) == ("baseline", "β := 0", "γ := 1")
    assert choose_rows(study, ["γ*"], []) == ("baseline", "γ := 1")
    assert choose_rows(study, [], ["*:=*"]) == ("baseline",)
    assert choose_rows(study, ["*"], ["β*"]) == ("baseline", "γ := 1")


def test_a_pattern_without_a_row_is_refused_with_the_rows(study: Study) -> None:
    message = r"no row matches 'β := 1'; did you mean 'γ := 1'\? \(rows: baseline, .*\)"
    with pytest.raises(LaunchError, match=message):
        choose_rows(study, [], ["β := 1"])


@pytest.mark.parametrize(
    ("count", "seeds"), [(None, (0, 1)), (1, (0,)), (2, (0, 1)), (4, (0, 1, 2, 3))]
)
def test_more_seeds_begin_with_the_study_s_own(
    study: Study, count: int | None, seeds: tuple[int, ...]
) -> None:
    assert choose_seeds(study, count) == seeds
