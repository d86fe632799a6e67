"""The only writer of MLflow: mirrors trial folders, as often as one likes.

The folders are the truth. A run is found by the tag ``film.trial_id``, so that a trial
is one run however often it is started, and metrics keep the time at which they were
recorded, so that sending them twice adds nothing.
"""

import json
import logging
import os
import sqlite3
import time
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

from runner.errors import TrackingError
from runner.store.files import absolute
from runner.store.launches import Launch
from runner.store.locks import exclusive
from runner.store.record import Record, TrialFolder, TrialState
from runner.tracking.views import VIEW_TAG, study_view, view_key

__all__ = ["EXPERIMENT", "Tracker", "normal_uri", "quiet_environment", "sqlite_file"]

EXPERIMENT: Final = "film"
_ARTIFACTS: Final = (
    "config.json",
    "environment.json",
    "metrics.jsonl",
    "predictions.parquet",
    "log.txt",
)
_STATUS: Final = {
    TrialState.QUEUED: "SCHEDULED",
    TrialState.RUNNING: "RUNNING",
    TrialState.FINISHED: "FINISHED",
    TrialState.FAILED: "FAILED",
    TrialState.KILLED: "KILLED",
    TrialState.DIVERGED: "FAILED",
}
_METRICS_PER_CALL: Final = 900  # a server takes 1000
_STUDY: Final = "film.study."
_SQLITE: Final = "sqlite:///"
_SCHEMES: Final = ("http", "https", "sqlite", "postgresql", "mysql", "mssql")
_QUIET: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # the folders keep all: no need to wait
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_LOGGING_LEVEL": "ERROR",  # of a server; for us, see below
    "GIT_PYTHON_REFRESH": "quiet",
}
_Foreign = Any  # MLflow's objects carry no types


def normal_uri(given: str) -> str:
    """Check the address of an MLflow store, and make a local one absolute.

    Args:
        given: What the user wrote.

    Returns:
        The address.

    Raises:
        TrackingError: It is none.
    """
    scheme, separator, _ = given.partition("://")
    if separator and scheme.partition("+")[0] in _SCHEMES:
        path = sqlite_file(given)
        return given if path is None else f"{_SQLITE}{path}"
    raise TrackingError(
        f"tracking URI '{given}': give http://HOST:PORT or sqlite:///FILE"
    )


def sqlite_file(uri: str) -> Path | None:
    """Find the file of a local store.

    Args:
        uri: The address of an MLflow store.

    Returns:
        The absolute path; None for a server.
    """
    if not uri.startswith(_SQLITE):
        return None
    return absolute(Path(uri.removeprefix(_SQLITE).partition("?")[0]))


