"""Run trials on Ray's workers; the only importer of Ray.

Ray schedules and no more: what to run was decided before, what happened is in the
trials' folders, and nothing of Tune's own state is ever read back. The workers are
kept from one trial to the next (``reuse_actors``): starting a process and importing
torch takes seconds, and a trial owns all of its random numbers.
"""

import contextlib
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final, Protocol, Self

from ray import tune

from runner.progress import Heartbeat
from runner.store.record import TrialFolder, TrialState, one_line
from runner.trial import TrialJob, run_trial
from runner.tune.cluster import connected
from runner.workers import Workers

__all__ = ["SweepListener", "run_sweep"]

_MAX_CRASHES: Final = 1  # a second one is likely to be the trial's own doing
_DEATH_S: Final = 10.0


class SweepListener(Protocol):
    """Told, in the driver's process, what happens in a sweep."""

    def started(self, trial_id: str) -> None:
        """Hear that a worker took up a trial."""
        ...

    def beat(self, trial_id: str, heartbeat: Heartbeat) -> None:
        """Hear that an epoch is over and recorded."""
        ...

    def ended(self, trial_id: str, *, crashed: bool) -> None:
        """Hear that a trial is over: its folder says how, unless it crashed."""
        ...

    def idle(self) -> None:
        """Hear, several times a second, that the sweep goes on."""
        ...

    def stopping(self) -> None:
        """Hear that the user wants it to stop, which takes some seconds."""
        ...


def run_sweep(
    jobs: Sequence[TrialJob], workers: Workers, listener: SweepListener
) -> bool:
    """Run trials in order, several at once; one whose process dies is run again.

    Ctrl-C or SIGTERM stops the sweep: epochs that are over are kept. A second one
    leaves at once.

    Args:
        jobs: What to run, and where.
        workers: On what.
        listener: Told what happens.

    Returns:
        Whether it was stopped before everything was tried.
    """
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),  # Ray prints that a worker died
        connected(workers) as storage,
        _Interruption() as interruption,
    ):
        _tuner(jobs, workers, storage, _Callback(jobs, listener, interruption)).fit()
    _await_the_dead(jobs)
    return interruption.is_requested


def _tuner(
    jobs: Sequence[TrialJob], workers: Workers, storage: Path, callback: tune.Callback
) -> tune.Tuner:
    work = tune.with_resources(
        tune.with_parameters(_work, jobs=tuple(jobs)),
        {"cpu": 1, "gpu": workers.gpus_per_trial},
    )
    return tune.Tuner(
        work,
        param_space={"index": tune.grid_search(list(range(len(jobs))))},
        tune_config=tune.TuneConfig(
            max_concurrent_trials=workers.jobs, reuse_actors=True
        ),
        run_config=tune.RunConfig(
            name="sweep",
            storage_path=str(storage),
            verbose=0,
            callbacks=[callback],
            failure_config=tune.FailureConfig(max_failures=_MAX_CRASHES),
        ),
    )


# All that Ray calls in a worker. What goes wrong with a trial is in its folder, also
# where it went wrong before the trial could say so itself; only what could not be
# recorded there is Ray's to know.
def _work(config: dict[str, Any], jobs: Sequence[TrialJob]) -> None:
    job = jobs[config["index"]]
    tune.report({"has_begun": True})  # Tune prints a line for a trial that says nothing
    try:
        for metrics in run_trial(job):
            tune.report(
                {
                    "epoch": metrics.epoch,
                    "best_val_accuracy": metrics.best_val_accuracy,
                    "wall_time_s": metrics.wall_time_s,
                }
            )
    except Exception as problem:
        folder = TrialFolder(job.folder)
        state = folder.state()
        if state is TrialState.RUNNING:  # it was the report that failed
            raise
        if state not in {TrialState.FAILED, TrialState.DIVERGED}:
            folder.fail(one_line(problem))


@dataclass
class _Interruption:
    """Ctrl-C or SIGTERM: once asks the sweep to stop, twice leaves at once."""

    is_requested: bool = False
    is_passed_on: bool = False
    _before: dict[int, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        if self.is_requested:
            if os.isatty(2):
                os.write(2, b"\x1b[?25h")  # the live table had hidden the cursor
            os.write(2, b"\nfilm: stopped at once\n")
            os._exit(128 + number)
        self.is_requested = True

    def pass_on(self) -> bool:
        if self.is_passed_on or not self.is_requested:
            return False
        self.is_passed_on = True
        os.kill(os.getpid(), signal.SIGUSR1)  # Tune, whose steps run, stops tidily
        return True


_TuneCallback: Any = tune.Callback  # its hooks have more arguments than are used


class _Callback(_TuneCallback):  # type: ignore[misc] # Any, see above
    """Translates Tune's events; a full disk must not end the sweep."""

    def __init__(
        self,
        jobs: Sequence[TrialJob],
        listener: SweepListener,
        interruption: _Interruption,
    ) -> None:
        self._ids = [job.trial.trial_id for job in jobs]
        self._listener = listener
        self._interruption = interruption

    def __getstate__(self) -> dict[str, object]:
        return {}  # Tune saves it, to restore a sweep; that is never done here

    def on_step_begin(self, **_: object) -> None:
        if self._interruption.pass_on():
            self._listener.stopping()
        self._listener.idle()

    def on_trial_start(self, trial: Any, **_: object) -> None:  # noqa: ANN401 - Ray's
        with contextlib.suppress(OSError):
            self._listener.started(self._id(trial))

    def on_trial_result(self, trial: Any, result: Any, **_: object) -> None:  # noqa: ANN401 - Ray's
        if "epoch" not in result:
            return
        heartbeat = Heartbeat(
            epoch=result["epoch"],
            best_val_accuracy=result["best_val_accuracy"],
            wall_time_s=result["wall_time_s"],
        )
        with contextlib.suppress(OSError):
            self._listener.beat(self._id(trial), heartbeat)

    def on_trial_complete(self, trial: Any, **_: object) -> None:  # noqa: ANN401 - Ray's
        self._end(trial, crashed=False)

    def on_trial_error(self, trial: Any, **_: object) -> None:  # noqa: ANN401 - Ray's
        self._end(trial, crashed=True)

    def _end(self, trial: Any, *, crashed: bool) -> None:  # noqa: ANN401 - Ray's
        if not self._interruption.is_requested:  # else it was stopped, not ended
            with contextlib.suppress(OSError):
                self._listener.ended(self._id(trial), crashed=crashed)

    def _id(self, trial: Any) -> str:  # noqa: ANN401 - Ray's
        index: int = trial.config["index"]
        return self._ids[index]


# Locks say who lives; a worker needs a moment to die.
def _await_the_dead(jobs: Sequence[TrialJob]) -> None:
    until = time.monotonic() + _DEATH_S
    folders = [TrialFolder(job.folder) for job in jobs]
    while time.monotonic() < until and any(
        folder.state() is TrialState.RUNNING for folder in folders
    ):
        time.sleep(0.1)
