"""What is launched is what is wanted minus what is recorded."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from film.config import ImageInput
from runner.errors import LaunchError
from runner.plan import (
    LaunchPlan,
    Past,
    RowPlan,
    choose_rows,
    choose_seeds,
    find_inert,
    plan_launch,
    plan_rows,
)
from runner.planning.request import Choice, LeftOver, Request
from runner.store.record import TrialState
from runner.store.workspace import Workspace
from studies.study import Study
from studies.study_file import read_study
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
    assert plan_launch([trial], states, retry={trial.trial_id}).to_run == (trial,)


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


def rows_of(
    trials: Sequence[Trial], past: Mapping[str, Past]
) -> tuple[LaunchPlan, list[RowPlan]]:
    states = {trial_id: its.state for trial_id, its in past.items()}
    plan = plan_launch(trials, states)
    return plan, list(plan_rows(trials, plan, past))


def test_a_row_says_what_is_done_goes_on_or_is_new(
    make_trial: Callable[..., Trial],
) -> None:
    trials = [make_trial(seed=seed) for seed in range(6)]
    states = [
        Past(state=TrialState.FINISHED, epochs=3, study="tiny", row="baseline"),
        Past(state=TrialState.KILLED, epochs=2),
        Past(state=TrialState.FAILED, epochs=1),
        Past(state=TrialState.FAILED),
        Past(state=TrialState.DIVERGED, epochs=1),
    ]
    ids = [trial.trial_id for trial in trials]
    _, [row] = rows_of(trials, dict(zip(ids, states, strict=False)))
    assert (row.runs, row.done, row.diverged) == (6, 1, 1)
    assert (row.to_go_on, row.epochs_there, row.new) == (2, 3, 2)
    assert row.failed == 2
    assert row.done_as == {}


def test_what_another_study_or_name_has_done_is_credited(
    make_trial: Callable[..., Trial],
) -> None:
    trials = [make_trial(seed=seed) for seed in range(4)]
    names = [("tiny", "baseline"), ("tiny", "the old name"), ("other", "x"), ("", "x")]
    past = {
        trial.trial_id: Past(state=TrialState.FINISHED, epochs=3, study=study, row=row)
        for trial, (study, row) in zip(trials, names, strict=True)
    }
    _, [row] = rows_of(trials, past)
    assert row.done == 4
    assert row.done_as == dict.fromkeys(names[1:], 1)


def test_settings_that_do_nothing_are_named_with_the_row(tmp_path: Path) -> None:
    path = tmp_path / "inert.yaml"
    path.write_text(
        "study: inert\nquestion: What does nothing?\n"
        "settings: {model.generator.hidden: 8, model.norm_groups: 4}\n"
        "groups:\n  Rows:\n"
        "    deaf: {model.film.blocks: none, model.film.gamma: one}\n"
        "    plain: {model.residual: false}\n"
    )
    found = {
        (one.rows, one.settings, one.is_own)
        for one in find_inert(read_study(path).rows)
    }
    assert found == {
        (("baseline", "deaf", "plain"), ("model.norm_groups",), False),
        (("deaf",), ("model.generator.hidden",), False),
        (("deaf",), ("model.film.gamma",), True),
    }


def record(workspace: Workspace, trials: Iterable[Trial]) -> None:
    for trial in trials:
        workspace.trial(trial.trial_id).describe(trial)


def test_rows_that_are_no_longer_wanted_are_named_with_the_reason(
    study_file: Path, data: Path, workspace: Workspace
) -> None:
    def ask(**choice: int) -> Request:
        return Request.of(str(study_file), Choice(**choice), data, workspace)

    record(workspace, ask(n_seeds=3).trials)
    assert ask().left_over() == ()  # a third seed is the study's all the same
    other_data = ask().study.trials(dict.fromkeys(ImageInput, "other"), seeds=(0,))
    record(workspace, other_data[:1])
    edited = study_file.read_text().replace("zero}", "zero, model.width: 8}")
    study_file.write_text(edited.replace("γ := 1", "γ = 1, with another setting"))
    study_file.write_text(study_file.read_text().replace("one}", "tanh}"))
    assert set(ask().left_over()) == {
        LeftOver(row="β := 0", runs=3, why="as it was before the study was edited"),
        LeftOver(row="γ := 1", runs=3, why="a row that the study no longer has"),
        LeftOver(row="baseline", runs=1, why="of other data (other)"),
    }
    assert ask(n_seeds=1).left_over() == ask().left_over()


def test_a_row_that_was_renamed_is_not_left_over(
    study_file: Path, data: Path, workspace: Workspace
) -> None:
    rest = (Choice(), data, workspace)
    record(workspace, Request.of(str(study_file), *rest).trials)
    study_file.write_text(study_file.read_text().replace("γ := 1", "no scale"))
    request = Request.of(str(study_file), *rest)
    assert request.left_over() == ()
    assert {its.row for its in request.past().values()} == {
        "baseline",
        "β := 0",
        "γ := 1",
    }


def test_a_plan_of_a_thousand_recorded_trials_takes_a_moment(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)  # of 3,000 files: half a minute
    rows = "\n".join(
        f"    row {number}: {{model.film.gamma_baseline: {2 + number / 1000}}}"
        for number in range(99)
    )
    path = tmp_path / "large.yaml"
    path.write_text(
        "study: large\nquestion: How long does a plan take?\nworld: tiny\n"
        f"seeds: 10\ngroups:\n  Rows:\n{rows}\n"
    )
    request = Request.of(str(path), Choice(), None, workspace)
    record(workspace, request.trials)
    for trial in request.trials:
        workspace.trial(trial.trial_id).finish({"best_val_accuracy": 0.5, "epochs": 80})
    start = time.process_time()
    request = Request.of(str(path), Choice(), None, workspace)
    past = request.past()
    plan, rows_planned = rows_of(request.trials, past)
    assert request.left_over() == ()
    spent = time.process_time() - start
    assert len(plan.done) == 1000
    assert sum(row.done for row in rows_planned) == 1000
    assert spent < 2  # 0.3 s on a quiet machine


def test_a_child_is_launched_where_its_parent_is_finished_or_launched_too(
    make_trial: Callable[..., Trial],
) -> None:
    parent = make_trial()
    child = replace(make_trial("child"), parent=parent.trial_id)
    for state in (TrialState.QUEUED, TrialState.FINISHED, TrialState.FAILED):
        plan = plan_launch([parent, child], {parent.trial_id: state})
        assert child in plan.to_run
    plan = plan_launch([parent, child], {parent.trial_id: TrialState.DIVERGED})
    assert plan.to_run == ()
    assert plan.held_up == (child,)
    assert plan.n_trials == 2


def test_retrying_a_child_alone_waits_for_its_parent(
    make_trial: Callable[..., Trial],
) -> None:
    parent = make_trial()
    child = replace(make_trial("child"), parent=parent.trial_id)
    plan = plan_launch([parent, child], {}, retry={child.trial_id})
    assert plan.left == (parent,)
    assert plan.held_up == (child,)