class Tracker:
    """Writes trials and studies to one MLflow store; any call may raise."""

    def __init__(self, uri: str, artifacts: Path) -> None:
        """Open a store; a local one is made where it is missing.

        Args:
            uri: Its address.
            artifacts: Where a local store keeps files.
        """
        with _quiet():
            from mlflow.tracking import MlflowClient  # noqa: PLC0415 - 2 s to import

            path = sqlite_file(uri)
            if path is not None:
                own = artifacts if path.parent == artifacts.parent else None
                _make_sqlite(path, MlflowClient, own)
            self._client: _Foreign = MlflowClient(uri)
            self._lock = artifacts.parent / "mlflow.lock"
            self.experiment_id = self._experiment(
                artifacts.as_uri() if path is not None else None
            )
        self._sent: dict[str, int] = {}  # epochs by run

    def answers(self) -> bool:
        """Ask whether the store is still there.

        Returns:
            Whether it is; then what it did not take was at fault.
        """
        try:
            with _quiet():
                self._client.get_experiment(self.experiment_id)
        except Exception:  # noqa: BLE001 - MLflow's, SQLAlchemy's, or the network's
            return False
        return True

    def sync_trial(self, folder: TrialFolder) -> None:
        """Make the run of a trial say what its folder says.

        Args:
            folder: The trial's folder; nothing is recorded of a trial that was
                never started.
        """
        record = folder.read()
        if record.state is TrialState.QUEUED:
            return
        with _quiet():
            run_id = self._trial_run(folder, record)
            self._drop_labels(run_id, folder)
            self._log_trial(run_id, folder, record)
            if record.state is not TrialState.RUNNING:
                for name in _ARTIFACTS:
                    if (folder.path / name).is_file():
                        self._client.log_artifact(run_id, str(folder.path / name))
            self._settle(run_id, record.state, record.ended_at)

    def sync_study(self, launch: Launch, records: Mapping[str, Record]) -> None:
        """Make the summary run of a study say how far it is.

        Args:
            launch: What was last asked of the study.
            records: Of its trials, by ``trial_id``.
        """
        from mlflow.entities import Metric, RunTag  # noqa: PLC0415 - 2 s to import

        progress = launch.progress(records)
        state = TrialState.FINISHED if progress.is_complete else TrialState.KILLED
        note = (
            f"{launch.question}\n\n{progress.rows_complete} of {progress.rows} rows "
            f"and {progress.runs_complete} of {progress.runs} runs are complete."
        )
        tags = {"film.kind": "study", "film.study": launch.study, "film.state": state}
        tags["mlflow.note.content"] = note
        metrics = {
            "rows_complete": progress.rows_complete,
            "rows_total": progress.rows,
            "runs_complete": progress.runs_complete,
            "runs_total": progress.runs,
        } | _named_means(progress.mean_val_accuracy)
        with _quiet():
            run_id = self._find_or_create(
                {"film.study": launch.study, "film.kind": "study"}, launch.study
            )
            now = time.time_ns() // 1_000_000
            self._client.log_batch(
                run_id,
                metrics=[Metric(key, value, now, 0) for key, value in metrics.items()],
                tags=[RunTag(key, value) for key, value in tags.items()],
            )
            self._client.log_text(run_id, launch.source, "study.yaml")
            if launch.report.is_dir():
                self._client.log_artifacts(run_id, str(launch.report), "report")
            self._settle(run_id, state, None)
            self.publish_view(launch.study)

    def publish_view(self, study: str) -> None:
        """Save a view of the MLflow UI that groups a study's runs by row.

        Args:
            study: The study's name.
        """
        content = study_view(study)
        tag = f"{VIEW_TAG}.{view_key(study)}"
        with _quiet():
            experiment = self._client.get_experiment(self.experiment_id)
            if experiment.tags.get(tag) != content:
                self._client.set_experiment_tag(self.experiment_id, tag, content)

    def _experiment(self, artifacts: str | None) -> str:
        with exclusive(self._lock):
            found = self._client.get_experiment_by_name(EXPERIMENT)
            if found is None:
                return str(self._client.create_experiment(EXPERIMENT, artifacts))
            if found.lifecycle_stage == "deleted":  # its name cannot be used again
                self._client.restore_experiment(found.experiment_id)
            return str(found.experiment_id)

    def _trial_run(self, folder: TrialFolder, record: Record) -> str:
        described = folder.description()
        tags = {"film.trial_id": folder.trial_id, "film.kind": "trial"}
        name = f"{described['row']} · seed {described['seed']}"
        return self._find_or_create(tags, name, record.started_at)

    def _find_or_create(
        self, tags: Mapping[str, str], name: str, started_at: float | None = None
    ) -> str:
        query = " AND ".join(f"tags.`{key}` = '{tags[key]}'" for key in tags)
        with exclusive(self._lock):  # two studies may want one trial at once
            found = self._client.search_runs([self.experiment_id], query, max_results=1)
            if found:
                return str(found[0].info.run_id)
            run = self._client.create_run(
                self.experiment_id,
                start_time=_milliseconds(started_at),
                tags={**tags, "mlflow.source.name": "film"},
                run_name=name,
            )
            return str(run.info.run_id)

    # Of studies that were edited and want the trial no longer.
    def _drop_labels(self, run_id: str, folder: TrialFolder) -> None:
        wanted = {f"{_STUDY}{study}" for study in folder.wanted_by()}
        for tag in self._client.get_run(run_id).data.tags:
            if tag.startswith(_STUDY) and tag not in wanted:
                self._client.delete_tag(run_id, tag)

    def _log_trial(self, run_id: str, folder: TrialFolder, record: Record) -> None:
        from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415 - as above

        sent = self._sent.get(run_id, 0)
        points = [
            Metric(key, value, row["time_ms"], row["epoch"])
            for row in record.epochs[sent:]
            for key, value in _epoch_metrics(row)
        ]
        if record.summary is not None:
            when = int(1000 * record.summary["finished_at"])
            step = record.summary["epochs"]
            points += [
                Metric(key, value, when, step)
                for key, value in _summary_metrics(record.summary)
            ]
        described = folder.description()
        params = {"row": described["row"], "seed": described["seed"]}
        params |= described["config"]
        first, *others = _chunks(points) or [[]]
        self._client.log_batch(
            run_id,
            metrics=first,
            params=[] if sent else [Param(k, _text(v)) for k, v in params.items()],
            tags=[RunTag(k, v) for k, v in _trial_tags(folder, record.state).items()],
        )
        for some in others:
            self._client.log_batch(run_id, metrics=some)
        self._sent[run_id] = len(record.epochs)

    def _settle(self, run_id: str, state: TrialState, at: float | None) -> None:
        status = _STATUS[state]
        if self._client.get_run(run_id).info.status == status:
            return
        if state is TrialState.RUNNING:
            self._client.update_run(run_id, status=status)
        else:
            self._client.set_terminated(run_id, status, _milliseconds(at))


