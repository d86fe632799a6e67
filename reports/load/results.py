"""From the runs of trials to frames and vectors."""

import hashlib
import json
import math
import tempfile
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
from reports.load.addresses import is_server, without_password
from reports.load.run import Run
from reports.load.runs import runs_of_study, runs_of_trials, study_tag
from reports.results import (
    RUN,
    Answers,
    Questions,
    Results,
    RunState,
    Wanted,
    guess_of,
)
from studies.trial import BASELINE

__all__ = ["load_results", "recorded_trials"]

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
_SCREENED: Final = "film.screened_at_epoch"
_EPOCH_METRICS: Final = "train_loss", "train_accuracy", "val_loss", "val_accuracy"
_TRIAL: Final = "row", "group", "is_baseline", "seed", "trial_id"
_ENVIRONMENT: Final = "film", "torch", "python", "host", "device"
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
    records = _Reader(tracking_uri, with_epochs=with_epochs).read(wanted)
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
    tag = study_tag(study)
    rows = [
        {
            "row": run.tags.get(tag, ""),
            "seed": int(run.params.get("seed", 0)),
            "trial_id": run.trial_id,
            "data": run.tags.get("film.data", ""),
        }
        for run in sorted(runs_of_study(study, tracking_uri), key=_age)
    ]
    frame = pd.DataFrame(rows, columns=["row", "seed", "trial_id", "data"])
    return frame.drop_duplicates("trial_id", keep="last", ignore_index=True)


class _Reader:
    """Reads trials one after the other, sharing what they have in common."""

    def __init__(self, tracking_uri: str, *, with_epochs: bool) -> None:
        self._tracking_uri = tracking_uri
        self._with_epochs = with_epochs
        self._questions: dict[str, Questions] = {}

    def read(self, wanted: Mapping[str, str]) -> dict[str, _Record]:
        found: dict[str, Run] = {}
        for run in runs_of_trials(wanted, self._tracking_uri):
            found[run.trial_id] = max(run, found.get(run.trial_id, run), key=_rank)
        return {
            key: replace(
                self._record(found[key]), run=_origin(found[key], self._tracking_uri)
            )
            for key in wanted
            if key in found
        }

    def _record(self, run: Run) -> _Record:
        state = _state(run)
        if state is not RunState.FINISHED:
            return _Record(state)
        metrics = _metrics(run.metrics)
        if math.isnan(metrics.get("val_accuracy", math.nan)):
            note = f"{run.name} is FINISHED but has no accuracy: counted as missing"
            return _Record(RunState.MISSING, note=note)
        answers = self._answers(run)
        epochs = self._epochs(run)
        if answers is None or _agree(answers, metrics["val_accuracy"]):
            return _Record(state, metrics, answers, epochs)
        note = (
            f"{run.name}: its answers are not those of its accuracy and were not used"
        )
        return _Record(state, metrics, epochs=epochs, note=note)

    def _answers(self, run: Run) -> Answers | None:
        with self._file(run, _PREDICTIONS) as path:
            if path is None:
                return None
            try:
                with pq.ParquetFile(path) as file:  # read_table takes twice as long
                    known = file.schema_arrow.names
                    more = {_BY_EPOCH} & {*known} if self._with_epochs else set()
                    table = file.read(columns=[*_ANSWERS, *more], use_threads=False)
            except (pa.ArrowException, OSError) as error:
                msg = f"{_PREDICTIONS} of MLflow run {run.run_id} cannot be read"
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
    def _epochs(self, run: Run) -> list[dict[str, float]]:
        with self._file(run, _EPOCHS) as path:
            if path is None:
                return []
            try:
                lines = path.read_text(encoding="utf-8").splitlines()
                return [_epoch(json.loads(line)) for line in lines]
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                msg = f"{_EPOCHS} of MLflow run {run.run_id} cannot be read"
                raise ReportError(f"{msg}: {error}") from error

    # By its own address: by the run's id, MLflow asks its database four times more.
    @contextmanager
    def _file(self, run: Run, name: str) -> Iterator[Path | None]:
        address = urlsplit(run.artifact_uri)
        if address.scheme == "file":
            there = Path(url2pathname(address.path)) / name
            yield there if there.is_file() else None
            return
        from mlflow.artifacts import download_artifacts  # noqa: PLC0415 - 3 s to import
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - 3 s to import

        whole = address._replace(path=f"{address.path}/{name}").geturl()
        with tempfile.TemporaryDirectory() as folder:
            path: Path | None = None
            with suppress(MlflowException, OSError):
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
            guess = guess_of(kinds[1], labels[1])
            self._questions[digest] = Questions(
                scenes, kinds[0][kinds[1]], digest, guess, labels[1]
            )
        return self._questions[digest]


# A finished run before others, then the newest.
def _rank(run: Run) -> tuple[bool, int, str]:
    return _state(run) is RunState.FINISHED, *_age(run)


def _age(run: Run) -> tuple[int, str]:
    return run.start_time, run.run_id


def _state(run: Run) -> RunState:
    tag = run.tags.get("film.state", run.status)
    if tag not in RunState.__members__:
        known = ", ".join(RunState)
        msg = f"MLflow run {run.run_id} is in state {tag!r}; known are {known}"
        raise ReportError(msg)
    state = RunState(tag)
    is_screened = state is RunState.KILLED and run.tags.get(_SCREENED)
    return RunState.SCREENED if is_screened else state


# Where it is recorded, and what with and from what it was computed.
def _origin(run: Run, tracking_uri: str) -> dict[str, Any]:
    tags = run.tags
    place = f"/#/experiments/{run.experiment_id}/runs/{run.run_id}"
    server = without_password(tracking_uri).rstrip("/")
    return {
        "trial_id": tags.get("film.trial_id", ""),
        "run_id": run.run_id,
        "page": f"{server}{place}" if is_server(tracking_uri) else "",
        "data": tags.get("film.data", ""),
        **{name: tags.get(f"env.{name}", "") for name in _ENVIRONMENT},
        "commit": tags.get("mlflow.source.git.commit", ""),
        "has_changes": tags.get("env.git", "").endswith(" with changes"),
        "command": tags.get("film.command", ""),
        "peak_memory_bytes": run.metrics.get("peak_memory_bytes", math.nan),
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


def _by_epoch(table: pa.Table, order: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    lists = table.column(_BY_EPOCH).combine_chunks()
    right = lists.flatten().to_numpy(zero_copy_only=False).astype(bool)
    return np.asarray(right.reshape(len(table), -1)[order].T)


def _agree(answers: Answers, accuracy: float) -> bool:
    n = len(answers.correct)  # they are of one epoch: equal within half a question
    return n > 0 and abs(float(answers.correct.mean()) - accuracy) <= 0.5 / n + 1e-6
