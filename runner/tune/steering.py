"""What becomes of the trials of a sweep: every decision that is not Ray's.

Ray tells when a worker takes a trial up, says something, ends or dies; what follows
from that is decided here, in the driver's process.
"""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol, final

import ray

from runner.store.record import TrialState
from runner.store.staging import Collector
from runner.store.trial_folder import TrialFolder
from runner.sweeping.lineup import Lineup
from runner.sweeping.needs import Peaks
from runner.sweeping.progress import Heartbeat, clock
from runner.sweeping.stopping import Stop, Wish
from runner.sweeping.workers import Workers
from runner.tune.interruption import Interruption
from runner.tune.standstill import Standstill, end_worker
from runner.working.deaths import OutOfMemoryKills, cause_of_death
from runner.working.job import TrialJob

__all__ = ["Sweep", "SweepListener", "let_go"]

_DEATH_S: Final = 25.0  # on another machine, longer than its lease is believed
_TAIL_BYTES: Final = 16_384
_IDLE_S: Final = 60.0  # a worker starts in less, unless its machine is very busy


class SweepListener(Protocol):
    """Told, in the driver's process, what happens in a sweep, and asked about it."""

    def expected(self, trial_id: str) -> Peaks:
        """Say what a trial will take, for all that is known."""
        ...

    def started(self, trial_id: str) -> None:
        """Hear that a worker took up a trial."""
        ...

    def waits(self, trial_id: str, why: str) -> None:
        """Hear that a trial waits until there is room for it."""
        ...

    def beat(self, trial_id: str, heartbeat: Heartbeat) -> None:
        """Hear that an epoch is over and recorded."""
        ...

    def died(self, trial_id: str, why: str) -> None:
        """Hear that a trial's process died, and that another one goes on."""
        ...

    def ended(self, trial_id: str) -> None:
        """Hear that a trial is over: its folder says how."""
        ...

    def screened(self, trial_id: str, epoch: int) -> None:
        """Hear that a trial was not promising enough to go on."""
        ...

    def hear(self) -> Wish:
        """Say, several times a second, what is asked of the sweep."""
        ...

    def stop_wished(self) -> Stop | None:
        """Say whether all of it is to stop; other wishes are heard later."""
        ...

    def idle(self, seconds: float) -> None:
        """Hear that trials could run, and that for so long no worker took one up."""
        ...

    def stopping(self, why: Stop) -> None:
        """Hear that the sweep ends early, which takes some seconds."""
        ...

    def broke(self, why: str) -> None:
        """Hear that Ray itself failed."""
        ...


