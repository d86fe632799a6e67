"""The only reader of MLflow: from a study's wanted trials to what was recorded."""

import hashlib
import json
import math
import os
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from film.data.programs import QuestionType
from reports.errors import ReportError
from reports.results import RUN, Answers, Questions, Results, RunState, Wanted
from studies.trial import BASELINE

__all__ = ["is_server", "load_results", "recorded_trials", "without_password"]

_EXPERIMENT: Final = "film"
_TYPE_METRIC: Final = "best/val_accuracy_"
_METRICS: Final = {
    "best/val_accuracy": "val_accuracy",
    "best/epoch": "best_epoch",
    "wall_time_s": "wall_time_s",
}
_PREDICTIONS: Final = "predictions.parquet"
_ANSWERS: Final = ["question", "image", "type", "label", "correct"]
_BY_EPOCH: Final = "correct_by_epoch"
_EPOCHS: Final = "metrics.jsonl"
_EPOCH_METRICS: Final = "train_loss", "train_accuracy", "val_loss", "val_accuracy"
_TRIAL: Final = "row", "group", "is_baseline", "seed", "trial_id"
_ENVIRONMENT: Final = "film", "torch", "python", "host", "device"
_SQLITE: Final = "sqlite:///"
_SERVERS: Final = "http", "https"
_FEW: Final = 5  # trials that are looked for one by one
_SOME: Final = 50  # more of them are looked for among all
_Foreign = Any  # MLflow's objects carry no types
_Words = tuple[npt.NDArray[np.str_], npt.NDArray[np.int64]]


@dataclass(frozen=True)
class _Record:
    """What MLflow holds of one trial."""

    state: RunState = RunState.MISSING
    metrics: Mapping[str, float] = field(default_factory=dict)
    answers: Answers | None = None
    epochs: Sequence[Mapping[str, float]] = ()
    note: str = ""
    run: Mapping[str, Any] = field(default_factory=dict)


def load_results(
    trials: Sequence[Wanted], tracking_uri: str, *, with_epochs: bool = False
) -> Results:
    """Read what was recorded of the wanted trials.

    Nothing is created: a store that does not exist yet holds no run.

    Args:
        trials: The wanted trials, in the study's order.
        tracking_uri: MLflow's store, as ``sqlite:///PATH`` or the address of a server.
        with_epochs: Read the answers after every epoch too, where they were recorded.

    Returns:
        One row per wanted trial, finished or not, and the answers of finished ones.
    """
    wanted = {trial.trial_id: trial.study for trial in trials}
    records = _read(wanted, tracking_uri, with_epochs=with_epochs)
    rows = [_row(trial, records.get(trial.trial_id, _Record())) for trial in trials]
    types = sorted({name for row in rows for name in row if _is_type(name)}, key=_order)
    fixed = [name for name in rows[0] if not _is_type(name)] if rows else []
    epochs = [
        {**{name: row[name] for name in _TRIAL}, **epoch}
        for row in rows
        if row["trial_id"] in records
        for epoch in records[row["trial_id"]].epochs
    ]
    of_epochs = [*_TRIAL, "epoch", *_EPOCH_METRICS, *types]
    return Results(
        trials=pd.DataFrame(rows, columns=[*fixed, *types]),
        curves=pd.DataFrame(epochs, columns=of_epochs),
        answers={
            trial_id: record.answers
            for trial_id, record in records.items()
            if record.answers is not None
        },
        notes=tuple(record.note for record in records.values() if record.note),
        runs=pd.DataFrame([one.run for one in records.values()], columns=RUN),
    )


def _is_type(column: str) -> bool:
    return column.startswith("val_accuracy_")


def _order(column: str) -> tuple[int, str]:  # CLEVR's types first, in its order
    names = [str(name) for name in QuestionType]
    name = column.removeprefix("val_accuracy_")
    return (names.index(name) if name in names else len(names), name)


def _row(trial: Wanted, record: _Record) -> dict[str, Any]:
    changes = trial.changes
    return {
        "row": trial.row,
        "group": trial.group,
        "is_baseline": trial.row == BASELINE,
        "seed": trial.seed,
        "trial_id": trial.trial_id,
        "changes": ", ".join(f"{key} = {value}" for key, value in changes.items()),
        "state": record.state,
        **dict.fromkeys(_METRICS.values(), math.nan),
        **record.metrics,
    }


