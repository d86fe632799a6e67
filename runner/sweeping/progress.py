"""What a sweep looks like while it runs: counts, accuracies, time left."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, final

from runner.store.record import TrialState
from studies.trial import Trial

__all__ = ["Board", "Display", "Heartbeat", "RowStatus", "clock", "estimate_left_s"]


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """What a running trial says of itself after an epoch."""

    epoch: int
    best_val_accuracy: float
    wall_time_s: float


@dataclass(kw_only=True)
class _Cell:
    trial: Trial
    is_new: bool  # to be run by this launch
    state: TrialState = TrialState.QUEUED
    heartbeat: Heartbeat | None = None

    @property
    def epochs(self) -> int:
        return self.heartbeat.epoch if self.heartbeat else 0

    @property
    def max_epochs(self) -> int:
        return self.trial.max_epochs

    @property
    def is_over(self) -> bool:
        return self.state not in {TrialState.QUEUED, TrialState.RUNNING}


@dataclass(frozen=True, kw_only=True)
class RowStatus:
    """How far the runs of one row are."""

    label: str
    wanted: int
    finished: int
    running: int
    failed: int
    epochs: int  # of its runs together
    max_epochs: int
    best_val_accuracy: float | None  # mean of the best so far, over started runs


@final
class Board:
    """The state of every wanted trial, as the driver knows it."""

    def __init__(
        self,
        wanted: Sequence[Trial],
        to_run: Sequence[Trial],
        *,
        jobs: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set up a board before anything runs.

        Args:
            wanted: All trials that were asked for.
            to_run: Those that are to be run.
            jobs: How many run at once.
            clock: Seconds since any moment.
        """
        new = {trial.trial_id for trial in to_run}
        self.cells = {
            trial.trial_id: _Cell(trial=trial, is_new=trial.trial_id in new)
            for trial in wanted
        }
        self._jobs = jobs
        self._clock = clock
        self._started_at = clock()
        self._recalled: dict[str, Heartbeat] = {}

    @property
    def elapsed_s(self) -> float:
        """Seconds since the launch."""
        return self._clock() - self._started_at

    def move(self, trial_id: str, state: TrialState) -> None:
        """Note that a trial changed its state.

        Args:
            trial_id: Which.
            state: To what.
        """
        self.cells[trial_id].state = state

    def recall(self, trial_id: str, heartbeat: Heartbeat) -> None:
        """Note how far a trial had come before this launch.

        Args:
            trial_id: Which.
            heartbeat: Of its last recorded epoch.
        """
        self._recalled[trial_id] = heartbeat
        self.cells[trial_id].heartbeat = heartbeat

    def beat(self, trial_id: str, heartbeat: Heartbeat) -> None:
        """Note how far a trial is; epochs that are replayed tell nothing new.

        Args:
            trial_id: Which.
            heartbeat: What it says.
        """
        cell = self.cells[trial_id]
        if heartbeat.epoch > cell.epochs:
            cell.heartbeat = heartbeat

    def rows(self) -> list[RowStatus]:
        """Sum up the trials by row.

        Returns:
            Rows, in the study's order.
        """
        by_row: dict[str, list[_Cell]] = defaultdict(list)
        for cell in self.cells.values():
            by_row[cell.trial.row].append(cell)
        return [_row(label, cells) for label, cells in by_row.items()]

    def left_s(self) -> float | None:
        """Estimate the time left from the epochs that this launch has seen.

        Returns:
            Seconds; None before the first epoch is over.
        """
        spent: dict[str, list[tuple[int, float]]] = defaultdict(list)
        remaining: dict[str, list[int]] = defaultdict(list)
        for trial_id, cell in self.cells.items():
            row = cell.trial.row
            before = self._recalled.get(trial_id)
            if cell.heartbeat and cell.is_new:
                epochs = cell.epochs - (before.epoch if before else 0)
                seconds = cell.heartbeat.wall_time_s
                seconds -= before.wall_time_s if before else 0.0
                spent[row].append((epochs, seconds))
            if cell.is_new and not cell.is_over:
                remaining[row].append(max(cell.max_epochs - cell.epochs, 0))
        return estimate_left_s(spent, remaining, jobs=self._jobs)


def estimate_left_s(
    spent: dict[str, list[tuple[int, float]]],
    remaining: dict[str, list[int]],
    *,
    jobs: int,
) -> float | None:
    """Estimate how long the remaining epochs take.

    A row's own epochs tell how long one takes; a row without any counts as the mean
    of the others. The longest trial is a lower bound: it cannot be shared.

    Args:
        spent: Epochs and seconds of each trial, by row.
        remaining: Epochs left of each trial, by row.
        jobs: How many trials run at once.

    Returns:
        Seconds; None where no epoch was seen.
    """
    rates = {}
    for row, pairs in spent.items():
        epochs = sum(count for count, _ in pairs)
        if epochs > 0:
            rates[row] = sum(seconds for _, seconds in pairs) / epochs
    if not rates:
        return None
    usual = sum(rates.values()) / len(rates)
    lengths = [
        count * rates.get(row, usual)
        for row, counts in remaining.items()
        for count in counts
    ]
    if not lengths:
        return 0.0
    return max(sum(lengths) / jobs, *lengths)


def clock(seconds: float | None) -> str:
    """Write a duration for people.

    Args:
        seconds: How long; None where it is not known.

    Returns:
        ``0:42``, ``1:02:03``, ``2 d 03 h`` or a dash.
    """
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    if days:
        return f"{days} d {hours_left:02d} h"
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _row(label: str, cells: list[_Cell]) -> RowStatus:
    bad = {TrialState.FAILED, TrialState.DIVERGED}
    best = [cell.heartbeat.best_val_accuracy for cell in cells if cell.heartbeat]
    states = [cell.state for cell in cells]
    return RowStatus(
        label=label,
        wanted=len(cells),
        finished=states.count(TrialState.FINISHED),
        running=states.count(TrialState.RUNNING),
        failed=sum(state in bad for state in states),
        epochs=sum(
            cell.max_epochs if cell.state is TrialState.FINISHED else cell.epochs
            for cell in cells
        ),
        max_epochs=sum(cell.max_epochs for cell in cells),
        best_val_accuracy=sum(best) / len(best) if best else None,
    )


class Display(Protocol):
    """Shows a board, and lines beside it."""

    def refresh(self) -> None:
        """Show the board as it is now."""
        ...

    def say(self, line: str) -> None:
        """Show a line that stays.

        Args:
            line: The line.
        """
        ...