@final
class Sweep:
    """What happens to trials, by their numbers; all decisions that are ours."""

    def __init__(
        self,
        jobs: Sequence[TrialJob],
        workers: Workers,
        listener: SweepListener,
        interruption: Interruption,
        far: Collector,
    ) -> None:
        self.jobs, self.workers = jobs, workers
        self._far = far  # where workers have no way to the store
        self.cut: dict[int, int] = {}  # the last epoch of what was screened out
        self._listener = listener
        self._interruption = interruption
        self._lineup = Lineup(
            len(jobs), n_deaths=workers.limits.n_deaths, after=_after(jobs)
        )
        self._taken: dict[int, _Taken] = {}
        self._dropped: set[int] = set()
        self._actors: dict[int, Any] = {}
        self._watches: dict[int, Standstill] = {}  # of what runs
        self._kills = OutOfMemoryKills()
        self._begun: set[int] = set()  # what workers have taken up, and not ended
        self._idle_since: float | None = None  # None: it is not, or that was said

    def next(self) -> dict[str, Any] | None:
        """Give the next trial to Tune.

        Returns:
            Its configuration; None where none may start.
        """
        if self._lineup.n_running >= self.workers.jobs:
            return None
        number = self._lineup.take()
        if number is None:
            return None
        folder = TrialFolder(self.jobs[number].folder)
        self._taken[number] = _Taken.now(folder)
        if not self._begun:
            self._idle_since = time.monotonic()
        peaks = self._listener.expected(folder.trial_id)
        return {
            "index": number,
            "memory": peaks.memory,
            "gpu_memory": peaks.gpu_memory,
        }

    @property
    def is_over(self) -> bool:
        """Whether no trial will be started any more."""
        return self._interruption.reason is not None or self._lineup.is_over

    def look(self) -> None:
        """Hear what is asked, and do it."""
        wish = self._listener.hear()
        if wish.stop is not None:
            self._interruption.request(wish.stop)
        if wish.dropped:
            self._drop(wish.dropped)
        self._look_for_workers()
        self._look_for_standstill()

    def pass_on(self) -> None:
        """Let Tune stop, where that was asked."""
        if self._interruption.pass_on():
            self._listener.stopping(self._interruption.reason or Stop.INTERRUPTED)

    def started(self, number: int, actor: Any) -> None:  # noqa: ANN401 - Ray's
        """Note that a worker took up a trial."""
        self._actors[number] = actor
        self._begun.add(number)
        self._idle_since = time.monotonic()
        self._watches[number] = Standstill(
            TrialFolder(self.jobs[number].folder),
            self.workers.limits,
            is_far=self.workers.storage is not None,
        )
        self._far.started(self._id(number))
        self._listener.started(self._id(number))
        if number in self._dropped:
            ray.kill(actor)

    def said(self, number: int, result: dict[str, Any]) -> None:
        """Pass on what a worker reports."""
        if number in self._watches:
            self._watches[number].hear(result)
        self._far.said(self._id(number), result.get("attempt", ""))
        if "waits" in result:
            self._listener.waits(self._id(number), result["waits"])
        elif "epoch" in result:
            heartbeat = Heartbeat(
                epoch=result["epoch"],
                best_val_accuracy=result["best_val_accuracy"],
                wall_time_s=result["wall_time_s"],
            )
            self._listener.beat(self._id(number), heartbeat)

    def ended(self, number: int) -> None:
        """Note that a trial is over."""
        self._leave(number)
        try:
            self._end(number)
        finally:
            self._settle(number)

    def _end(self, number: int) -> None:
        problem = self._far.ended(self._id(number))
        if problem:
            folder = TrialFolder(self.jobs[number].folder)
            folder.fail_unless_held(
                f"its worker's files did not arrive, run again: {problem}"
            )
        if number in self.cut:
            self._listener.screened(self._id(number), self.cut[number])
        elif self._interruption.reason is None:  # else it was stopped, not ended
            self._listener.ended(self._id(number))

    def failed(self, number: int, said: str) -> None:
        """Note that a worker is gone: the trial is over, or another one goes on."""
        try:
            self._bury(number, said)
        finally:
            self._leave(number)  # whatever the disk does: else nobody ever ends
            if not self._lineup.waits(number):
                self._settle(number)

    def _bury(self, number: int, said: str) -> None:
        folder = TrialFolder(self.jobs[number].folder)
        self._far.ended(self._id(number))
        taken = self._taken[number]
        was_short = self._kills.has_grown()
        if number in self._dropped:
            let_go(folder)
        if number in self._dropped or taken.has_ended(folder):
            self.ended(number)
            return
        log = taken.log_since(folder)
        cause = self._standstill(number) or cause_of_death(
            said, log, was_short_of_memory=was_short
        )
        epochs = _n_epochs(folder)
        after = f" after epoch {epochs}" if epochs else ""
        times = self._lineup.die(number, epochs)
        if not times:
            then = "goes on from there" if epochs else "begins again"
            self._listener.died(
                folder.trial_id, f"its process {cause}{after}; it {then}"
            )
            return
        often = f", {times} times without a new epoch" if times > 1 else ""
        let_go(folder)
        folder.fail_unless_held(f"its process {cause}{after}{often}")
        self.ended(number)

    def _leave(self, number: int) -> None:
        self._lineup.end(number)
        self._begun.discard(number)
        self._watches.pop(number, None)
        self._idle_since = time.monotonic()

    # What starts from its weights may begin, or never will.
    def _settle(self, number: int) -> None:
        is_finished = False
        with suppress(OSError):
            folder = TrialFolder(self.jobs[number].folder)
            is_finished = folder.state() is TrialState.FINISHED
        for one in self._lineup.settle(number, is_finished=is_finished):
            if self._interruption.reason is None:
                name = self.jobs[number].trial.name
                why = f"is not started: {name}, which it starts from, is not finished"
                self._listener.waits(self._id(one), why)

    # Where every machine of a cluster is lost, Ray waits in silence for another one.
    def _look_for_workers(self) -> None:
        if self._idle_since is None or self._begun or not self._lineup.n_running:
            return
        idle_s = time.monotonic() - self._idle_since
        if idle_s > _IDLE_S:
            self._idle_since = None
            self._listener.idle(idle_s)

    # A process that stands still as a whole cannot say so, nor hear that it should end.
    def _look_for_standstill(self) -> None:
        for number, watch in self._watches.items():
            if watch.look():
                is_here = self.workers.address is None
                end_worker(self._actors[number], watch, is_here=is_here)

    def _standstill(self, number: int) -> str:
        watch = self._watches.get(number)
        if watch is None or watch.found_s is None:
            return ""
        return f"stood still as a whole for {clock(watch.found_s)} and was ended"

    def note_screened(self) -> None:
        """Write down what was screened out, after its worker has let go."""
        for number, epoch in self.cut.items():
            folder = TrialFolder(self.jobs[number].folder)
            if folder.state() is TrialState.KILLED:
                folder.screened(epoch)

    def _drop(self, trial_ids: frozenset[str]) -> None:
        numbers = {
            number
            for number, job in enumerate(self.jobs)
            if job.trial.trial_id in trial_ids
        }
        self._dropped |= numbers
        for number in self._lineup.drop(numbers):
            if number in self._actors:
                ray.kill(self._actors[number])  # whole epochs are kept, as ever

    def _id(self, number: int) -> str:
        return self.jobs[number].trial.trial_id


