"""Every wanted trial comes back from MLflow, finished or not; nothing is made up."""

import subprocess
import sys
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from mlflow.tracking import MlflowClient

from reports.errors import ReportError
from reports.load import load_results
from reports.results import Results
from studies.study import Study
from studies.trial import Trial


class Store(Protocol):
    uri: str
    study: Study
    trials: tuple[Trial, ...]
    client: MlflowClient


@pytest.fixture(scope="module")
def results(store: Store) -> Results:
    return load_results(store.trials, store.uri)


def cell(results: Results, row: str, seed: int, column: str) -> object:
    trials = results.trials
    return trials.loc[(trials["row"] == row) & (trials["seed"] == seed), column].item()


def test_there_is_one_row_per_wanted_trial_in_the_study_s_order(
    store: Store, results: Results
) -> None:
    assert list(results.trials["trial_id"]) == [t.trial_id for t in store.trials]
    assert list(results.trials["row"]) == [t.row for t in store.trials]
    assert list(results.trials["is_baseline"]) == [True, *[False] * 4] * 2


@pytest.mark.parametrize(
    ("row", "seed", "state"),
    [
        ("β := 0", 0, "FINISHED"),
        ("β := 0", 1, "FAILED"),
        ("no residual connection", 0, "MISSING"),
        ("no residual connection", 1, "DIVERGED"),
    ],
)
def test_the_state_of_every_trial_is_kept(
    results: Results, row: str, seed: int, state: str
) -> None:
    assert cell(results, row, seed, "state") == state
    assert np.isnan(cell(results, row, seed, "val_accuracy")) == (state != "FINISHED")


def test_accuracies_are_those_recorded(results: Results) -> None:
    assert cell(results, "γ := 1", 1, "val_accuracy") == pytest.approx(0.87)
    assert cell(results, "γ := 1", 1, "best_epoch") == 3
    assert cell(results, "γ := 1", 1, "wall_time_s") == 90
    types = [name for name in results.trials if name.startswith("val_accuracy_")]
    assert types == [
        "val_accuracy_count",
        "val_accuracy_exist",
        "val_accuracy_compare_numbers",
        "val_accuracy_query_attribute",
        "val_accuracy_compare_attribute",
    ]


def test_answers_are_put_back_into_the_order_of_the_questions(
    results: Results,
) -> None:
    answers = results.answers[str(cell(results, "γ := 1", 0, "trial_id"))]
    assert list(answers.questions.scenes) == sorted(answers.questions.scenes)
    assert answers.correct.mean() == pytest.approx(0.85)
    of_type = answers.questions.types == "exist"
    assert answers.correct[of_type].mean() == pytest.approx(
        cell(results, "γ := 1", 0, "val_accuracy_exist")
    )


def test_answers_after_every_epoch_are_read_where_they_are_asked_for(
    store: Store, results: Results
) -> None:
    trial = next(t for t in store.trials if (t.row, t.seed) == ("γ := 1", 1))
    answers = load_results([trial], store.uri, with_epochs=True).answers
    mine = answers[trial.trial_id]
    assert mine.by_epoch is not None
    assert mine.by_epoch.shape == (3, mine.questions.n_questions)
    assert (mine.by_epoch[2] == mine.correct).all()
    assert not mine.by_epoch[:2].any()
    assert results.answers[trial.trial_id].by_epoch is None


def test_every_epoch_of_a_finished_trial_is_read(
    store: Store, results: Results
) -> None:
    curves = results.curves
    finished = [t for t in store.trials if t.trial_id in results.answers]
    assert list(curves["trial_id"]) == [t.trial_id for t in finished for _ in range(3)]
    mine = curves[(curves["row"] == "γ := 1") & (curves["seed"] == 1)]
    assert list(mine["epoch"]) == [1, 2, 3]
    assert list(mine["val_accuracy"]) == pytest.approx([0.67, 0.77, 0.87])
    assert list(mine["train_accuracy"]) == pytest.approx([0.62, 0.72, 0.82])
    assert mine["val_accuracy_exist"].iloc[-1] == pytest.approx(
        cell(results, "γ := 1", 1, "val_accuracy_exist")
    )


def test_epochs_that_cannot_be_read_are_one_clear_line(store: Store) -> None:
    trial = store.trials[0]
    (run,) = runs_of(store, trial)
    path = store.client.download_artifacts(run.info.run_id, "metrics.jsonl")
    right = Path(path).read_text(encoding="utf-8")
    store.client.log_text(run.info.run_id, '{"epoch": 1}\n', "metrics.jsonl")
    try:
        with pytest.raises(
            ReportError, match=r"metrics\.jsonl of MLflow run .*: 'val_"
        ):
            load_results([trial], store.uri)
    finally:
        store.client.log_text(run.info.run_id, right, "metrics.jsonl")