def recorded_trials(study: str, tracking_uri: str) -> pd.DataFrame:
    """List what is recorded of a study, whatever its file asks for by now.

    Args:
        study: Its name.
        tracking_uri: MLflow's store.

    Returns:
        One row per trial, the newest last: ``row``, ``seed``, ``trial_id`` and ``data``
        (the fingerprint of what it learnt from).
    """
    tag = f"film.study.{study}"
    found: Sequence[_Foreign] = ()
    if not _is_missing(tracking_uri):
        with _asking(tracking_uri) as (client, absent):
            reader = _Reader(client, tracking_uri, absent, with_epochs=False)
            found = reader.recorded(tag)
    rows = [
        {
            "row": run.data.tags.get(tag, ""),
            "seed": int(run.data.params.get("seed", 0)),
            "trial_id": run.data.tags.get("film.trial_id", ""),
            "data": run.data.tags.get("film.data", ""),
        }
        for run in found
    ]
    return pd.DataFrame(rows, columns=["row", "seed", "trial_id", "data"])


def _read(
    wanted: Mapping[str, str], tracking_uri: str, *, with_epochs: bool
) -> dict[str, _Record]:
    if _is_missing(tracking_uri):
        return {}
    with _asking(tracking_uri) as (client, absent):
        reader = _Reader(client, tracking_uri, absent, with_epochs=with_epochs)
        return reader.read(wanted)


def _is_missing(tracking_uri: str) -> bool:
    is_file = tracking_uri.startswith(_SQLITE)
    return is_file and not _sqlite_file(tracking_uri).exists()


# MLflow's client, and what it raises where something is not there.
@contextmanager
def _asking(tracking_uri: str) -> Iterator[tuple[_Foreign, type[Exception]]]:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a report phones nobody
    with warnings.catch_warnings():
        # MLflow 3.17 uses a loader that SQLAlchemy 2.1 deprecates.
        warnings.filterwarnings("ignore", message=".*noload.*loader strategy")
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - 3 s to import
        from mlflow.tracking import MlflowClient  # noqa: PLC0415 - 3 s to import
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - comes with MLflow

        shown = without_password(tracking_uri)
        try:
            yield MlflowClient(tracking_uri), MlflowException
        except (MlflowException, SQLAlchemyError) as error:
            reason = without_password(str(error).partition("\n")[0])
            raise ReportError(f"cannot read the runs in {shown}: {reason}") from error
        except ModuleNotFoundError as error:
            msg = (
                f"cannot read the runs in {shown}: this kind of database needs "
                f"the Python module {error.name}, which is not installed"
            )
            raise ReportError(msg) from error


def _sqlite_file(tracking_uri: str) -> Path:
    return Path(tracking_uri.removeprefix(_SQLITE).partition("?")[0])


def is_server(tracking_uri: str) -> bool:
    """Tell whether an address is a server's, and not a file's.

    Args:
        tracking_uri: Of MLflow.

    Returns:
        Whether others can reach it.
    """
    return tracking_uri.partition("://")[0] in _SERVERS


def without_password(text: str) -> str:
    """Leave out the password of a database or a server that may be named with one.

    Args:
        text: An address, or a message with one in it.

    Returns:
        The text with stars in its place.
    """
    return re.sub(r"://[^/?#\s'\"]*@", "://***@", text)


