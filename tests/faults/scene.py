"""One store that is hurt, launched again, and judged."""

import random
import time
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.faults.ground import WORKERS, Ground
from tests.faults.launching import PATIENCE_S, Launch, start, tail, wait_for
from tests.faults.seeing import TrialSeen, trials_in
from tests.faults.serving import Server

__all__ = ["GENTLY_STOPPED", "MissedError", "Scene", "SkippedError"]

MOST_LAUNCHES: Final = 2  # of the same command, after a fault
GENTLY_STOPPED: Final = frozenset({130, 143})  # 128 and the signal, as in a shell
_STARTING, _ENDING = 0.2, 0.2  # of the moments; the others are amid the training
_AFTER_EPOCH_S: Final = 0.6  # about as long as an epoch takes


class MissedError(Exception):
    """The launch was over before the fault could strike."""


class SkippedError(Exception):
    """This machine does not allow the fault; the reason is the message."""


@dataclass
class Scene:
    """A store, what happened to it, and what is wrong with that."""

    ground: Ground
    folder: Path
    rng: random.Random
    server: Server  # of MLflow, for those who need one
    rows: tuple[str, ...] = ()  # that go wrong, besides those of the study
    words: tuple[str, ...] = ()  # of every launch
    tracking_uri: str = ""  # empty: the store's own
    studies: set[str] = field(default_factory=lambda: {"faults"})
    part: tuple[int, int] = (0, 1)  # of how many faults in a row this is which
    launches: list[Launch] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    lines: dict[str, list[str]] = field(default_factory=dict)  # once recorded, kept
    marks: dict[str, str] = field(default_factory=dict)  # the same of done.json
    may_finish_again: set[str] = field(default_factory=set)  # damaged trials, once
    may_remain: set[str] = field(default_factory=set)  # what a damaged file is kept as

    @property
    def store(self) -> Path:
        """Where everything is that the launches write."""
        return self.folder / "store"

    @property
    def trials(self) -> list[TrialSeen]:
        """The trials as they are now."""
        return trials_in(self.store)

    @property
    def wanted(self) -> set[str]:
        """The trials that every study of the scene wants."""
        return set(self.ground.trials)

    @property
    def unfinished(self) -> list[str]:
        """The wanted trials that do not bear their mark yet.

        Raises:
            MissedError: There is none.
        """
        done = {trial.name for trial in self.trials if trial.done}
        left = sorted(self.wanted - done)
        if not left:
            raise MissedError
        return left

    @property
    def is_complete(self) -> bool:
        """Whether every wanted trial bears its mark."""
        return self.wanted <= {trial.name for trial in self.trials if trial.done}

    def say(self, line: str) -> None:
        """Note what was done, for the report."""
        self.said.append(line)

    def blame(self, problem: str) -> None:
        """Note what is wrong."""
        self.problems.append(problem)

    def start(self, *words: str, study: Path | None = None) -> Launch:
        """Call `film run` on the store."""
        study = study or self.ground.study(*self.rows)
        command = ["runner.cli", "run", str(study), "--store", str(self.store)]
        command += [*WORKERS, *self.words, *words]
        if self.tracking_uri:
            command += ["--tracking-uri", self.tracking_uri]
        launch = start(command, self.folder / "output")
        self.launches.append(launch)
        return launch

    def await_moment(self, launch: Launch) -> None:
        """Wait for a random moment of a launch.

        Raises:
            MissedError: It ended before.
        """
        number, count = self.part
        place = (number + self.rng.random()) / count
        if place < _STARTING:
            delay = self.ground.starting_s * place / _STARTING
            self._sleep(launch, delay)
            self.say(f"{delay:.1f} s after the start")
        elif place > 1 - _ENDING:
            self.await_epochs(launch, self.ground.n_epochs)
            delay = self.rng.random() * self.ground.seconds / 10
            self._sleep(launch, delay)
            self.say(f"{delay:.1f} s after the last epoch")
        else:
            middle = (place - _STARTING) / (1 - _STARTING - _ENDING)
            epochs = round(middle * (self.ground.n_epochs - 1))
            self.await_epochs(launch, epochs)
            delay = self.rng.random() * _AFTER_EPOCH_S
            self._sleep(launch, delay)
            self.say(f"{delay:.1f} s after epoch {epochs} of {self.ground.n_epochs}")

    def await_epochs(self, launch: Launch, count: int) -> None:
        """Wait until so many epochs are recorded, of all trials together."""
        self.await_that(
            launch, lambda: sum(len(trial.lines) for trial in self.trials) >= count
        )

    def await_that(self, launch: Launch, condition: Callable[[], object]) -> None:
        """Wait until something holds while a launch goes on.

        Raises:
            MissedError: The launch ended before.
        """
        wait_for(lambda: launch.is_over or condition(), PATIENCE_S)
        if launch.is_over:
            raise MissedError

    def _sleep(self, launch: Launch, seconds: float) -> None:
        until = time.monotonic() + seconds
        self.await_that(launch, lambda: time.monotonic() >= until)

    def end(self, launch: Launch, allowed: Container[int]) -> int:
        """Wait for the end of a launch, and judge its exit code.

        Args:
            launch: Which.
            allowed: The codes that would be true; 0 is so only of what is complete.
        """
        code = launch.wait()
        number = self.launches.index(launch) + 1
        if code is None:
            self.blame(f"launch {number} hung; killed after {PATIENCE_S:.0f} s")
            return -9
        if code not in allowed:
            said = tail(launch.errors)
            self.blame(f"launch {number} ended with exit code {code}: {said}")
        if code == 0 and not self.is_complete:
            self.blame(f"launch {number} ended with 0, but trials are missing")
        if "Traceback" in launch.errors.read_text(errors="replace"):
            self.blame(f"launch {number} shows a traceback: {tail(launch.errors)}")
        self.keep()
        return code

    def keep(self) -> None:
        """Remember what is recorded now: it may grow, but never change."""
        for trial in self.trials:
            kept = self.lines.get(trial.name, [])
            if trial.lines[: len(kept)] != kept:
                self.blame(f"{trial.name}: recorded epochs were recorded again")
            self.lines[trial.name] = trial.lines
            mark = self.marks.get(trial.name, "")
            if mark and trial.done != mark:
                if trial.name not in self.may_finish_again:
                    self.blame(f"{trial.name}: was finished, and was finished again")
                self.may_finish_again.discard(trial.name)
            self.marks[trial.name] = trial.done

    def forget(self, trial: TrialSeen, n_lines: int = 0) -> None:
        """Damage to a trial's files lets it compute, and record, something again."""
        self.lines[trial.name] = trial.lines[:n_lines]
        self.may_finish_again.add(trial.name)

    def recover(self, *, true_code: int = 0) -> int:
        """Launch the same command until it is content; say how often it took."""
        for number in range(1, MOST_LAUNCHES + 1):
            launch = self.start()
            allowed = {true_code} if number == MOST_LAUNCHES else {true_code, 0, 1}
            if self.end(launch, allowed) == true_code and self.is_complete:
                return number
        return MOST_LAUNCHES
