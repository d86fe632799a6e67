"""Trials that start from another's weights, and those that judge them."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import h5py
import pandas as pd
import pytest
import torch

from film.config import Config
from film.errors import DataError
from runner.looking.addresses import named_trials
from runner.looking.overview import TrialReader, study_overview
from runner.planning.request import Choice, Request
from runner.store.importing import _computed_id
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from runner.tracking.content import content_of
from runner.working.trial import TrialJob, run_trial
from studies.trial import Trial

Film = Callable[..., tuple[int, str, str]]
Settle = Callable[..., TrialFolder]

HEAD = "study: tiny\nquestion: What then?\nseeds: 1\n"
STAGES = """
stages:
  Tuned on B:
    after: baseline
    learn_from: {split: valB, first: 16}
    judge_by: {split: valB, after: 16}
    settings: {train.max_epochs: 2}
    rows:
      eight: {train.samples: 8}
evaluate:
  A: val
  B: {split: valB, after: 16}
"""


@pytest.fixture(autouse=True)
def _keep_threads() -> None:
    torch.set_num_threads(1)


def asked(folder: Path, data: Path, config: Config) -> Request:
    """Ask for the stages of data with a split B: left and right changed places."""
    cogent = folder / "cogent"
    if not cogent.exists():
        copytree(data, cogent)
        (cogent / "valB.h5").write_bytes((data / "val.h5").read_bytes())
        with h5py.File(cogent / "valB.h5", "r+") as file:
            file["questions"][:, 1] = 9 - file["questions"][:, 1]
    before = Config().flat()
    settings = {k: v for k, v in config.flat().items() if before[k] != v}
    settings["train.learning_rate"] = 0.05
    study = folder / "tiny.yaml"
    study.write_text(HEAD + f"settings: {json.dumps(settings)}\n" + STAGES)
    return Request.of(str(study), Choice(), cogent, Workspace.at(folder / "store"))


@pytest.fixture
def request_(tmp_path: Path, data: Path, config: Config) -> Request:
    return asked(tmp_path, data, config)


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, data: Path, config: Config
) -> Request:
    """Run all stages, the first one by itself."""
    torch.set_num_threads(1)
    request = asked(tmp_path_factory.mktemp("finished"), data, config)
    list(run_trial(job_of(request.trials[0], request)))
    parent = request.workspace.trial(request.trials[0].trial_id)
    before = {path.name: path.stat().st_mtime_ns for path in parent.path.iterdir()}
    for trial in request.trials:
        list(run_trial(job_of(trial, request)))
    after = {path.name: path.stat().st_mtime_ns for path in parent.path.iterdir()}
    assert after == before  # nothing is trained again
    request.write_down()
    return request


def job_of(trial: Trial, request: Request) -> TrialJob:
    folders = request.workspace.trial
    return TrialJob(
        trial=trial,
        data=request.source.directory,
        folder=folders(trial.trial_id).path,
        parent=folders(trial.parent).path if trial.parent else None,
    )


def test_stages_run_one_after_the_other(finished: Request) -> None:
    records = finished.records()
    assert {one.state for one in records.values()} == {TrialState.FINISHED}
    epochs = {one.row: len(records[one.trial_id].epochs) for one in finished.trials}
    assert epochs == {
        "baseline": 3,
        "eight": 2,
        "baseline → A": 0,
        "eight → A": 0,
        "baseline → B": 0,
        "eight → B": 0,
    }
    assert finished.plan(records).to_run == ()


def test_an_evaluation_leaves_answers_and_an_accuracy_and_no_weights(
    finished: Request,
) -> None:
    trials = {one.row: one for one in finished.trials}
    folders = {
        row: finished.workspace.trial(one.trial_id) for row, one in trials.items()
    }
    said = {row: folder.summary() or {} for row, folder in folders.items()}
    # Judged by its own validation, a run is as good as it was; the tuned one likewise.
    for row, same in (("baseline → A", "baseline"), ("eight → B", "eight")):
        assert said[row]["best_val_accuracy"] == said[same]["best_val_accuracy"]
        assert said[row]["best_epoch"] == said[same]["best_epoch"]
    names = {path.name for path in folders["baseline → B"].path.iterdir()}
    assert "predictions.parquet" in names
    assert not names & {"best.pt", "checkpoint.pt", "metrics.jsonl"}
    answers = pd.read_parquet(folders["baseline → B"].path / "predictions.parquet")
    assert len(answers) == 48 - 16
    assert answers["correct"].mean() == said["baseline → B"]["best_val_accuracy"]


def test_what_starts_from_an_unfinished_trial_fails_and_says_so(
    request_: Request,
) -> None:
    child = request_.trials[1]
    with pytest.raises(DataError, match=f"{child.parent} that this one starts from"):
        list(run_trial(job_of(child, request_)))
    folder = request_.workspace.trial(child.trial_id)
    assert folder.state() is TrialState.FAILED
    assert "run it first" in folder.log.read_text()


def test_a_part_that_is_not_there_is_refused(finished: Request) -> None:
    one = next(trial for trial in finished.trials if trial.row == "baseline → B")
    judge = replace(one.splits.judge, after=48)
    other = replace(one, splits=replace(one.splits, judge=judge))
    with pytest.raises(DataError, match="'valB, after 48' is wanted, and valB has 48"):
        list(run_trial(job_of(other, finished)))


def test_a_child_of_data_that_changed_is_another_trial(
    request_: Request, tmp_path: Path, data: Path, config: Config
) -> None:
    with h5py.File(tmp_path / "cogent" / "valB.h5", "r+") as file:
        file["answers"][0] = 9 - file["answers"][0]
    before = {one.row: one.trial_id for one in request_.trials}
    after = {one.row: one.trial_id for one in asked(tmp_path, data, config).trials}
    same = {row for row, trial_id in after.items() if before[row] == trial_id}
    assert same == {"baseline", "baseline → A"}


def test_what_a_folder_says_of_a_child_names_it(request_: Request) -> None:
    launch = request_.write_down()
    for trial in request_.trials:
        folder = request_.workspace.trial(trial.trial_id)
        folder.describe(trial)
        assert _computed_id(folder.description(), launch) == trial.trial_id


def test_mlflow_is_told_what_a_trial_starts_from(finished: Request) -> None:
    tags = {}
    for trial in finished.trials:
        folder = finished.workspace.trial(trial.trial_id)
        tags[trial.row] = content_of(folder, folder.read()).tags
    parent = finished.trials[0].trial_id
    assert "film.parent" not in tags["baseline"]
    assert tags["eight"]["film.parent"] == parent
    assert tags["eight"]["film.learns_from"] == "valB, first 16"
    assert tags["baseline → B"]["film.parent"] == parent
    assert tags["baseline → B"]["film.judged_by"] == "valB, after 16"
    assert "film.learns_from" not in tags["baseline → B"]


def test_a_launch_without_data_at_hand_knows_what_they_were_called(
    request_: Request,
) -> None:
    request_.write_down()
    again = Request.of(
        request_.file, Choice(), None, request_.workspace, needs_data=False
    )
    assert [one.trial_id for one in again.trials] == [
        one.trial_id for one in request_.trials
    ]


def test_children_of_a_failed_trial_stay_queued_with_a_line_why(
    request_: Request, settle: Settle
) -> None:
    launch = request_.write_down()
    parent, child = request_.trials[0], request_.trials[1]
    request_.workspace.trial(child.trial_id).describe(child)
    reader = TrialReader(request_.workspace)
    overview = study_overview(launch, request_.workspace, reader)
    assert overview.bad == ()
    settle(parent, TrialState.DIVERGED)
    overview = study_overview(launch, request_.workspace, reader)
    said = {one.trial.row: one for one in overview.bad}
    assert said["eight"].state is TrialState.QUEUED
    assert said["eight"].error == "it starts from baseline · seed 0, which diverged"
    plan = request_.plan(request_.records())
    assert plan.to_run == ()
    assert plan.summary() == (
        "6 trials: 0 done, 1 diverged, 5 waiting for what they start from, 0 to run"
    )


def test_what_is_chosen_comes_with_what_it_starts_from(request_: Request) -> None:
    def rows(**choice: list[str]) -> list[str]:
        some = Request.of(
            request_.file,
            Choice(**choice),
            request_.source.directory,
            request_.workspace,
        )
        return [one.row for one in some.trials]

    whole = [one.row for one in request_.trials]
    assert rows(only=["eight"]) == whole
    assert rows(only=["eight → B"]) == [
        "baseline",
        "eight",
        "baseline → A",
        "baseline → B",
        "eight → B",
    ]
    assert rows(exclude=["eight"]) == ["baseline", "baseline → A", "baseline → B"]
    assert rows(exclude=["* → *"]) == ["baseline", "eight"]


def test_a_run_answers_a_split_line_by_line(
    finished: Request, film: Film, tmp_path: Path
) -> None:
    store, data = finished.workspace.root, finished.source.directory
    flags = "--store", store, "--data", data, "--device", "cpu"
    out = tmp_path / "new" / "answers.txt"
    code, said, _ = film("predict", "eight", "--split", "valB", "--out", out, *flags)
    assert code == 0
    assert said.startswith(f"48 answers of eight · seed 0 in {out}\n")
    answers = out.read_text().splitlines()
    assert len(answers) == 48
    assert set(answers) <= {"yes", "no"}
    code, _, error = film("predict", "eight → B", "--split", "val", *flags)
    assert code == 2
    assert "judges the weights of another run" in error
    code, _, error = film("predict", "eight", "--split", "nowhere", *flags)
    assert code == 2
    assert "has no split 'nowhere'" in error


def test_every_named_trial_of_a_staged_study_has_an_address(request_: Request) -> None:
    addresses = [one.address for one in named_trials(request_.write_down())]
    assert "eight → B@0" in addresses
    assert len(set(addresses)) == len(request_.trials)
