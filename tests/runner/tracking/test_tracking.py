"""MLflow holds one run per trial, however often it is told."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from film.errors import DivergedError
from reports.load import load_results
from runner.errors import TrackingError
from runner.store.launches import Launch, read_launch, write_launch
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from runner.tracking.address import normal_uri
from runner.tracking.mirror import Mirror
from runner.tracking.tracker import Tracker
from runner.tracking.views import knows_views, study_links
from runner.working.trial import TrialJob, run_trial
from studies.study_file import read_study
from studies.trial import Trial

# MLflow 3.17 uses a loader that SQLAlchemy 2.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*loader strategy")


@pytest.fixture
def finished(
    make_job: Callable[[Trial], TrialJob], make_trial: Callable[..., Trial]
) -> Trial:
    torch.set_num_threads(1)
    trial = make_trial("β := 0", 1, model__film__beta="zero")
    list(run_trial(make_job(trial)))
    return trial


def folder_of(trial: Trial, workspace: Workspace) -> TrialFolder:
    return workspace.trial(trial.trial_id)


def client(workspace: Workspace) -> Any:
    from mlflow.tracking import MlflowClient  # noqa: PLC0415 - 2 s to import

    return MlflowClient(workspace.tracking_uri)


def runs(workspace: Workspace) -> list[Any]:
    found = client(workspace)
    experiment = found.get_experiment_by_name("film")
    return list(found.search_runs([experiment.experiment_id]))


def test_a_trial_is_one_run_with_what_matters(
    finished: Trial, workspace: Workspace
) -> None:
    folder = folder_of(finished, workspace)
    Tracker(workspace.tracking_uri, workspace.artifacts).sync_trial(folder)
    (run,) = runs(workspace)
    assert run.info.run_name == "β := 0 · seed 1"
    assert run.info.status == "FINISHED"
    params = run.data.params
    assert (params["row"], params["seed"]) == ("β := 0", "1")
    assert params["model.film.beta"] == "zero"
    assert params["model.classifier.hidden"] == "[4]"
    assert run.data.tags["film.trial_id"] == finished.trial_id
    assert run.data.tags["film.state"] == "FINISHED"
    assert run.data.tags["film.study.tiny"] == "β := 0"
    assert run.data.tags["mlflow.note.content"] == (
        "**tiny**, Changes, *β := 0*: baseline but `model.film.beta` = `zero`"
    )
    assert "mlflow.parentRunId" not in run.data.tags
    summary = folder.read().summary
    assert summary is not None
    assert run.data.metrics["best/val_accuracy"] == summary["best_val_accuracy"]
    assert run.data.metrics["best/epoch"] == summary["best_epoch"]
    kinds = {key.rpartition("_")[0] for key in run.data.metrics if "_exist" in key}
    assert kinds == {"val/accuracy", "best/val_accuracy"}
    files = {file.path for file in client(workspace).list_artifacts(run.info.run_id)}
    assert files == {
        "environment.json",
        "metrics.jsonl",
        "predictions.parquet",
        "log.txt",
    }


def test_telling_twice_adds_nothing(finished: Trial, workspace: Workspace) -> None:
    folder = folder_of(finished, workspace)
    for _ in range(2):
        tracker = Tracker(workspace.tracking_uri, workspace.artifacts)
        tracker.sync_trial(folder)
        tracker.sync_trial(folder)
    (run,) = runs(workspace)
    for name in ("val/accuracy", "train/loss"):
        history = client(workspace).get_metric_history(run.info.run_id, name)
        assert [point.step for point in history] == [1, 2, 3]
    history = client(workspace).get_metric_history(run.info.run_id, "best/epoch")
    assert len(history) == 1


def test_an_epoch_that_was_lost_after_it_was_sent_stands_there_once(
    finished: Trial, workspace: Workspace
) -> None:
    folder = folder_of(finished, workspace)
    rows = (folder.path / "metrics.jsonl").read_text().splitlines(keepends=True)
    (folder.path / "metrics.jsonl").write_text("".join(rows[:2]))
    receipt = Tracker(workspace.tracking_uri, workspace.artifacts).sync_trial(folder)
    (folder.path / "metrics.jsonl").write_text("".join(rows))
    Tracker(workspace.tracking_uri, workspace.artifacts).sync_trial(folder, receipt)
    # Whoever sent the third epoch died before its receipt; then the epoch was lost,
    # and computed again.
    later = json.loads(rows[2])
    later["time_ms"] += 1000
    rows[2] = json.dumps(later) + "\n"
    (folder.path / "metrics.jsonl").write_text("".join(rows))
    Tracker(workspace.tracking_uri, workspace.artifacts).sync_trial(folder, receipt)
    (run,) = runs(workspace)
    history = client(workspace).get_metric_history(run.info.run_id, "val/accuracy")
    assert [point.step for point in history] == [1, 2, 3]
    assert history[2].timestamp == later["time_ms"]


def test_reports_read_what_was_written(finished: Trial, workspace: Workspace) -> None:
    folder = folder_of(finished, workspace)
    Tracker(workspace.tracking_uri, workspace.artifacts).sync_trial(folder)
    results = load_results([finished], workspace.tracking_uri)
    assert results.notes == ()
    (row,) = results.trials.to_dict("records")
    summary = folder.read().summary
    assert summary is not None
    assert row["state"] == "FINISHED"
    assert row["val_accuracy"] == summary["best_val_accuracy"]
    answers = results.answers[finished.trial_id]
    assert answers.correct.mean() == pytest.approx(summary["best_val_accuracy"])


def test_a_running_trial_is_told_epoch_by_epoch(
    make_job: Callable[[Trial], TrialJob],
    make_trial: Callable[..., Trial],
    workspace: Workspace,
) -> None:
    trial = make_trial()
    tracker = Tracker(workspace.tracking_uri, workspace.artifacts)
    epochs = run_trial(make_job(trial))
    for number in (1, 2):
        next(epochs)
        tracker.sync_trial(folder_of(trial, workspace))
        (run,) = runs(workspace)
        history = client(workspace).get_metric_history(run.info.run_id, "val/loss")
        assert [point.step for point in history] == list(range(1, number + 1))
        assert run.info.status == "RUNNING"
    epochs.close()
    tracker.sync_trial(folder_of(trial, workspace))
    (run,) = runs(workspace)
    assert run.info.status == "KILLED"
    list(run_trial(make_job(trial)))
    tracker.sync_trial(folder_of(trial, workspace))
    (run,) = runs(workspace)
    assert run.info.status == "FINISHED"


def test_a_trial_that_two_studies_want_is_one_run_with_two_tags(
    finished: Trial, make_trial: Callable[..., Trial], workspace: Workspace
) -> None:
    folder = folder_of(finished, workspace)
    tracker = Tracker(workspace.tracking_uri, workspace.artifacts)
    tracker.sync_trial(folder)
    folder.describe(make_trial("no shift", 1, study="b", model__film__beta="zero"))
    tracker.sync_trial(folder)
    (run,) = runs(workspace)
    assert run.data.tags["film.study.tiny"] == "β := 0"
    assert run.data.tags["film.study.b"] == "no shift"
    assert folder.withdraw("tiny")
    tracker.sync_trial(folder)
    (run,) = runs(workspace)
    assert "film.study.tiny" not in run.data.tags
    assert run.data.tags["film.study.b"] == "no shift"


def test_a_diverged_trial_is_no_success(
    make_job: Callable[[Trial], TrialJob],
    make_trial: Callable[..., Trial],
    workspace: Workspace,
) -> None:
    trial = make_trial("diverges", train__learning_rate=1e30)
    with pytest.raises(DivergedError):
        list(run_trial(make_job(trial)))
    tracker = Tracker(workspace.tracking_uri, workspace.artifacts)
    tracker.sync_trial(folder_of(trial, workspace))
    (run,) = runs(workspace)
    assert (run.info.status, run.data.tags["film.state"]) == ("FAILED", "DIVERGED")


def test_a_deleted_experiment_comes_back(finished: Trial, workspace: Workspace) -> None:
    tracker = Tracker(workspace.tracking_uri, workspace.artifacts)
    client(workspace).delete_experiment(tracker.experiment_id)
    again = Tracker(workspace.tracking_uri, workspace.artifacts)
    again.sync_trial(folder_of(finished, workspace))
    assert len(runs(workspace)) == 1


@pytest.fixture
def launch(finished: Trial, study_file: Path, workspace: Workspace) -> Launch:
    home = workspace.study("tiny")
    text = study_file.read_text()
    write_launch(home, read_study(study_file), text, [finished])
    workspace.report("tiny").mkdir()
    (workspace.report("tiny") / "index.html").write_text("<p>")
    found = read_launch(home)
    assert found is not None
    return found


def test_a_study_is_one_summary_run_and_a_saved_view(
    launch: Launch, finished: Trial, workspace: Workspace
) -> None:
    records = {finished.trial_id: folder_of(finished, workspace).read()}
    for _ in range(2):
        tracker = Tracker(workspace.tracking_uri, workspace.artifacts)
        tracker.sync_study(launch, records)
    (run,) = runs(workspace)
    assert run.data.tags["film.kind"] == "study"
    assert run.data.metrics["rows_complete"] == 1
    assert run.data.metrics["runs_total"] == 1
    summary = records[finished.trial_id].summary
    assert summary is not None
    mean = run.data.metrics["mean/val_accuracy/beta 0"]
    assert mean == summary["best_val_accuracy"]
    assert run.data.metrics["n/finished/beta 0"] == 1
    assert "sd/val_accuracy/beta 0" not in run.data.metrics  # of one run
    paths = {file.path for file in client(workspace).list_artifacts(run.info.run_id)}
    assert paths == {"report", "study.yaml"}
    experiment = client(workspace).get_experiment_by_name("film")
    view = json.loads(experiment.tags["mlflow.sharedViewState.film-tiny"])
    group = json.loads(view["state"])["groupBy"]["groupByKeys"]
    assert group == [{"mode": "tag", "groupByData": "film.study.tiny"}]


def test_a_mirror_copies_what_changed_and_only_that(
    launch: Launch, finished: Trial, workspace: Workspace
) -> None:
    folders = [folder_of(finished, workspace)]

    def mirror() -> Mirror:
        return Mirror(workspace, workspace.tracking_uri, warn=pytest.fail)

    assert mirror().everything(folders, [launch]) == 1
    assert len(runs(workspace)) == 2
    assert mirror().everything(folders, [launch]) == 0
    assert mirror().everything(folders, [launch], again=True) == 1
    (workspace.root / "mlflow.db").unlink()
    assert mirror().everything(folders, [launch]) == 1
    assert len(runs(workspace)) == 2


def test_a_store_that_was_moved_keeps_its_files_at_its_new_place(
    launch: Launch, finished: Trial, workspace: Workspace, tmp_path: Path
) -> None:
    folders = [folder_of(finished, workspace)]
    Mirror(workspace, workspace.tracking_uri, warn=pytest.fail).everything(
        folders, [launch]
    )
    shutil.move(workspace.root, tmp_path / "moved")
    moved = Workspace.at(tmp_path / "moved")
    for expected in (1, 0):
        mirror = Mirror(moved, moved.tracking_uri, warn=pytest.fail)
        assert mirror.whole_store() == expected
    assert (moved.root / "mlflow.db.moved-1").is_file()
    assert len(runs(moved)) == 2
    for run in runs(moved):
        assert run.info.artifact_uri.startswith(moved.artifacts.as_uri())
    assert len(list(moved.artifacts.rglob("predictions.parquet"))) == 2
    assert not workspace.root.exists()
    results = load_results([finished], moved.tracking_uri)
    assert finished.trial_id in results.answers


def test_a_damaged_folder_is_named_and_the_others_are_sent(
    finished: Trial, workspace: Workspace
) -> None:
    good = folder_of(finished, workspace)
    bad = workspace.trial("0" * len(finished.trial_id))
    shutil.copytree(good.path, bad.path)
    (bad.path / "metrics.jsonl").write_text('{"epoch": 1}\n')
    said: list[str] = []
    mirror = Mirror(workspace, workspace.tracking_uri, warn=said.append)
    assert mirror.whole_store() == 1
    assert mirror.problem == ""
    assert mirror.refused == [bad.path]
    assert len(said) == 1
    assert str(bad.path) in said[0]
    (found,) = [run for run in runs(workspace) if run.data.metrics]
    assert found.data.tags["film.trial_id"] == good.trial_id


def test_a_damaged_launch_is_none(workspace: Workspace) -> None:
    home = workspace.study("tiny")
    home.mkdir(parents=True)
    for text in ("{", "{}", '{"study": "tiny", "question": "", "rows": 3}'):
        (home / "launch.json").write_text(text)
        assert read_launch(home) is None


def test_a_server_that_is_down_is_said_once_and_stops_nothing(
    launch: Launch, finished: Trial, workspace: Workspace
) -> None:
    said: list[str] = []
    folder = folder_of(finished, workspace)
    mirror = Mirror(workspace, "http://127.0.0.1:9", warn=said.append)
    mirror.trial(folder)
    mirror.trial(folder)
    assert mirror.everything([folder], [launch]) == 0
    assert mirror.problem
    assert len(said) == 1
    assert "nothing is lost" in said[0]
    local = Mirror(workspace, workspace.tracking_uri, warn=said.append)
    assert local.everything([folder], [launch]) == 1
    assert len(said) == 1


def test_addresses_are_checked_and_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert normal_uri("sqlite:///x.db") == f"sqlite:///{tmp_path.resolve()}/x.db"
    assert normal_uri("https://a:1") == "https://a:1"
    for bad in ("./mlruns", "file:///x", "foo://x"):
        with pytest.raises(TrackingError, match=r"give http://HOST:PORT or sqlite"):
            normal_uri(bad)
    with pytest.raises(TrackingError, match=r"'http://\[x': Invalid IPv6 URL"):
        normal_uri("http://[x")


def test_an_mlflow_without_saved_views_gets_a_plain_link() -> None:
    assert knows_views("3.17.2")
    assert not knows_views("3.10.0")
    assert not knows_views("4.0.0")
    new = study_links("http://h", "1", "tiny", "3.17.2")
    assert list(new) == ["charts", "table"]
    start = "http://h/#/experiments/1/runs?workflowType=machine_learning"
    assert all(address.startswith(start) for address in new.values())
    assert "viewStateShareKey=film-tiny-charts" in new["charts"]
    assert new["table"].endswith("viewStateShareKey=film-tiny")
    (old,) = study_links("http://h", "1", "tiny", "3.10.0").values()
    assert "searchFilter=tags.%60film.study.tiny%60" in old
    assert "viewState" not in old
