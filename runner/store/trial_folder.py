"""The folder of one trial: what nothing can lose.

A folder is written by one process at a time, which holds its lock while it trains.
Everything in it is whole or absent, and ``done.json``, written last, is the mark of a
finished trial. MLflow is a mirror of these folders.
"""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from film.errors import DivergedError
from runner.errors import BusyError
from runner.store.epochs import Epochs, is_same_epoch
from runner.store.files import (
    if_there,
    is_disk_full,
    read_json,
    write_json,
    write_text,
)
from runner.store.locks import Owner, is_held, lease
from runner.store.names import is_study_name
from runner.store.record import Record, TrialState
from runner.store.results import ANSWERS, EPOCHS, damaged_results, measured_results
from runner.store.saying import one_line
from studies.trial import Trial

__all__ = ["TrialFolder"]

_DESCRIBED: Final = {"row", "seed", "data", "config"}
_LABELS: Final = {"row", "group", "changes"}
_CHECKPOINTS: Final = ("checkpoint.pt", "checkpoint.previous.pt")


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
    def lock(self) -> Path:
        """Held by whoever trains here."""
        return self.path / "lock"

    @contextmanager
    def hold(self, say: Callable[[str], object] | None = None) -> Iterator[None]:
        """Keep every other process from training here.

        Entering waits until a dying or a living worker has let go.

        Args:
            say: Called with a line on who that is, where there is somebody.

        Yields:
            Nothing.
        """
        with ExitStack() as stack:
            if say is not None:
                try:
                    stack.enter_context(lease(self.lock, busy=_trains_here))
                except BusyError as busy:
                    say(f"waits: {busy}")
                else:
                    yield
                    return
            stack.enter_context(lease(self.lock))
            yield

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
                **trial.stage,
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
        home = self.path / "studies"
        files = sorted(map(home.joinpath, if_there(home, os.listdir) or ()))
        labels = {
            file.stem: read_json(file)
            for file in files
            if file.suffix == ".json" and is_study_name(file.stem)
        }
        return {study: said for study, said in labels.items() if said.keys() >= _LABELS}

    def wanted_as(self, study: str) -> dict[str, Any]:
        """Read as what a study wants this trial.

        Args:
            study: Its name.

        Returns:
            Row, group and changes; nothing where it does not want it.
        """
        said = read_json(self.path / "studies" / f"{study}.json")
        return said if said.keys() >= _LABELS else {}

    def state(self) -> TrialState:
        """Tell where the trial stands; what says RUNNING must also live.

        Returns:
            The state.
        """
        return self._looked_at()[2]

    # Between two looks at its files a trial may end: what had no end is looked at again
    # once nobody holds it, and all is said.
    def _looked_at(
        self,
    ) -> tuple[dict[str, Any], dict[str, Any] | None, TrialState]:
        for _ in range(2):
            said, summary = self._said(), self.summary()
            state = self._state(said, summary)
            if state is not TrialState.KILLED or said.get("state") == state:
                break
        return said, summary, state

    def _state(
        self, said: Mapping[str, Any], summary: Mapping[str, Any] | None
    ) -> TrialState:
        if summary is not None:
            return TrialState.FINISHED
        word = said.get("state")
        state = next((one for one in TrialState if one == word), TrialState.QUEUED)
        if state in {TrialState.RUNNING, TrialState.FINISHED}:
            return TrialState.RUNNING if is_held(self.lock) else TrialState.KILLED
        if state is TrialState.QUEUED and if_there(self.path / EPOCHS, Path.exists):
            return TrialState.KILLED  # it had begun: what said so is damaged
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

        Where a result is missing or has another size than at the end, the trial counts
        as finished no longer if its checkpoint makes that good in a moment, or if the
        answers to the questions are what is damaged: no table can do without.

        Returns:
            What is worth knowing of it; None where it is not finished, or its mark
            is damaged, so that it goes on from its last checkpoint.
        """
        said = read_json(self.path / "done.json")
        if not isinstance(said.get("best_val_accuracy"), float):
            return None
        damaged = damaged_results(self.path, said.pop("files", None), deeply=False)
        if damaged and (ANSWERS in damaged or self._has_checkpoint):
            return None
        return said

    def damage(self) -> tuple[str, ...]:
        """Read the results of a finished trial, and compare them with its mark.

        Returns:
            Names of files that are missing or not as they were when it ended.
        """
        said = read_json(self.path / "done.json")
        return damaged_results(self.path, said.get("files"), deeply=True)

    @property
    def _has_checkpoint(self) -> bool:
        return any(if_there(self.path / name, Path.is_file) for name in _CHECKPOINTS)

    def read(self) -> Record:
        """Read what there is.

        Returns:
            The record as it is now.
        """
        said, summary, state = self._looked_at()
        attempts = _attempts(said)
        return Record(
            state=state,
            error=str(said.get("error", "")),
            epochs=self._epochs(),
            summary=summary,
            started_at=attempts[0].get("started_at") if attempts else None,
            ended_at=attempts[-1].get("ended_at") if attempts else None,
            generation=_whole(said.get("generation")) or 0,
            screened_at_epoch=_whole(said.get("screened_at_epoch")),
        )

    def _said(self) -> dict[str, Any]:
        return read_json(self.path / "state.json")

    def _epochs(self) -> Epochs:
        return Epochs(if_there(self.path / EPOCHS, Path.read_bytes) or b"")

    def add_epoch(self, metrics: Mapping[str, Any]) -> None:
        """Record the metrics of an epoch, once: replaying adds nothing.

        Args:
            metrics: Numbers by name, among them ``epoch``, counted from 1.
        """
        rows = list(self._epochs())
        number = metrics["epoch"]
        if number <= len(rows) and is_same_epoch(rows[number - 1], metrics):
            return
        row = {**metrics, "time_ms": time.time_ns() // 1_000_000}
        lines = [json.dumps(kept) for kept in [*rows[: number - 1], row]]
        write_text(self.path / EPOCHS, "\n".join(lines) + "\n")

    @contextmanager
    def attempt(self, **means: str | int | None) -> Iterator[None]:
        """Say that the trial runs, and how it ended, whatever happens.

        Args:
            means: With what it runs, by name; attempts may differ in that.

        Yields:
            Nothing; what is raised inside is recorded and raised again.

        Raises:
            DivergedError: Raised inside, as everything else.
        """
        attempts = _attempts(self._said())
        attempts.append({"started_at": time.time(), "host": socket.gethostname()})
        attempts[-1] |= {"pid": os.getpid(), **means}
        self._say(TrialState.RUNNING, attempts)
        state, error = TrialState.KILLED, ""
        try:
            yield
            state = TrialState.FINISHED
        except DivergedError as problem:
            state, error = TrialState.DIVERGED, one_line(problem)
            raise
        except Exception as problem:
            # A disk that was full has room again one day, and the trial goes on.
            if not is_disk_full(problem):
                state = TrialState.FAILED
            error = one_line(problem)
            raise
        finally:
            attempts[-1]["ended_at"] = time.time()
            with _room_or_silence():
                self._say(state, attempts, error)

    def fail(self, error: str) -> None:
        """Record the failure of a trial whose process can no longer say so.

        Args:
            error: Why, in one line.
        """
        with _room_or_silence():
            self._say(TrialState.FAILED, _attempts(self._said()), error)

    def fail_unless_held(self, error: str) -> None:
        """Record the failure of a trial, unless another process trains it by now.

        Args:
            error: Why, in one line.
        """
        with suppress(BusyError), lease(self.lock, busy=str):
            if self.summary() is None:
                self.fail(error)

    def screened(self, epoch: int) -> None:
        """Note that a launch which only screened cut the trial short; it can go on.

        Args:
            epoch: The last one that it was given.
        """
        attempts = _attempts(self._said())
        self._say(TrialState.KILLED, attempts, screened_at_epoch=epoch)

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Mark the trial as finished; the last thing that is written.

        Args:
            summary: What is worth knowing of it without reading the epochs.

        Raises:
            OSError: The disk does not take it.
        """
        mark = {
            **summary,
            "finished_at": time.time(),
            "files": measured_results(self.path),
        }
        try:
            write_json(self.path / "done.json", mark)
        except OSError as problem:
            with _room_or_silence():
                attempts = _attempts(self._said())
                self._say(TrialState.KILLED, attempts, one_line(problem))
            raise

    def environment(self, content: Mapping[str, Any]) -> None:
        """Record with what and where the trial ran.

        Args:
            content: Versions, device and the like.
        """
        write_json(self.path / "environment.json", content)

    def forget_progress(self) -> None:
        """Let the next attempt begin at the first epoch, with the log kept."""
        for name in ("done.json", *_CHECKPOINTS, EPOCHS):
            (self.path / name).unlink(missing_ok=True)
        said = self._said()
        generation = (_whole(said.get("generation")) or 0) + 1
        write_json(self.path / "state.json", {**said, "generation": generation})

    def _say(
        self,
        state: TrialState,
        attempts: list[dict[str, Any]],
        error: str = "",
        **more: int,
    ) -> None:
        generation = _whole(self._said().get("generation")) or 0
        content = {"state": state, "error": error, "attempts": attempts}
        write_json(
            self.path / "state.json", {**content, "generation": generation, **more}
        )


def _trains_here(owner: Owner | None) -> str:
    return f"{owner or 'another process'} trains it"


# What a full disk did to a trial is raised already: that it cannot be noted as well
# must not hide it.
@contextmanager
def _room_or_silence() -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        if not is_disk_full(problem):
            raise


def _attempts(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    attempts = said.get("attempts")
    some = attempts if isinstance(attempts, list) else []
    return [attempt for attempt in some if isinstance(attempt, dict)]


def _whole(given: object) -> int | None:
    return given if type(given) is int else None
