"""The folder of one trial: what nothing can lose.

A folder is written by one process at a time, which holds its lock while it trains.
Everything in it is whole or absent, and ``done.json``, written last, is the mark of a
finished trial. MLflow is a mirror of these folders.
"""

import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from film.errors import DivergedError
from runner.store.files import read_json, write_json, write_text
from runner.store.locks import is_held, lease
from studies.trial import Trial

__all__ = ["Record", "TrialFolder", "TrialState", "one_line"]

_DESCRIBED: Final = {"row", "seed", "data", "config"}
_LABELS: Final = {"row", "group", "changes"}
_TIMES: Final = ("time_ms", "wall_time_s", "questions_per_s")


class TrialState(StrEnum):
    """Where a trial stands."""

    QUEUED = "QUEUED"  # wanted, and never started
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"  # stopped on the way; goes on when launched again
    DIVERGED = "DIVERGED"  # a loss that is no number: it would be so again


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a trial's folder says at one moment."""

    state: TrialState
    error: str = ""  # one line, where it failed
    epochs: tuple[Mapping[str, Any], ...] = ()
    summary: Mapping[str, Any] | None = None  # of a finished trial
    started_at: float | None = None  # of the first attempt, seconds since 1970
    ended_at: float | None = None  # of the last one

    @property
    def wall_time_s(self) -> float:
        """Seconds of training, over all attempts."""
        return float(self.epochs[-1]["wall_time_s"]) if self.epochs else 0.0


