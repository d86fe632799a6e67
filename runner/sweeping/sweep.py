"""A sweep as the driver sees it: run, shown and mirrored."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from runner.planning.sources import DataSource
from runner.store.record import Record, TrialState
from runner.store.workspace import Workspace
from runner.sweeping.needs import Measured, Peaks
from runner.sweeping.progress import Board, Display, Heartbeat, clock
from runner.sweeping.stopping import Stop, Wish, Wishes
from runner.sweeping.workers import Workers
from runner.tracking.mirror import Mirror
from runner.tune.sweeping import run_sweep
from runner.working.job import TrialJob
from runner.working.revision import revision
from studies.trial import Trial

__all__ = ["SweepView", "board_of", "measured_of", "sweep"]


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


def measured_of(wanted: Sequence[Trial], records: Mapping[str, Record]) -> Measured:
    """Learn what trials take from those that ran before.

    Args:
        wanted: All trials that were asked for.
        records: What is known of them, by ``trial_id``.

    Returns:
        What was measured.
    """
    measured = Measured()
    for trial in wanted:
        measured.learn(trial, records[trial.trial_id])
    return measured


def sweep(
    trials: Sequence[Trial],
    source: DataSource,
    workers: Workers,
    view: "SweepView",
    *,
    screens: bool = False,
) -> Stop | None:
    """Run trials on Ray's workers.

    Args:
        trials: What to run, in order.
        source: What to learn from.
        workers: On what.
        view: Shows and mirrors what happens.
        screens: End trials early that are less promising than others.

    Returns:
        Why it ended early; None where everything was tried.
    """
    jobs = []
    for trial in trials:
        folder = view.workspace.trial(trial.trial_id)
        folder.describe(trial)
        jobs.append(
            TrialJob(
                trial=trial,
                data=source.directory,
                world=source.world if workers.storage else None,
                folder=folder.path,
                parent=view.workspace.trial(trial.parent).path
                if trial.parent
                else None,
                storage=workers.storage,
                device=workers.device,
                n_threads=workers.n_threads,
                n_jobs=workers.per_machine or workers.jobs,
                gpu_share=workers.gpus_per_trial,
                command=tuple(sys.argv),
                limits=workers.limits,
                revision=revision(),
            )
        )
    return run_sweep(jobs, workers, view, screens=screens)


@final
@dataclass(frozen=True, kw_only=True)
class SweepView:
    """Listens to a sweep: keeps the board, the mirror and the display up to date."""

    workspace: Workspace
    board: Board
    mirror: Mirror
    display: Display
    wishes: Wishes
    measured: Measured
    is_cluster: bool = False

    def expected(self, trial_id: str) -> Peaks:
        """Say what a trial will take, by those of its kind.

        Args:
            trial_id: Which.

        Returns:
            What was measured.
        """
        return self.measured.expected(self.board.cells[trial_id].trial)

    def started(self, trial_id: str) -> None:
        """Note that a worker took up a trial.

        Args:
            trial_id: Which.
        """
        self.board.move(trial_id, TrialState.RUNNING)

    def waits(self, trial_id: str, why: str) -> None:
        """Say that a trial waits for room.

        Args:
            trial_id: Which.
            why: With the numbers.
        """
        self.display.say(f"{self._name(trial_id)} {why}")

    def beat(self, trial_id: str, heartbeat: Heartbeat) -> None:
        """Note that an epoch is over.

        Args:
            trial_id: Of which trial.
            heartbeat: How far it is.
        """
        self.board.beat(trial_id, heartbeat)
        self.mirror.trial(self.workspace.trial(trial_id))

    def died(self, trial_id: str, why: str) -> None:
        """Say that a process died and that another one goes on.

        Args:
            trial_id: Of which trial.
            why: What is known of it, and from where the other one goes on.
        """
        self.board.move(trial_id, TrialState.QUEUED)
        self.display.say(f"{self._name(trial_id)}: {why}")

    def ended(self, trial_id: str) -> None:
        """Note how a trial ended.

        Args:
            trial_id: Which.
        """
        folder = self.workspace.trial(trial_id)
        record = folder.read()
        self.board.move(trial_id, record.state)
        self.measured.learn(self.board.cells[trial_id].trial, record)
        self.mirror.trial(folder)
        if record.error:
            said = f"{record.state}: {record.error} ({folder.log})"
            self.display.say(f"{self._name(trial_id)} {said}")

    def screened(self, trial_id: str, epoch: int) -> None:
        """Note that a trial was not promising enough to go on.

        Args:
            trial_id: Which.
            epoch: Its last one.
        """
        self.board.move(trial_id, TrialState.KILLED)
        self.display.say(f"{self._name(trial_id)}: screened out after epoch {epoch}")

    def hear(self) -> Wish:
        """Let the display keep up, and listen.

        Returns:
            What is asked of the sweep.
        """
        self.display.refresh()
        return self.wishes.hear()

    def stop_wished(self) -> Stop | None:
        """Let the display keep up, and listen for one wish alone.

        Returns:
            Why all of it is to stop; None where it is not.
        """
        self.display.refresh()
        return self.wishes.stop()

    def idle(self, seconds: float) -> None:
        """Say that trials wait for a worker, and none takes them up.

        Args:
            seconds: For how long.
        """
        where = "this machine is busy, or `film doctor` says why"
        if self.is_cluster:
            where = "`ray status` says whether a machine of the cluster is left"
        self.display.say(
            f"no worker has taken up a trial for {clock(seconds)}: {where}"
        )

    def stopping(self, why: Stop) -> None:
        """Say that the sweep ends early.

        Args:
            why: Who asked.
        """
        match why:
            case Stop.INTERRUPTED:
                line = "stopping; whole epochs are kept (Ctrl-C again: at once)"
            case Stop.CANCELLED:
                line = "cancelled; whole epochs are kept"
            case Stop.BUDGET:
                line = "the budget is used up; whole epochs are kept"
            case Stop.BROKEN:
                line = "stopping; whole epochs are kept"
        self.display.say(line)

    def broke(self, why: str) -> None:
        """Say that Ray itself failed.

        Args:
            why: In one line.
        """
        self.display.say(f"Ray failed: {why}")

    def _name(self, trial_id: str) -> str:
        return self.board.cells[trial_id].trial.name