@dataclass(frozen=True)
class _Taken:
    """What a trial's folder said when a worker was about to take it up."""

    stamp: int
    log_size: int

    @classmethod
    def now(cls, folder: TrialFolder) -> "_Taken":
        try:
            size = folder.log.stat().st_size
        except OSError:
            size = 0
        return cls(_stamp(folder), size)

    def has_ended(self, folder: TrialFolder) -> bool:
        over = {TrialState.FINISHED, TrialState.FAILED, TrialState.DIVERGED}
        try:
            return folder.state() in over and _stamp(folder) != self.stamp
        except OSError:  # of a disk that does not answer: it is run again, and says so
            return False

    def log_since(self, folder: TrialFolder) -> str:
        try:
            with folder.log.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(self.log_size, size - _TAIL_BYTES))
                return file.read().decode(errors="replace")
        except OSError:
            return ""


# Which of the jobs starts from the weights of which.
def _after(jobs: Sequence[TrialJob]) -> dict[int, int]:
    numbers = {job.trial.trial_id: number for number, job in enumerate(jobs)}
    return {
        number: numbers[job.trial.parent]
        for number, job in enumerate(jobs)
        if job.trial.parent in numbers
    }


def _stamp(folder: TrialFolder) -> int:
    try:
        return (folder.path / "state.json").stat().st_mtime_ns
    except OSError:
        return 0


def _n_epochs(folder: TrialFolder) -> int:
    try:
        return len(folder.read().epochs)
    except OSError:
        return 0


def let_go(*folders: TrialFolder) -> None:
    """Wait until workers that are gone have let go: locks say who lives.

    Args:
        folders: Of their trials.
    """
    until = time.monotonic() + _DEATH_S
    while time.monotonic() < until and any(
        folder.state() is TrialState.RUNNING for folder in folders
    ):
        time.sleep(0.05)