class _Reader:
    """Reads trials one after the other, sharing what they have in common."""

    def __init__(
        self,
        client: _Foreign,
        tracking_uri: str,
        absent: type[Exception],
        *,
        with_epochs: bool,
    ) -> None:
        self._client = client
        self._tracking_uri = tracking_uri
        self._absent = absent
        self._with_epochs = with_epochs
        self._questions: dict[str, Questions] = {}

    def read(self, wanted: Mapping[str, str]) -> dict[str, _Record]:
        experiment = self._client.get_experiment_by_name(_EXPERIMENT)
        if experiment is None:
            return {}
        found = self._find(experiment.experiment_id, wanted)
        return {
            key: replace(
                self._record(found[key]), run=_origin(found[key], self._tracking_uri)
            )
            for key in wanted
            if key in found
        }

    def recorded(self, tag: str) -> list[_Foreign]:
        experiment = self._client.get_experiment_by_name(_EXPERIMENT)
        if experiment is None:
            return []
        found = self._search(experiment.experiment_id, [f"tags.`{tag}` LIKE '%'"])
        return sorted(found.values(), key=lambda run: (_start(run), run.info.run_id))

    # A search costs about as much as five of the runs that it finds. What other studies
    # have computed may not have been said to be this one's.
    def _find(self, experiment: str, wanted: Mapping[str, str]) -> dict[str, _Foreign]:
        queries = [f"tags.`film.study.{one}` LIKE '%'" for one in {*wanted.values()}]
        found = self._search(experiment, queries if len(wanted) > _FEW else [])
        missing = [trial_id for trial_id in wanted if trial_id not in found]
        by_id = [f"tags.`film.trial_id` = '{trial_id}'" for trial_id in missing]
        return found | self._search(experiment, by_id if len(by_id) <= _SOME else [""])

    def _search(self, experiment: str, queries: Sequence[str]) -> dict[str, _Foreign]:
        found: dict[str, _Foreign] = {}
        for query in queries:
            full = " AND ".join(filter(None, [query, "tags.`film.kind` = 'trial'"]))
            token = None
            while token != "":
                page = self._client.search_runs([experiment], full, page_token=token)
                token = page.token or ""
                for run in page:
                    trial_id = run.data.tags.get("film.trial_id", "")
                    found[trial_id] = max(run, found.get(trial_id, run), key=_rank)
        return found

    def _record(self, run: _Foreign) -> _Record:
        state = _state(run)
        if state is not RunState.FINISHED:
            return _Record(state)
        metrics = _metrics(run.data.metrics)
        if math.isnan(metrics.get("val_accuracy", math.nan)):
            name = run.data.tags.get("mlflow.runName", run.info.run_id)
            note = f"{name} is FINISHED but has no accuracy: counted as missing"
            return _Record(RunState.MISSING, note=note)
        answers = self._answers(run)
        epochs = self._epochs(run)
        if answers is None or _agree(answers, metrics["val_accuracy"]):
            return _Record(state, metrics, answers, epochs)
        name = run.data.tags.get("mlflow.runName", run.info.run_id)
        note = f"{name}: its answers are not those of its accuracy and were not used"
        return _Record(state, metrics, epochs=epochs, note=note)

    def _answers(self, run: _Foreign) -> Answers | None:
        with self._file(run, _PREDICTIONS) as path:
            if path is None:
                return None
            try:
                with pq.ParquetFile(path) as file:  # read_table takes twice as long
                    known = file.schema_arrow.names
                    more = {_BY_EPOCH} & {*known} if self._with_epochs else set()
                    table = file.read(columns=[*_ANSWERS, *more], use_threads=False)
            except (pa.ArrowException, OSError) as error:
                msg = f"{_PREDICTIONS} of MLflow run {run.info.run_id} cannot be read"
                raise ReportError(f"{msg}: {error}") from error
        rows = _integers(table, "question")
        order = np.argsort(rows, kind="stable")
        return Answers(
            self._shared(table, order),
            table.column("correct").to_numpy()[order].astype(bool),
            _by_epoch(table, order) if more else None,
        )

    # One file has every metric of every epoch: asking for their histories one by one
    # would take a call each.
    def _epochs(self, run: _Foreign) -> list[dict[str, float]]:
        with self._file(run, _EPOCHS) as path:
            if path is None:
                return []
            try:
                lines = path.read_text(encoding="utf-8").splitlines()
                return [_epoch(json.loads(line)) for line in lines]
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                msg = f"{_EPOCHS} of MLflow run {run.info.run_id} cannot be read"
                raise ReportError(f"{msg}: {error}") from error

    # By its own address: by the run's id, MLflow asks its database four times more.
    @contextmanager
    def _file(self, run: _Foreign, name: str) -> Iterator[Path | None]:
        from mlflow.artifacts import download_artifacts  # noqa: PLC0415 - 3 s to import

        address = urlsplit(run.info.artifact_uri)
        if address.scheme == "file":
            there = Path(url2pathname(address.path)) / name
            yield there if there.is_file() else None
            return
        whole = address._replace(path=f"{address.path}/{name}").geturl()
        with tempfile.TemporaryDirectory() as folder:
            path: Path | None = None
            with suppress(self._absent, OSError):
                path = Path(
                    download_artifacts(
                        artifact_uri=whole,
                        dst_path=folder,
                        tracking_uri=self._tracking_uri,
                    )
                )
            yield path

    # The runs of a study answer the same questions: of these one copy is kept.
    def _shared(self, table: pa.Table, order: npt.NDArray[np.int64]) -> Questions:
        rows, scenes = (_integers(table, one)[order] for one in ("question", "image"))
        kinds, labels = (_words(table, one, order) for one in ("type", "label"))
        content = hashlib.sha256(rows.tobytes() + scenes.tobytes())
        for words, codes in (kinds, labels):
            content.update("\0".join(words).encode() + b"\0" + codes.tobytes())
        digest = content.hexdigest()
        if digest not in self._questions:
            self._questions[digest] = Questions(
                scenes, kinds[0][kinds[1]], digest, guess=_guess(kinds, labels)
            )
        return self._questions[digest]


