"""A store's file is read as MLflow's client reads it, and much sooner."""

import math
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest
from mlflow.tracking import MlflowClient

from reports.load import load_results, runs
from reports.load.addresses import sqlite_file
from reports.load.database import read_runs
from reports.load.run import Run
from studies.study import Study
from studies.trial import Trial


class Store(Protocol):
    uri: str
    study: Study
    trials: tuple[Trial, ...]
    client: MlflowClient


@pytest.fixture
def path(store: Store) -> Path:
    found = sqlite_file(store.uri)
    assert found is not None
    return found


def by_id(found: list[Run]) -> dict[str, Run]:
    return {run.run_id: run for run in found}


def test_both_ways_give_the_same_runs(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {trial.trial_id: trial.study for trial in store.trials}
    direct = (
        runs.runs_of_trials(wanted, store.uri),
        runs.runs_of_study("tiny", store.uri),
    )
    monkeypatch.setattr(runs, "sqlite_file", lambda _: None)
    asked = (
        runs.runs_of_trials(wanted, store.uri),
        runs.runs_of_study("tiny", store.uri),
    )
    for mine, theirs in zip(direct, asked, strict=True):
        assert len(mine) == 9
        assert by_id(mine) == by_id(theirs)


def test_deleted_runs_and_those_of_studies_are_left_out(
    store: Store, path: Path
) -> None:
    experiment = store.client.get_experiment_by_name("film").experiment_id
    trial = {"film.kind": "trial", "film.trial_id": "gone"}
    gone = store.client.create_run(experiment, tags=trial).info.run_id
    assert [run.run_id for run in read_runs(path, "film.trial_id", ["gone"])] == [gone]
    store.client.delete_run(gone)
    assert read_runs(path, "film.trial_id", ["gone"]) == []
    study = {"film.kind": "study", "film.trial_id": "gone"}
    summary = store.client.create_run(experiment, tags=study).info.run_id
    assert read_runs(path, "film.trial_id", ["gone"]) == []
    store.client.delete_run(summary)


def test_a_metric_that_is_no_number_is_none(store: Store, path: Path) -> None:
    experiment = store.client.get_experiment_by_name("film").experiment_id
    tags = {"film.kind": "trial", "film.trial_id": "odd"}
    run = store.client.create_run(experiment, tags=tags).info.run_id
    store.client.log_metric(run, "loss", math.nan)
    store.client.log_metric(run, "other", 0.5)
    try:
        (read,) = read_runs(path, "film.trial_id", ["odd"])
    finally:
        store.client.delete_run(run)
    assert math.isnan(read.metrics["loss"])
    assert read.metrics["other"] == 0.5


def test_more_trials_than_one_question_takes_are_read(path: Path) -> None:
    many = [f"no-{number}" for number in range(1200)]
    known = read_runs(path, "film.study.tiny")
    found = read_runs(path, "film.trial_id", [*many, known[0].trial_id])
    assert found == [known[0]]


def test_a_file_with_other_tables_is_left_to_mlflow(
    store: Store, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE runs (id TEXT)")
    with pytest.raises(sqlite3.Error):
        read_runs(other, "film.trial_id", ["0"])
    read = by_id(read_runs(path, "film.study.tiny"))

    def no_tables(*_: object) -> list[Run]:
        raise sqlite3.OperationalError("no such table: latest_metrics")

    monkeypatch.setattr(runs, "read_runs", no_tables)
    assert by_id(runs.runs_of_study("tiny", store.uri)) == read


def test_a_local_store_is_read_without_importing_mlflow(
    store: Store, path: Path
) -> None:
    code = (
        "import sys\n"
        "from reports.load import load_results, recorded_trials\n"
        "from reports.tables.source import RecordedTrial\n"
        f"uri = {store.uri!r}\n"
        "names = recorded_trials('tiny', uri)['trial_id']\n"
        "trials = [RecordedTrial('', '', 0, name, 'tiny') for name in names]\n"
        "print(len(load_results(trials, uri).answers), 'mlflow' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    n_answers = len(load_results(store.trials, store.uri).answers)
    assert done.stdout.split() == [str(n_answers), "False"]
    assert path.is_file()