def test_trials_of_the_same_data_share_their_questions(results: Results) -> None:
    questions = {id(answers.questions) for answers in results.answers.values()}
    assert len(results.answers) == 6
    assert len(questions) == 1


def test_a_finished_trial_without_answers_keeps_its_accuracy(results: Results) -> None:
    trial_id = cell(results, "no batch normalization", 1, "trial_id")
    assert trial_id not in results.answers
    assert cell(results, "no batch normalization", 1, "val_accuracy") == pytest.approx(
        0.84
    )


def test_answers_that_are_not_those_of_the_accuracy_are_refused_with_a_note(
    store: Store,
) -> None:
    trial = store.trials[0]
    (run,) = runs_of(store, trial)
    right = run.data.metrics["best/val_accuracy"]
    store.client.log_metric(run.info.run_id, "best/val_accuracy", 0.5, step=1)
    try:
        results = load_results([trial], store.uri)
    finally:
        store.client.log_metric(run.info.run_id, "best/val_accuracy", right, step=2)
    assert not results.answers
    assert cell(results, "baseline", 0, "val_accuracy") == 0.5
    (note,) = results.notes
    assert note.startswith("baseline · seed 0: its answers are not those of its acc")


def test_a_finished_run_wins_over_a_later_failed_one(store: Store) -> None:
    trial = store.trials[0]
    experiment = store.client.get_experiment_by_name("film").experiment_id
    tags = {
        "film.kind": "trial",
        "film.trial_id": trial.trial_id,
        "film.state": "FAILED",
    }
    later = store.client.create_run(experiment, tags=tags).info.run_id
    try:
        results = load_results([trial], store.uri)
    finally:
        store.client.delete_run(later)
    assert cell(results, "baseline", 0, "state") == "FINISHED"


def test_a_finished_run_without_an_accuracy_counts_as_missing(store: Store) -> None:
    trial = next(t for t in store.trials if t.row == "no residual connection")
    experiment = store.client.get_experiment_by_name("film").experiment_id
    tags = {
        "film.kind": "trial",
        "film.trial_id": trial.trial_id,
        "film.state": "FINISHED",
    }
    empty = store.client.create_run(experiment, tags=tags, run_name="empty").info.run_id
    try:
        results = load_results([trial], store.uri)
    finally:
        store.client.delete_run(empty)
    assert cell(results, trial.row, trial.seed, "state") == "MISSING"
    assert results.notes == (
        "empty is FINISHED but has no accuracy: counted as missing",
    )


def test_an_unknown_state_is_refused_by_name(store: Store) -> None:
    trial = store.trials[0]
    (run,) = runs_of(store, trial)
    store.client.set_tag(run.info.run_id, "film.state", "BORED")
    try:
        with pytest.raises(ReportError, match=r"is in state 'BORED'; known are QUEUED"):
            load_results([trial], store.uri)
    finally:
        store.client.set_tag(run.info.run_id, "film.state", "FINISHED")


def test_a_store_that_does_not_exist_holds_nothing_and_is_not_made(
    store: Store, tmp_path: Path
) -> None:
    results = load_results(store.trials, f"sqlite:///{tmp_path / 'none.db'}")
    assert set(results.trials["state"]) == {"MISSING"}
    assert not list(tmp_path.iterdir())


def test_a_store_that_is_no_store_is_one_clear_line(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "broken.db").write_text("not a database", encoding="utf-8")
    with pytest.raises(ReportError, match=r"^cannot read the runs in sqlite:.*broken"):
        load_results(store.trials, f"sqlite:///{tmp_path / 'broken.db'}")


def test_a_database_whose_driver_is_not_installed_is_one_clear_line(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)  # cannot be imported
    uri = "postgresql+psycopg2://nobody@localhost/none"
    with pytest.raises(ReportError, match=r"localhost/none: .* needs .* psycopg2, wh"):
        load_results(store.trials, uri)


def test_reports_load_without_mlflow_torch_and_ray() -> None:
    code = (
        "import sys, reports.report;"
        "print([m for m in ('mlflow', 'torch', 'ray', 'matplotlib.pyplot')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def runs_of(store: Store, trial: Trial) -> list:  # MLflow's runs carry no types
    experiment = store.client.get_experiment_by_name("film").experiment_id
    return store.client.search_runs(
        [experiment], f"tags.`film.trial_id` = '{trial.trial_id}'"
    )


def test_what_guessing_by_type_would_give_is_counted(results: Results) -> None:
    questions = next(iter(results.answers.values())).questions
    right = 0
    for kind in set(questions.types):
        labels = [
            "no" if row % 3 == 0 else "yes"
            for row, its in enumerate(questions.types)
            if its == kind
        ]
        right += max(labels.count("no"), labels.count("yes"))
    assert questions.guess == pytest.approx(right / questions.n_questions)
    assert 0.5 < questions.guess < 1
    half = questions.part(np.arange(questions.n_questions) % 3 == 0, "noes")
    assert half.guess == 1
