"""A run says what was run, of what, where, and how it went."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest

from reports.load import load_results
from runner.errors import TrackingError
from runner.store.launches import StudyProgress
from runner.tracking.address import normal_uri
from runner.tracking.content import epoch_metrics, row_metrics
from runner.tracking.mirror import Mirror

# MLflow 3.17 uses a loader that SQLAlchemy 2.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*loader strategy")

ENVIRONMENT: Mapping[str, Any] = {
    "python": "3.11.7",
    "torch": "2.13.0",
    "host": "node-7",
    "film": "0.1.0",
    "device": "cpu",
    "git": {"commit": "0123456789abcdef", "has_changes": True},
    "command": "film run tiny --tracking-uri http://me:hunter2@host",
}


@pytest.fixture
def mirrored(workspace: Any) -> Any:
    def send(*folders: Any) -> None:
        mirror = Mirror(workspace, workspace.tracking_uri, warn=pytest.fail)
        assert mirror.everything(folders, []) == len(folders)

    return send


def test_a_run_says_where_it_comes_from(begun: Any, mirrored: Any, seen: Any) -> None:
    trial = begun("β := 0", 1, model__film__beta="zero")
    trial.folder.environment(ENVIRONMENT)
    (trial.folder.path / "changes.diff").write_text("+ a line\n")
    trial.finish()
    mirrored(trial.folder)
    run = seen.run
    assert run.info.run_name == "β := 0 · seed 1"
    tags = run.data.tags
    assert tags["mlflow.source.git.commit"] == "0123456789abcdef"
    assert tags["env.git"] == "0123456789ab with changes"
    expected = {"film": "0.1.0", "torch": "2.13.0", "python": "3.11.7"}
    expected |= {"host": "node-7", "device": "cpu"}
    assert {name: tags[f"env.{name}"] for name in expected} == expected
    assert tags["film.command"] == "film run tiny --tracking-uri http://***@host"
    assert "changes.diff" in seen.files()
    (data,) = run.inputs.dataset_inputs
    fingerprint = trial.folder.description()["data"]
    assert data.dataset.name == "questions and features"
    assert data.dataset.digest == fingerprint
    assert [(tag.key, tag.value) for tag in data.tags] == [
        ("mlflow.data.context", "training")
    ]


def test_the_error_of_a_failed_trial_is_in_its_description_until_it_ends_well(
    begun: Any, mirrored: Any, seen: Any
) -> None:
    trial = begun()
    trial.learn(1)
    trial.folder.fail("out of memory: 9 of 8 GiB")
    mirrored(trial.folder)
    note = seen.run.data.tags["mlflow.note.content"]
    assert note.endswith("FAILED: out of memory: 9 of 8 GiB")
    trial.finish()
    mirrored(trial.folder)
    tags = seen.run.data.tags
    assert "out of memory" not in tags["mlflow.note.content"] + tags["film.error"]


def test_a_screened_trial_is_marked_as_such_until_it_goes_on(
    begun: Any, mirrored: Any, seen: Any, workspace: Any, make_trial: Any
) -> None:
    trial = begun()
    with suppress(KeyboardInterrupt), trial.folder.attempt():
        trial.learn(1)
        raise KeyboardInterrupt
    mirrored(trial.folder)
    assert "film.screened_at_epoch" not in seen.run.data.tags
    trial.folder.screened(1)
    mirrored(trial.folder)
    assert seen.run.data.tags["film.screened_at_epoch"] == "1"

    def states() -> list[str]:
        return list(
            load_results([make_trial()], workspace.tracking_uri).trials["state"]
        )

    assert states() == ["SCREENED"]
    trial.finish()
    mirrored(trial.folder)
    assert seen.run.data.tags["film.screened_at_epoch"] == ""
    assert states() == ["FINISHED"]


def test_measured_memory_is_a_metric(begun: Any, mirrored: Any, seen: Any) -> None:
    trial = begun()
    trial.learn(2)
    path = trial.folder.path / "metrics.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    more = {"memory_bytes": 5_000, "gpu_memory_bytes": None}
    path.write_text("".join(json.dumps(row | more) + "\n" for row in rows))
    trial.finish(2)
    mirrored(trial.folder)
    assert seen.run.data.metrics["memory_bytes"] == 5_000
    assert seen.steps("memory_bytes") == [1, 2]
    assert "gpu_memory_bytes" not in seen.run.data.metrics


def test_user_and_password_move_from_the_address_to_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.setenv(name, "other")
    environment = dict[str, str]()
    monkeypatch.setattr("runner.tracking.address.os.environ", environment)
    given = "https://me%40work:p%3Aq%2Fr@mlflow.example:8443/base"
    assert normal_uri(given) == "https://mlflow.example:8443/base"
    assert environment == {
        "MLFLOW_TRACKING_USERNAME": "me@work",
        "MLFLOW_TRACKING_PASSWORD": "p:q/r",
    }
    assert normal_uri("http://h:1") == "http://h:1"
    database = "postgresql://film:secret@h/db"
    assert normal_uri(database) == database


def test_a_bad_address_is_refused_without_its_password() -> None:
    with pytest.raises(TrackingError, match=r"'ftp://\*\*\*@h/': give http"):
        normal_uri("ftp://me:secret@h/")


@pytest.mark.parametrize("accuracy", [None, 0.25])
def test_the_accuracy_of_programs_is_told_where_there_is_one(
    accuracy: float | None,
) -> None:
    row = dict.fromkeys(
        ["val_accuracy", "val_loss", "train_accuracy", "train_loss"], 0.5
    )
    told = dict(
        epoch_metrics(
            {**row, "val_accuracy_by_type": {}, "val_program_accuracy": accuracy}
        )
    )
    assert told.get("val/program_accuracy") == accuracy


def test_a_row_has_its_mean_its_spread_and_its_number_of_runs() -> None:
    progress = StudyProgress(
        rows=3,
        rows_complete=1,
        runs=6,
        runs_complete=3,
        mean_val_accuracy={"β := 0": 0.5, "β  := 0": 0.25},
        sd_val_accuracy={"β := 0": 0.125},
        n_runs={"β := 0": 2, "β  := 0": 1, "γ := 1": 0},
    )
    assert row_metrics(progress) == {
        "mean/val_accuracy/beta 0": 0.5,
        "mean/val_accuracy/beta 0 2": 0.25,
        "sd/val_accuracy/beta 0": 0.125,
        "n/finished/beta 0": 2,
        "n/finished/beta 0 2": 1,
        "n/finished/gamma 1": 0,
    }
