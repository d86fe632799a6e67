"""Stores with an MLflow of their own, and trials that were recorded, not trained."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from runner.tracking.tracker import Tracker
from studies.trial import Trial

KINDS = {"exist": 0.5, "count": 0.25}
ANSWERS = pa.table(
    {
        "question": [0, 1],
        "image": [0, 0],
        "type": ["exist", "exist"],
        "label": ["yes", "no"],
        "correct": [True, False],
    }
)


class Seen:
    """What a user of MLflow sees in a store."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    @property
    def client(self) -> Any:
        from mlflow.tracking import MlflowClient  # noqa: PLC0415 - 2 s to import

        return MlflowClient(self.uri)

    @property
    def runs(self) -> list[Any]:
        experiment = self.client.get_experiment_by_name("film")
        return list(self.client.search_runs([experiment.experiment_id]))

    @property
    def run(self) -> Any:
        (run,) = self.runs
        return run

    def steps(self, metric: str = "val/loss") -> list[int]:
        history = self.client.get_metric_history(self.run.info.run_id, metric)
        return [point.step for point in history]

    def files(self) -> set[str]:
        listed = self.client.list_artifacts(self.run.info.run_id)
        return {file.path for file in listed}


class Recorded:
    """A trial's folder, written as a worker writes it, but for the training."""

    def __init__(self, folder: TrialFolder) -> None:
        self.folder = folder

    def learn(self, n_epochs: int, *, loss: float = 1.0) -> None:
        for epoch in range(len(self.folder.read().epochs) + 1, n_epochs + 1):
            best = {"best_epoch": 1, "best_val_accuracy": 0.5}
            times = {"wall_time_s": 0.1 * epoch, "questions_per_s": 100.0}
            val = {"val_loss": loss, "val_accuracy": 0.5, "val_accuracy_by_type": KINDS}
            train = {"epoch": epoch, "train_loss": loss / epoch, "train_accuracy": 0.5}
            best_by_type = {"best_val_accuracy_by_type": KINDS}
            self.folder.add_epoch({**train, **val, **best, **best_by_type, **times})

    def finish(self, n_epochs: int = 3) -> None:
        with self.folder.attempt():
            self.learn(n_epochs)
            (self.folder.path / "log.txt").write_text("done\n")
            pq.write_table(ANSWERS, self.folder.path / "predictions.parquet")
        summary = {"epochs": n_epochs, "best_epoch": 1, "best_val_accuracy": 0.5}
        summary |= {"wall_time_s": 0.1 * n_epochs}
        self.folder.finish({**summary, "best_val_accuracy_by_type": KINDS})


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a local store once: it takes MLflow seconds."""
    root = tmp_path_factory.mktemp("empty")
    Tracker(f"sqlite:///{root / 'mlflow.db'}", root / "artifacts")
    with closing(sqlite3.connect(root / "mlflow.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return root / "mlflow.db"


@pytest.fixture
def store_at(empty_store: Path) -> Callable[[Path], Workspace]:
    """Give what makes a store whose experiment has its artifacts there."""

    def make(root: Path) -> Workspace:
        workspace = Workspace.at(root)
        workspace.root.mkdir()
        shutil.copy(empty_store, workspace.root / "mlflow.db")
        with closing(sqlite3.connect(workspace.root / "mlflow.db")) as connection:
            update = "UPDATE experiments SET artifact_location = ? WHERE name = 'film'"
            connection.execute(update, (workspace.artifacts.as_uri(),))
            connection.commit()
        return workspace

    return make


@pytest.fixture
def workspace(tmp_path: Path, store_at: Callable[[Path], Workspace]) -> Workspace:
    return store_at(tmp_path / "store")


@pytest.fixture
def seen(workspace: Workspace) -> Seen:
    return Seen(workspace.tracking_uri)


@pytest.fixture
def begun(
    workspace: Workspace, make_trial: Callable[..., Trial]
) -> Callable[..., Recorded]:
    """Give what describes a trial."""

    def make(
        row: str = "baseline", seed: int = 0, at: Workspace = workspace, **changes: Any
    ) -> Recorded:
        trial = make_trial(row, seed, **changes)
        folder = at.trial(trial.trial_id)
        folder.describe(trial)
        return Recorded(folder)

    return make
