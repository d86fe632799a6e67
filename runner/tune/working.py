"""What Ray calls in a worker's process: one trial after the other."""

import faulthandler
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import Any, Final

from ray import tune

from runner.planning.sources import make_here
from runner.store.record import TrialState
from runner.store.saying import one_line
from runner.store.staging import Stage, fetched, staged
from runner.store.trial_folder import TrialFolder
from runner.sweeping.admission import (
    CONTEXT_BYTES,
    Need,
    Place,
    Promises,
    graphics,
    main_memory,
)
from runner.sweeping.needs import Peaks
from runner.working.guards import Limits
from runner.working.job import TrialJob
from runner.working.revision import Revision

__all__ = ["packed", "work"]

_OF_A_SHARE: Final = 0.9  # the rest is what the driver takes for itself


def packed(jobs: Sequence[TrialJob]) -> dict[str, Any]:
    """Make of jobs what is sent to workers, which unpack one of them at a time.

    Args:
        jobs: All of a sweep; their code is the same.

    Returns:
        Arguments of `work`.
    """
    return {
        "jobs": tuple(pickle.dumps(replace(job, revision=None)) for job in jobs),
        "revision": jobs[0].revision if jobs else None,
    }


def work(
    config: Mapping[str, Any], jobs: Sequence[bytes], revision: Revision | None
) -> None:
    """Run one trial; what goes wrong with it is in its folder.

    That is so also where it went wrong before the trial could say so itself. Only
    what could not be recorded there is Ray's to know.

    Args:
        config: The number of the trial, and what such trials took before.
        jobs: Of the sweep, each packed for itself.
        revision: Of the code.
    """
    packed_job: TrialJob = pickle.loads(jobs[config["index"]])  # noqa: S301 - the driver's own
    limits = _of_this_machine(packed_job.limits, packed_job.n_jobs)
    job = replace(packed_job, revision=revision, limits=limits)
    expected = Peaks(memory=config["memory"], gpu_memory=config["gpu_memory"])
    with (
        staged(job.storage, job.folder) as stage,
        fetched(job.storage, job.parent) as parent,
    ):
        # Tune prints a line for a trial that says nothing.
        tune.report({"has_begun": True, "attempt": stage.attempt})
        here = replace(job, folder=stage.folder, parent=parent)
        _work_at(stage, here, expected)
        stage.send()


def _work_at(stage: Stage, job: TrialJob, expected: Peaks) -> None:
    folder = TrialFolder(job.folder)
    before = _said(folder)
    try:
        with _words_of_a_crash(folder):
            _train(job, expected, stage)
    except Exception as problem:
        if folder.state() is TrialState.RUNNING:  # it was the report that failed
            raise
        if _said(folder) == before:
            folder.fail_unless_held(one_line(problem))


def _train(job: TrialJob, expected: Peaks, stage: Stage) -> None:
    from runner.working.trial import run_trial  # noqa: PLC0415 - the driver does without torch

    peaks = _own_or(expected, TrialFolder(job.folder))
    if job.world is not None:
        store = job.trial.splits.store
        make_here(job.world, job.data, processes=job.n_threads, store=store)
    with ExitStack() as stack:
        for need, place in _needs(job, peaks):
            room = Promises().room_for(need, place, _say_why_it_waits)
            stack.enter_context(room)
        work = run_trial(
            job, need_bytes=peaks.memory, leave=stage.leave, say=_say_why_it_waits
        )
        for metrics in stack.enter_context(closing(work)):
            stage.try_to_send()
            tune.report(
                {
                    "epoch": metrics.epoch,
                    "val_accuracy": metrics.val_accuracy,
                    "best_val_accuracy": metrics.best_val_accuracy,
                    "wall_time_s": metrics.wall_time_s,
                    "attempt": stage.attempt,
                }
            )


def _say_why_it_waits(line: str) -> None:
    tune.report({"waits": line})


# An earlier attempt knows best what the next one takes.
def _own_or(expected: Peaks, folder: TrialFolder) -> Peaks:
    record = folder.read()
    return Peaks(
        memory=record.peak_memory_bytes or expected.memory,
        gpu_memory=record.peak_gpu_memory_bytes or expected.gpu_memory,
    )


def _needs(job: TrialJob, peaks: Peaks) -> Iterator[tuple[Need, Place]]:
    promised = _promised(job.limits)
    if peaks.memory is not None:
        yield Need(n_bytes=peaks.memory, is_measured=True), main_memory
    elif promised is not None:
        yield Need(n_bytes=promised, is_measured=False), main_memory
    if not job.device.startswith("cuda"):
        return
    place = graphics()
    if peaks.gpu_memory is not None:
        whole = min(peaks.gpu_memory + CONTEXT_BYTES, place.total())  # it fitted once
        need = Need(n_bytes=max(whole, peaks.gpu_memory), is_measured=True)
    else:
        share = job.gpu_share * _OF_A_SHARE
        need = Need(n_bytes=int(share * place.total()), is_measured=False)
    yield need, place


# The driver knows how much memory is free where it is, and nowhere else.
def _of_this_machine(limits: Limits, n_jobs: int) -> Limits:
    if limits.memory_bytes is not None or not limits.is_share:
        return limits
    return replace(limits, memory_bytes=main_memory.total() // n_jobs)


def _promised(limits: Limits) -> int | None:
    return None if limits.is_share else limits.memory_bytes


def _said(folder: TrialFolder) -> bytes:
    try:
        return (folder.path / "state.json").read_bytes()
    except OSError:
        return b""


# A signal that ends this process at once still says its name, in the trial's log.
@contextmanager
def _words_of_a_crash(folder: TrialFolder) -> Iterator[None]:
    folder.path.mkdir(parents=True, exist_ok=True)
    with folder.log.open("a", encoding="utf-8") as log:
        faulthandler.enable(log)
        try:
            yield
        finally:
            faulthandler.disable()