def quiet_environment() -> None:
    """Keep MLflow from talking, phoning home, and waiting minutes for a server."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)


@contextmanager
def _quiet() -> Iterator[None]:
    quiet_environment()
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # MLflow speaks to its own developers: deprecations, SQLAlchemy's loaders.
        warnings.simplefilter("ignore")
        yield


# MLflow does not lock its own first migration, and a half-made store is unusable.
def _make_sqlite(path: Path, client: _Foreign, artifacts: Path | None) -> None:
    with exclusive(path.with_name(f"{path.name}.lock")):
        if path.exists() and artifacts is not None:
            _set_aside_moved(path, artifacts.as_uri())
        if path.exists():
            return
        template = path.with_name(f".{path.name}.new")
        template.unlink(missing_ok=True)
        client(f"{_SQLITE}{template}").search_experiments(max_results=1)
        connection = sqlite3.connect(template)
        connection.execute("PRAGMA journal_mode=WAL")  # readers never wait
        connection.close()
        template.replace(path)


# MLflow keeps absolute paths of files: in a store that was moved or copied they would
# be read and written at the old place. The folders have all that a new one needs.
def _set_aside_moved(path: Path, artifacts: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT artifact_location FROM experiments WHERE name = ?"
        try:
            found = connection.execute(query, (EXPERIMENT,)).fetchone()
            if found is None or found[0] == artifacts:
                return
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error:
            return  # MLflow says better what is wrong with it
    names = (path.with_name(f"{path.name}.moved-{number}") for number in count(1))
    aside = next(name for name in names if not name.exists())
    path.replace(aside)
    for end in ("-wal", "-shm"):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)


def _epoch_metrics(row: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    yield "val/accuracy", row["val_accuracy"]
    yield "val/loss", row["val_loss"]
    yield "train/accuracy", row["train_accuracy"]
    yield "train/loss", row["train_loss"]
    for kind, accuracy in row["val_accuracy_by_type"].items():
        yield f"val/accuracy_{kind}", accuracy


def _summary_metrics(summary: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    yield "best/val_accuracy", summary["best_val_accuracy"]
    yield "best/epoch", summary["best_epoch"]
    yield "wall_time_s", summary["wall_time_s"]
    for kind, accuracy in summary["best_val_accuracy_by_type"].items():
        yield f"best/val_accuracy_{kind}", accuracy


def _trial_tags(folder: TrialFolder, state: TrialState) -> dict[str, str]:
    wanted_by = folder.wanted_by()
    tags = {
        "film.state": str(state),
        "film.data": str(folder.description()["data"]),
        "mlflow.note.content": "\n\n".join(
            _note(study, labels) for study, labels in wanted_by.items()
        ),
    }
    for study, labels in wanted_by.items():
        tags[f"{_STUDY}{study}"] = labels["row"]
    return tags


def _note(study: str, labels: Mapping[str, Any]) -> str:
    if not labels["changes"]:
        return f"**{study}**: the baseline"
    changes = ", ".join(
        f"`{name}` = `{_text(value)}`" for name, value in labels["changes"].items()
    )
    return f"**{study}**, {labels['group']}, *{labels['row']}*: baseline but {changes}"


def _named_means(means: Mapping[str, float]) -> dict[str, float]:
    named: dict[str, float] = {}
    for label, mean in means.items():
        name = f"mean/val_accuracy/{_ascii(label)}"
        twins = sum(other.rstrip("0123456789 ") == name for other in named)
        named[f"{name} {twins + 1}" if name in named else name] = mean
    return named


# MLflow's metric names are letters, digits and a few signs: `β := 0` is `beta 0`.
def _ascii(label: str) -> str:
    def spell(sign: str) -> str:
        name = unicodedata.name(sign, "")
        if name.startswith("GREEK"):
            return f" {name.rpartition(' ')[2].lower()} "
        if sign == "×":
            return "x"
        return sign if sign.isascii() and (sign.isalnum() or sign in "_-.") else " "

    return " ".join("".join(map(spell, label)).split()) or "row"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _chunks(points: list[_Foreign]) -> list[list[_Foreign]]:
    starts: Iterable[int] = range(0, len(points), _METRICS_PER_CALL)
    return [points[start : start + _METRICS_PER_CALL] for start in starts]


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(1000 * seconds)
