"""The only writer of MLflow: mirrors trial folders, as often as one likes.

The folders are the truth. A run is known by the tag ``film.trial_id`` and by the
receipt beside the trial, so that a trial is one run however often it is started, and
metrics keep the time at which they were recorded, so that sending them twice adds
nothing.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from runner.store.identity import store_id
from runner.store.launches import Launch
from runner.store.locks import exclusive
from runner.store.record import Record, TrialState
from runner.store.trial_folder import TrialFolder
from runner.tracking.address import is_server
from runner.tracking.client import open_client
from runner.tracking.content import (
    ACCURACY,
    STUDY_TAG,
    Content,
    content_of,
    epoch_metrics,
    row_metrics,
)
from runner.tracking.database import EXPERIMENT
from runner.tracking.receipts import Receipt
from runner.tracking.runs import Run, Runs, history, milliseconds
from runner.tracking.views import study_views

__all__ = ["Tracker"]

_ARTIFACTS: Final = (  # reports read two of them; the others are for people
    "metrics.jsonl",
    "predictions.parquet",
    "environment.json",
    "changes.diff",
    "log.txt",
)
_METRICS_PER_CALL: Final = 900  # a server takes 1000
_LONGEST_DIGEST: Final = 36  # of a data set, in MLflow
_Foreign = Any  # MLflow's objects carry no types
_Row = Mapping[str, Any]
_Keep = Callable[[Receipt], None]


class Tracker:
    """Writes trials and studies to one MLflow store; any call may raise."""

    def __init__(
        self,
        uri: str,
        artifacts: Path,
        asking: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Open a store; a local one is made where it is missing or damaged.

        Args:
            uri: Its address.
            artifacts: Where a local store keeps files.
            asking: Entered while MLflow is asked something.
        """
        self._client, self.note = open_client(uri, artifacts, asking)
        self._artifacts = artifacts
        lock = artifacts.parent / "mlflow.lock"
        self.experiment_id = self._experiment(
            None if is_server(uri) else artifacts.as_uri(), lock
        )
        store = store_id(artifacts.parent)
        self.runs = Runs(self._client, self.experiment_id, lock, store)
        self._running: dict[str, Run] = {}  # by the trial's id

    def answers(self) -> bool:
        """Ask whether the store is still there.

        Returns:
            Whether it is; then what it did not take was at fault.
        """
        try:
            self._client.get_experiment(self.experiment_id)
        except Exception:  # noqa: BLE001 - MLflow's, SQLAlchemy's, or the network's
            return False
        return True

    def forget(self, trial_id: str) -> None:
        """Look for a trial's run anew: somebody may have deleted it.

        Args:
            trial_id: Of the trial.
        """
        self._running.pop(trial_id, None)

    def sync_trial(
        self,
        folder: TrialFolder,
        receipt: Receipt | None = None,
        keep: _Keep = lambda _: None,
        *,
        again: bool = False,
    ) -> Receipt:
        """Make the run of a trial say what its folder says.

        Args:
            folder: The trial's folder; nothing is recorded of a trial that was
                never started.
            receipt: Of what was sent before.
            keep: Told of a run as soon as it is there.
            again: Send also what was sent before.

        Returns:
            The receipt of what the run says now.
        """
        record = folder.read()
        receipt = receipt or Receipt()
        if record.state is TrialState.QUEUED:
            return receipt
        content, rows = content_of(folder, record), tuple(record.epochs)
        run = self._run(folder, content, record, rows, receipt)
        keep(run.receipt)
        self._log(run, content, rows[0 if again else run.n_epochs :], record)
        has_news = again or run.n_epochs < len(rows) or not run.is_in(record.state)
        if has_news and record.state is not TrialState.RUNNING:
            self._send_files(run, folder)
        run.n_epochs, run.history = len(rows), history(rows)
        self.runs.settle(run, record.state, record.ended_at)
        self._running.pop(folder.trial_id, None)
        if record.state is TrialState.RUNNING:
            self._running[folder.trial_id] = run
        return run.receipt

    def sync_study(
        self,
        launch: Launch,
        records: Mapping[str, Record],
        receipt: Receipt | None = None,
        keep: _Keep = lambda _: None,
    ) -> Receipt:
        """Make the summary run of a study say how far it is.

        Args:
            launch: What was last asked of the study.
            records: Of its trials, by ``trial_id``.
            receipt: Of what was sent before.
            keep: Told of the run as soon as it is there.

        Returns:
            The receipt of what the run says now.
        """
        progress = launch.progress(records)
        state = TrialState.FINISHED if progress.is_complete else TrialState.KILLED
        note = (
            f"{launch.question}\n\n{progress.rows_complete} of {progress.rows} rows "
            f"and {progress.runs_complete} of {progress.runs} runs are complete."
        )
        mark = {"film.study": launch.study, "film.kind": "study"}
        tags = {**mark, "film.state": str(state), "mlflow.note.content": note}
        tags["mlflow.source.name"] = "film"
        ended = [record.ended_at for record in records.values() if record.ended_at]
        metrics = {
            "rows_complete": progress.rows_complete,
            "rows_total": progress.rows,
            "runs_complete": progress.runs_complete,
            "runs_total": progress.runs,
        } | row_metrics(progress)
        run = self.runs.recall(receipt or Receipt(), mark)
        run = run or self.runs.find_or_create(mark, tags, launch.study)
        keep(run.receipt)
        at_ms = milliseconds(max(ended, default=0.0)) or 0
        self._log_batch(run, _points(metrics.items(), at_ms, 0), {}, tags)
        self._client.log_text(run.run_id, launch.source, "study.yaml")
        if launch.report.is_dir():
            self._client.log_artifacts(run.run_id, str(launch.report), "report")
        self.runs.settle(run, state, None)
        self.publish_views(launch.study)
        return run.receipt

    def publish_views(self, study: str) -> None:
        """Save views of the MLflow UI that group a study's runs by row.

        Args:
            study: The study's name.
        """
        tags = self._client.get_experiment(self.experiment_id).tags
        for tag, content in study_views(study).items():
            if tags.get(tag) != content:
                self._client.set_experiment_tag(self.experiment_id, tag, content)

    def _experiment(self, artifacts: str | None, lock: Path) -> str:
        with exclusive(lock):
            found = self._client.get_experiment_by_name(EXPERIMENT)
            if found is None:
                return str(self._client.create_experiment(EXPERIMENT, artifacts))
            if found.lifecycle_stage == "deleted":  # its name cannot be used again
                self._client.restore_experiment(found.experiment_id)
            return str(found.experiment_id)

    def _run(
        self,
        folder: TrialFolder,
        content: Content,
        record: Record,
        rows: Sequence[_Row],
        receipt: Receipt,
    ) -> Run:
        mark = {"film.trial_id": folder.trial_id, "film.kind": "trial"}
        new = mark, content.tags, content.name, record.started_at
        known = self._running.get(folder.trial_id)
        run = known or self.runs.recall(receipt, mark) or self.runs.find_or_create(*new)
        is_outdated = run.is_outdated(rows, record.generation)
        if is_outdated or (known is None and self._has_others(run, folder)):
            self._running.pop(folder.trial_id, None)
            self.runs.delete(run)
            run = self.runs.find_or_create(*new)
        return run

    # A receipt is written after what it is for: whoever died in between may have sent
    # an epoch that the trial lost, and computed again at another time.
    # MLflow is asked first: what it has by then, a folder has that is read afterwards.
    def _has_others(self, run: Run, folder: TrialFolder) -> bool:
        if run.is_new:
            return False
        sent = self._client.get_metric_history(run.run_id, ACCURACY)
        ours = {(row["epoch"], row["time_ms"]) for row in folder.read().epochs}
        if not ours:
            return False
        return any((point.step, point.timestamp) not in ours for point in sent)

    def _log(
        self, run: Run, content: Content, rows: Iterable[_Row], record: Record
    ) -> None:
        points: list[_Foreign] = []
        for row in rows:
            points += _points(epoch_metrics(row), row["time_ms"], row["epoch"])
        if record.summary is not None:
            at_ms = milliseconds(record.summary["finished_at"]) or 0
            points += _points(content.best.items(), at_ms, record.summary["epochs"])
        params = {} if run.is_described else content.params
        self._log_batch(run, points, params, content.tags)
        for tag in [tag for tag in run.tags if tag.startswith(STUDY_TAG)]:
            if tag not in content.tags:  # of a study that was edited
                self._client.delete_tag(run.run_id, tag)
                del run.tags[tag]
        if not run.is_described:
            self._client.log_inputs(run.run_id, [_data_input(content)])
            run.is_described = True

    def _log_batch(
        self,
        run: Run,
        points: list[_Foreign],
        params: Mapping[str, str],
        tags: Mapping[str, str],
    ) -> None:
        from mlflow.entities import Param, RunTag  # noqa: PLC0415 - 2 s to import

        said = {tag: value for tag, value in tags.items() if value or tag in run.tags}
        news = {tag: said[tag] for tag in said if run.tags.get(tag) != said[tag]}
        first, *others = _chunks(points) or [[]]
        if first or params or news:
            self._client.log_batch(
                run.run_id,
                metrics=first,
                params=[Param(name, value) for name, value in params.items()],
                tags=[RunTag(tag, value) for tag, value in news.items()],
            )
        for some in others:
            self._client.log_batch(run.run_id, metrics=some)
        run.tags |= news

    def _send_files(self, run: Run, folder: TrialFolder) -> None:
        home = self._local(run.artifacts)
        for name in _ARTIFACTS:
            path = folder.path / name
            if not path.is_file():
                continue
            if home is None:
                self._client.log_artifact(run.run_id, str(path))
                continue
            home.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, home / f".{name}")
            (home / f".{name}").replace(home / name)

    # MLflow would do the same, and ask its database twice before.
    def _local(self, uri: str) -> Path | None:
        parts = urlsplit(uri)
        path = Path(url2pathname(parts.path))
        is_ours = parts.scheme == "file" and path.is_relative_to(self._artifacts)
        return path if is_ours and ".." not in path.parts else None


def _points(
    values: Iterable[tuple[str, float]], at_ms: int, step: int
) -> list[_Foreign]:
    from mlflow.entities import Metric  # noqa: PLC0415 - 2 s to import

    return [Metric(key, value, at_ms, step) for key, value in values]


def _data_input(content: Content) -> _Foreign:
    from mlflow.entities import Dataset, DatasetInput, InputTag  # noqa: PLC0415 - above

    data = Dataset(
        name=content.data_name,
        digest=content.data[:_LONGEST_DIGEST],
        source_type="local",
        source=json.dumps({"fingerprint": content.data}),
    )
    return DatasetInput(data, [InputTag("mlflow.data.context", "training")])


def _chunks(points: list[_Foreign]) -> list[list[_Foreign]]:
    starts: Iterable[int] = range(0, len(points), _METRICS_PER_CALL)
    return [points[start : start + _METRICS_PER_CALL] for start in starts]
