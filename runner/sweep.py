"""A sweep as the driver sees it: run, shown and mirrored."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from runner.progress import Board, Display, Heartbeat
from runner.store.record import Record, TrialState
from runner.store.workspace import Workspace
from runner.tracking.mirror import Mirror
from runner.trial import TrialJob
from runner.tune.sweeping import run_sweep
from runner.workers import Workers
from studies.trial import Trial

__all__ = ["SweepView", "board_of", "sweep"]

_CRASHED = (
    "its process died twice without a word, perhaps for want of memory; "
    "fewer jobs (-j) leave each one more"
)


def board_of(
    wanted: Sequence[Trial],
    records: Mapping[str, Record],
    to_run: Sequence[Trial],
    workers: Workers,
) -> Board:
    """Set up the board of a launch from what is recorded.

    Args:
        wanted: All trials that were asked for.
        records: What is known of them, by ``trial_id``.
        to_run: Those that are to be run.
        workers: On what.

    Returns:
        The board before anything runs.
    """
    board = Board(wanted, to_run, jobs=workers.jobs)
    for trial in wanted:
        record = records[trial.trial_id]
        if record.epochs:
            last = record.epochs[-1]
            heartbeat = Heartbeat(
                epoch=last["epoch"],
                best_val_accuracy=last["best_val_accuracy"],
                wall_time_s=last["wall_time_s"],
            )
            board.recall(trial.trial_id, heartbeat)
        if record.state in {TrialState.FINISHED, TrialState.DIVERGED}:
            board.move(trial.trial_id, record.state)
    return board


def sweep(
    trials: Sequence[Trial],
    data: Path,
    workers: Workers,
    workspace: Workspace,
    view: "SweepView",
) -> bool:
    """Run trials on Ray's workers.

    Args:
        trials: What to run, in order.
        data: The store to learn from.
        workers: On what.
        workspace: Where to.
        view: Shows and mirrors what happens.

    Returns:
        Whether it was interrupted.
    """
    jobs = []
    for trial in trials:
        folder = workspace.trial(trial.trial_id)
        folder.describe(trial)
        jobs.append(
            TrialJob(
                trial=trial,
                data=data,
                folder=folder.path,
                device=workers.device,
                n_threads=workers.n_threads,
                n_jobs=workers.jobs,
                command=tuple(sys.argv),
            )
        )
    return run_sweep(jobs, workers, view)


@final
@dataclass(frozen=True)
class SweepView:
    """Listens to a sweep: keeps the board, the mirror and the display up to date."""

    workspace: Workspace
    board: Board
    mirror: Mirror
    display: Display

    def started(self, trial_id: str) -> None:
        """Note that a worker took up a trial.

        Args:
            trial_id: Which.
        """
        self.board.move(trial_id, TrialState.RUNNING)

    def beat(self, trial_id: str, heartbeat: Heartbeat) -> None:
        """Note that an epoch is over.

        Args:
            trial_id: Of which trial.
            heartbeat: How far it is.
        """
        self.board.beat(trial_id, heartbeat)
        self.mirror.trial(self.workspace.trial(trial_id))

    def ended(self, trial_id: str, *, crashed: bool) -> None:
        """Note how a trial ended.

        Args:
            trial_id: Which.
            crashed: Whether its process died without a word.
        """
        folder = self.workspace.trial(trial_id)
        if crashed:
            folder.fail(_CRASHED)
        record = folder.read()
        self.board.move(trial_id, record.state)
        self.mirror.trial(folder)
        if record.error:
            name = self.board.cells[trial_id].trial.name
            self.display.say(f"{name} {record.state}: {record.error} ({folder.log})")

    def idle(self) -> None:
        """Let the display keep up."""
        self.display.refresh()

    def stopping(self) -> None:
        """Say that Ctrl-C was heard."""
        self.display.say("stopping; whole epochs are kept (Ctrl-C again: at once)")