# A finished run before others, then the newest.
def _rank(run: _Foreign) -> tuple[bool, int, str]:
    is_finished = _state(run) is RunState.FINISHED
    return is_finished, _start(run), run.info.run_id


def _start(run: _Foreign) -> int:
    return run.info.start_time or 0


def _state(run: _Foreign) -> RunState:
    tag = run.data.tags.get("film.state", run.info.status)
    if tag not in RunState.__members__:
        known = ", ".join(RunState)
        msg = f"MLflow run {run.info.run_id} is in state {tag!r}; known are {known}"
        raise ReportError(msg)
    return RunState(tag)


# Where it is recorded, and what with and from what it was computed.
def _origin(run: _Foreign, tracking_uri: str) -> dict[str, Any]:
    tags, info = run.data.tags, run.info
    place = f"/#/experiments/{info.experiment_id}/runs/{info.run_id}"
    server = without_password(tracking_uri).rstrip("/")
    return {
        "trial_id": tags.get("film.trial_id", ""),
        "run_id": info.run_id,
        "page": f"{server}{place}" if is_server(tracking_uri) else "",
        "data": tags.get("film.data", ""),
        **{name: tags.get(f"env.{name}", "") for name in _ENVIRONMENT},
        "commit": tags.get("mlflow.source.git.commit", ""),
        "has_changes": tags.get("env.git", "").endswith(" with changes"),
        "command": tags.get("film.command", ""),
        "peak_memory_bytes": run.data.metrics.get("peak_memory_bytes", math.nan),
    }


def _metrics(recorded: Mapping[str, float]) -> dict[str, float]:
    named = {ours: recorded[key] for key, ours in _METRICS.items() if key in recorded}
    by_type = {
        f"val_accuracy_{key.removeprefix(_TYPE_METRIC)}": value
        for key, value in recorded.items()
        if key.startswith(_TYPE_METRIC)
    }
    return named | by_type


def _epoch(row: Mapping[str, Any]) -> dict[str, float]:
    by_type = row["val_accuracy_by_type"].items()
    return {
        "epoch": row["epoch"],
        **{name: row[name] for name in _EPOCH_METRICS},
        **{f"val_accuracy_{name}": value for name, value in by_type},
    }


def _integers(table: pa.Table, name: str) -> npt.NDArray[np.int64]:
    return np.asarray(table.column(name).to_numpy(), dtype=np.int64)


# The words that occur, sorted, and which of them stands in each line.
def _words(table: pa.Table, name: str, order: npt.NDArray[np.int64]) -> _Words:
    column = table.column(name).cast(pa.string()).combine_chunks().dictionary_encode()
    words = np.asarray(column.dictionary.to_pylist(), dtype=np.str_)
    known, places = np.unique(words, return_inverse=True)
    codes = np.asarray(column.indices.to_numpy(zero_copy_only=False))[order]
    return known, places[codes]


# Of answering each type with its most frequent answer.
def _guess(kinds: _Words, labels: _Words) -> float:
    counts = np.zeros((len(kinds[0]), len(labels[0])), dtype=np.int64)
    np.add.at(counts, (kinds[1], labels[1]), 1)
    return float(counts.max(axis=1).sum() / len(kinds[1]))


def _by_epoch(table: pa.Table, order: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    lists = table.column(_BY_EPOCH).combine_chunks()
    right = lists.flatten().to_numpy(zero_copy_only=False).astype(bool)
    return np.asarray(right.reshape(len(table), -1)[order].T)


def _agree(answers: Answers, accuracy: float) -> bool:
    n = len(answers.correct)  # they are of one epoch: equal within half a question
    return n > 0 and abs(float(answers.correct.mean()) - accuracy) <= 0.5 / n + 1e-6
