"""What a study no longer wants is left alone, and named."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runner.planning.request import Choice, LeftOver, Request
from runner.planning.unwanted import find_left_over, said_of
from runner.store.files import read_json, write_json
from runner.store.garbage import Kind, find_garbage
from runner.store.launches import Launch, read_launch
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
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
    assert find_left_over(launch_of(workspace), workspace) == ()


@pytest.mark.usefixtures("_recorded")
def test_rows_that_an_edited_file_dropped_are_named_before_and_after_the_launch(
    workspace: Workspace, study_file: Path, data: Path
) -> None:
    edited = study_file.read_text().replace("zero}", "zero, model.width: 8}")
    study_file.write_text(edited)
    (only,) = find_left_over(launch_of(workspace), workspace)
    assert (only.row, only.runs) == ("β := 0", 2)
    request = Request.of(str(study_file), Choice(), data, workspace)
    assert len(request.withdraw()) == 2
    request.write_down()
    assert find_left_over(launch_of(workspace), workspace) == (only,)
    assert len(workspace.recorded_trials()) == 6


@pytest.mark.usefixtures("_recorded")
def test_rows_that_a_launch_of_a_part_left_out_are_still_the_study_s(
    workspace: Workspace, study_file: Path, data: Path
) -> None:
    part = Choice(only=("γ*",), n_seeds=1)
    Request.of(str(study_file), part, data, workspace).write_down()
    assert find_left_over(launch_of(workspace), workspace) == ()


@pytest.mark.usefixtures("_recorded")
def test_rows_that_an_imported_study_dropped_are_named(
    workspace: Workspace, study_file: Path
) -> None:
    home = workspace.study("tiny")
    said = read_json(home / "launch.json")
    write_json(home / "launch.json", {**said, "file": ""})
    text = study_file.read_text().replace("zero}", "zero, model.width: 8}")
    (home / "study.yaml").write_text(text)
    study_file.unlink()
    (only,) = find_left_over(launch_of(workspace), workspace)
    assert (only.row, only.runs) == ("β := 0", 2)


def test_rows_that_another_study_wanted_first_are_named_as_here(
    workspace: Workspace,
    study_file: Path,
    data: Path,
    launch_tiny: Launched,
    settle: Settle,
) -> None:
    for trial in launch_tiny(1):
        settle(replace(trial, study="other", row="elsewhere"), TrialState.FINISHED)
        workspace.trial(trial.trial_id).describe(trial)
    edited = study_file.read_text().replace("zero}", "zero, model.width: 8}")
    study_file.write_text(edited)
    request = Request.of(str(study_file), Choice(), data, workspace)
    (only,) = request.left_over()
    assert (only.row, only.runs) == ("β := 0", 1)
    (folder,) = request.withdraw()
    assert set(folder.wanted_by()) == {"other"}


def test_a_launch_of_fewer_seeds_disowns_none(
    workspace: Workspace,
    study_file: Path,
    data: Path,
    launch_tiny: Launched,
    settle: Settle,
) -> None:
    launched = launch_tiny(3)  # with --seeds
    for trial in launched:
        settle(trial, TrialState.FINISHED, epochs=1)
    request = Request.of(str(study_file), Choice(), data, workspace)
    assert request.is_whole
    assert len(request.trials) < len(launched)
    assert request.left_over() == ()
    assert request.withdraw() == []
    request.write_down()
    assert find_garbage(workspace, [Kind.UNWANTED]) == []
    labelled = [workspace.trial(trial.trial_id).wanted_by() for trial in launched]
    assert all("tiny" in labels for labels in labelled)


@pytest.mark.usefixtures("_recorded")
@pytest.mark.parametrize("content", [None, "study: [", "study: tiny\nquestion: Hm?\n"])
def test_a_file_that_is_gone_or_being_written_says_nothing(
    workspace: Workspace, study_file: Path, content: str | None
) -> None:
    study_file.unlink()
    if content is not None:
        study_file.write_text(content)
    assert find_left_over(launch_of(workspace), workspace) == ()


def test_what_is_left_alone_is_one_line() -> None:
    two = [
        LeftOver(row="β := 0", runs=2, why="it was edited"),
        LeftOver(row="γ := 1", runs=1, why="it is gone"),
    ]
    assert said_of(two) == (
        "recorded and not wanted, so left alone: "
        "β := 0 (2 runs, it was edited); γ := 1 (1 run, it is gone)"
    )
