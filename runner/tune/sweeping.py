"""Run trials on Ray's workers.

Ray schedules and no more: what to run was decided before, what happened is in the
trials' folders, and nothing of Tune's own state is ever read back. The workers are
kept from one trial to the next (``reuse_actors``): starting a process and importing
torch takes seconds, and a trial begins as it would in a fresh one.
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from ray import tune

from runner.store.staging import Collector
from runner.store.trial_folder import TrialFolder
from runner.sweeping.stopping import Stop
from runner.sweeping.workers import Workers
from runner.tune.cluster import connected
from runner.tune.hooks import feed_of, reporter_of
from runner.tune.interruption import Interruption
from runner.tune.nodes import check_machines
from runner.tune.screening import screening_scheduler
from runner.tune.steering import Sweep, SweepListener, let_go
from runner.tune.working import packed, work
from runner.working.job import TrialJob

__all__ = ["run_sweep"]


def run_sweep(
    jobs: Sequence[TrialJob],
    workers: Workers,
    listener: SweepListener,
    *,
    screens: bool = False,
) -> Stop | None:
    """Run trials in order, several at once; one whose process dies is run again.

    Ctrl-C or SIGTERM stops the sweep: epochs that are over are kept. A second one
    leaves at once.

    Args:
        jobs: What to run, and where.
        workers: On what.
        listener: Told what happens.
        screens: End trials early that are less promising than others.

    Returns:
        Why it was stopped before everything was tried; None where it was not.
    """
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),  # Ray prints that a worker died
        connected(workers) as home,
    ):
        if workers.address is not None:
            stop = check_machines(jobs, workers, listener.stop_wished)
            if stop is not None:
                listener.stopping(stop)
                return stop
        with (
            Collector(
                workers.storage,
                [TrialFolder(job.folder) for job in jobs],
                _sources(jobs),
            ) as far,
            Interruption() as interruption,
        ):
            sweep = Sweep(jobs, workers, listener, interruption, far)
            try:
                _tuner(sweep, home, screens=screens).fit()
            except Exception as error:  # noqa: BLE001 - trials are to be let go of, whatever it is
                interruption.request(Stop.BROKEN)
                listener.broke(_gist(error))
    let_go(*(TrialFolder(job.folder) for job in jobs))
    sweep.note_screened()
    return interruption.reason


# What was finished before, and is started from now.
def _sources(jobs: Sequence[TrialJob]) -> list[TrialFolder]:
    mine = {job.folder for job in jobs}
    parents = {job.parent for job in jobs if job.parent is not None}
    return [TrialFolder(path) for path in sorted(parents - mine)]


def _tuner(sweep: Sweep, home: Path, *, screens: bool) -> tune.Tuner:
    trainable = tune.with_resources(
        tune.with_parameters(work, **packed(sweep.jobs)),
        {"cpu": sweep.workers.cpus_per_trial, "gpu": sweep.workers.gpus_per_trial},
    )
    n_epochs = [job.trial.max_epochs for job in sweep.jobs]
    return tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            num_samples=-1,  # until the feed says that it was the last one
            search_alg=feed_of(sweep),
            scheduler=screening_scheduler(n_epochs, sweep.cut) if screens else None,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            name="sweep",
            storage_path=str(home),
            verbose=0,
            callbacks=[reporter_of(sweep)],
            failure_config=tune.FailureConfig(max_failures=0),  # the lineup counts
        ),
    )


# Ray puts the traceback of an error into its message.
def _gist(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1] if lines else 'no reason given'}"[:300]