@dataclass(frozen=True)
class TrialFolder:
    """Reads and writes the folder of one trial."""

    path: Path

    @property
    def trial_id(self) -> str:
        """What is computed here."""
        return self.path.name

    @property
    def is_recorded(self) -> bool:
        """Whether a trial was ever described here."""
        return bool(self.description())

    @property
    def log(self) -> Path:
        """What the trial said while it ran."""
        return self.path / "log.txt"

    @cached_property
    def _lock(self) -> Path:
        return self.path / "lock"

    def hold(self) -> AbstractContextManager[None]:
        """Keep every other process from training here.

        Returns:
            A context; entering waits until a dying or a living worker has let go.
        """
        return lease(self._lock)

    def describe(self, trial: Trial) -> None:
        """Write down what is computed here, and who wants it by which name.

        Args:
            trial: The trial of this folder.
        """
        labels = {
            "row": trial.row,
            "group": trial.group,
            "changes": dict(trial.changes),
        }
        if not self.is_recorded:
            content = {
                "trial_id": trial.trial_id,
                "study": trial.study,
                **labels,
                "seed": trial.seed,
                "data": trial.data,
                "config": trial.config.flat(),
            }
            write_json(self.path / "config.json", content)
        wanted_by = self.path / "studies" / f"{trial.study}.json"
        if trial.study and read_json(wanted_by) != labels:
            write_json(wanted_by, labels)

    def description(self) -> dict[str, Any]:
        """Read what is computed here.

        Returns:
            The row and seed it was first wanted as, and its configuration; nothing
            where it was never described, or cannot be read.
        """
        said = read_json(self.path / "config.json")
        return said if said.keys() >= _DESCRIBED else {}

    def wanted_by(self) -> dict[str, dict[str, Any]]:
        """Read which studies want this trial.

        Returns:
            Row, group and changes by the name of the study.
        """
        files = sorted((self.path / "studies").glob("*.json"))
        labels = {file.stem: read_json(file) for file in files}
        return {study: said for study, said in labels.items() if said.keys() >= _LABELS}

    def state(self) -> TrialState:
        """Tell where the trial stands; what says RUNNING must also live.

        Returns:
            The state.
        """
        if self.summary() is not None:
            return TrialState.FINISHED
        word = read_json(self.path / "state.json").get("state")
        state = next((one for one in TrialState if one == word), TrialState.QUEUED)
        if state in {TrialState.RUNNING, TrialState.FINISHED}:
            return TrialState.RUNNING if is_held(self._lock) else TrialState.KILLED
        return state

    def withdraw(self, study: str) -> bool:
        """Note that a study wants this trial no longer; what was computed stays.

        Args:
            study: Its name.

        Returns:
            Whether it did before.
        """
        label = self.path / "studies" / f"{study}.json"
        is_wanted = label.is_file()
        label.unlink(missing_ok=True)
        return is_wanted

    def summary(self) -> dict[str, Any] | None:
        """Read the mark of a finished trial.

        Returns:
            What is worth knowing of it; None where it is not finished, or its mark
            is damaged, so that it goes on from its last checkpoint.
        """
        said = read_json(self.path / "done.json")
        return said if isinstance(said.get("best_val_accuracy"), float) else None

    def read(self) -> Record:
        """Read what there is.

        Returns:
            The record as it is now.
        """
        attempts = self._attempts()
        return Record(
            state=self.state(),
            error=str(read_json(self.path / "state.json").get("error", "")),
            epochs=tuple(self._epochs()),
            summary=self.summary(),
            started_at=attempts[0].get("started_at") if attempts else None,
            ended_at=attempts[-1].get("ended_at") if attempts else None,
        )

    def _attempts(self) -> list[dict[str, Any]]:
        said = read_json(self.path / "state.json").get("attempts")
        attempts = said if isinstance(said, list) else []
        return [attempt for attempt in attempts if isinstance(attempt, dict)]

    def _epochs(self) -> Iterator[dict[str, Any]]:
        try:
            lines = (self.path / "metrics.jsonl").read_bytes().splitlines()
        except OSError:
            return
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
            except ValueError:
                return  # the torn last line of a crash
            if not isinstance(row, dict) or row.get("epoch") != number:
                return
            yield row

    def add_epoch(self, metrics: Mapping[str, Any]) -> None:
        """Record the metrics of an epoch, once: replaying adds nothing.

        Args:
            metrics: Numbers by name, among them ``epoch``, counted from 1.
        """
        path = self.path / "metrics.jsonl"
        rows = list(self._epochs())
        number = metrics["epoch"]
        if number <= len(rows) and _same(rows[number - 1], metrics):
            return
        row = {**metrics, "time_ms": time.time_ns() // 1_000_000}
        lines = [json.dumps(kept) for kept in [*rows[: number - 1], row]]
        write_text(path, "\n".join(lines) + "\n")

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Say that the trial runs, and how it ended, whatever happens.

        Yields:
            Nothing; what is raised inside is recorded and raised again.

        Raises:
            DivergedError: Raised inside, as everything else.
        """
        attempts = self._attempts()
        attempts.append({"started_at": time.time(), "host": socket.gethostname()})
        attempts[-1]["pid"] = os.getpid()
        self._say(TrialState.RUNNING, attempts)
        state, error = TrialState.KILLED, ""
        try:
            yield
            state = TrialState.FINISHED
        except DivergedError as problem:
            state, error = TrialState.DIVERGED, one_line(problem)
            raise
        except Exception as problem:
            state, error = TrialState.FAILED, one_line(problem)
            raise
        finally:
            attempts[-1]["ended_at"] = time.time()
            self._say(state, attempts, error)

    def fail(self, error: str) -> None:
        """Record the failure of a trial whose process can no longer say so.

        Args:
            error: Why, in one line.
        """
        self._say(TrialState.FAILED, self._attempts(), error)

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Mark the trial as finished; the last thing that is written.

        Args:
            summary: What is worth knowing of it without reading the epochs.
        """
        write_json(self.path / "done.json", {**summary, "finished_at": time.time()})

    def environment(self, content: Mapping[str, Any]) -> None:
        """Record with what and where the trial ran.

        Args:
            content: Versions, device and the like.
        """
        write_json(self.path / "environment.json", content)

    def forget_progress(self) -> None:
        """Let the next attempt begin at the first epoch, with the log kept."""
        for name in ("checkpoint.pt", "metrics.jsonl"):
            (self.path / name).unlink(missing_ok=True)

    def _say(
        self, state: TrialState, attempts: list[dict[str, Any]], error: str = ""
    ) -> None:
        content = {"state": state, "error": error, "attempts": attempts}
        write_json(self.path / "state.json", content)


# Recomputed bits are the same; how long they took is not.
def _same(row: Mapping[str, Any], metrics: Mapping[str, Any]) -> bool:
    def computed(values: Mapping[str, Any]) -> str:
        kept = {key: value for key, value in values.items() if key not in _TIMES}
        return json.dumps(kept, sort_keys=True)

    return computed(row) == computed(metrics)


def one_line(problem: Exception) -> str:
    """Say an error as a record does.

    Args:
        problem: The error.

    Returns:
        Its message, with its kind where it is not the suite's own.
    """
    text = " ".join(str(problem).split())
    return text if isinstance(problem, DivergedError) else f"{_kind(problem)}{text}"


def _kind(problem: Exception) -> str:
    is_ours = type(problem).__module__.partition(".")[0] in {"film", "studies"}
    return "" if is_ours else f"{type(problem).__name__}: "
