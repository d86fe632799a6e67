"""What a study no longer wants is left alone, and named."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runner.request import Choice, Request
from runner.store.launches import Launch, read_launch
from runner.store.record import TrialFolder, TrialState
from runner.store.workspace import Workspace
from runner.unwanted import Unwanted, find_unwanted, runs_by_row, said_of_rows
from studies.trial import Trial

Launched = Callable[..., list[Trial]]
Settle = Callable[..., TrialFolder]


def launch_of(workspace: Workspace) -> Launch:
    launch = read_launch(workspace.study("tiny"))
    assert launch is not None
    return launch


@pytest.fixture
def _recorded(launch_tiny: Launched, settle: Settle) -> None:
    for trial in launch_tiny(2):
        settle(trial, TrialState.FINISHED, epochs=1)


@pytest.mark.usefixtures("_recorded")
def test_where_all_is_wanted_nothing_is_named(workspace: Workspace) -> None:
    assert find_unwanted(launch_of(workspace), workspace) == Unwanted()


@pytest.mark.usefixtures("_recorded")
def test_rows_that_an_edited_file_dropped_are_named_before_and_after_the_launch(
    workspace: Workspace, study_file: Path, data: Path
) -> None:
    edited = study_file.read_text().replace("zero}", "zero, model.width: 8}")
    study_file.write_text(edited)
    now = find_unwanted(launch_of(workspace), workspace)
    assert now == Unwanted(by_file={"β := 0": 2})
    request = Request.of(str(study_file), Choice(), data, workspace)
    assert runs_by_row(request.withdraw()) == {"β := 0": 2}
    request.write_down()
    now = find_unwanted(launch_of(workspace), workspace)
    assert now == Unwanted(by_study={"β := 0": 2})
    assert len(workspace.recorded_trials()) == 6


@pytest.mark.usefixtures("_recorded")
def test_rows_that_a_launch_of_a_part_left_out_are_still_the_study_s(
    workspace: Workspace, study_file: Path, data: Path
) -> None:
    part = Choice(only=("γ*",), n_seeds=1)
    Request.of(str(study_file), part, data, workspace).write_down()
    assert find_unwanted(launch_of(workspace), workspace) == Unwanted(
        by_launch={"baseline": 1, "β := 0": 2, "γ := 1": 1}
    )


@pytest.mark.usefixtures("_recorded")
@pytest.mark.parametrize("content", [None, "study: [", "study: tiny\nquestion: Hm?\n"])
def test_a_file_that_is_gone_or_being_written_says_nothing(
    workspace: Workspace, study_file: Path, content: str | None
) -> None:
    study_file.unlink()
    if content is not None:
        study_file.write_text(content)
    assert find_unwanted(launch_of(workspace), workspace) == Unwanted()


def test_trials_of_others_are_not_named(
    launch_tiny: Launched,
    settle: Settle,
    make_trial: Callable[..., Trial],
    workspace: Workspace,
) -> None:
    launch_tiny(1)
    for study in ("", "other"):
        other = make_trial(study=study, seed=9, train__max_epochs=8)
        settle(other, TrialState.FINISHED, epochs=1)
    assert find_unwanted(launch_of(workspace), workspace) == Unwanted()


def test_counts_are_said_in_a_line() -> None:
    assert said_of_rows({"β := 0": 2, "γ := 1": 1}) == "β := 0 (2 runs), γ := 1 (1 run)"
