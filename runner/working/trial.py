"""Run one trial in its folder: train, listen, record."""

import ctypes
import gc
import logging
import os
import platform
import shlex
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import torch

from film.config import ImageInput
from film.data.dataset import QuestionDataset, open_dataset
from film.errors import DataError, FilmError
from film.training.fit import EpochMetrics, fit
from film.training.judging import judge
from runner.store.files import write_text
from runner.store.record import Record, TrialState
from runner.store.trial_folder import TrialFolder
from runner.tracking.secrets import redacted
from runner.versions import suite_version
from runner.working.guards import Guard
from runner.working.isolation import isolated
from runner.working.job import TrialJob
from studies.splits import Part

__all__ = ["TrialJob", "run_trial"]

_LOGGER: Final = logging.getLogger(__name__)
_WRITTEN_BY_A_WORKER: Final = (
    "*.pt",
    "*.parquet",
    "metrics.jsonl",
    "state.json",
    "done.json",
    "environment.json",
    "changes.diff",
)
_Stamps = tuple[tuple[str, int, int], ...]
_Opened = Mapping[str, QuestionDataset]  # by split
_Named = dict[bool, _Opened]  # by whether programs are in the name of the data
_Key = tuple[Path, ImageInput | None, int, tuple[str, ...]]
# A worker runs many trials on the same data: those of one folder and kind are kept.
_OPENED: Final[dict[_Key, tuple[_Stamps, _Named]]] = {}


def run_trial(
    job: TrialJob,
    *,
    need_bytes: int | None = None,
    leave: Callable[[int], object] = os._exit,
    say: Callable[[str], object] = _LOGGER.warning,
) -> Generator[EpochMetrics, None, None]:
    """Train one trial and record it; go on from where an earlier attempt stopped.

    Whatever ends it, the folder says so. To stop, stop iterating. A trial that takes
    too much memory, or hangs, takes this process with it.

    Args:
        job: What to run, and where.
        need_bytes: The memory that such a trial took before; None where that is not
            known.
        leave: Ends the process, where that has to be.
        say: Called with a line, should it have to wait for another process.

    Yields:
        The metrics of every epoch, after they are safely in the folder; nothing
        where the trial was finished before, or another worker found meanwhile that
        it diverges.
    """
    folder = TrialFolder(job.folder)
    before = folder.read()
    with folder.hold(say):
        now = folder.read()
        state = now.state
        if state is TrialState.FINISHED or _just_diverged(now, before):
            return
        _clear(folder, state)
        folder.describe(job.trial)
        _make_room(job)
        guard = Guard(folder, job.limits, need_bytes=need_bytes, leave=leave)
        with _log_to(folder.log), isolated(job.n_threads), guard:
            with folder.attempt(**_means(job)), _failures_in_the_log():
                _describe_environment(job, folder)
                name = job.trial.name, job.trial.trial_id
                _LOGGER.info("%s (%s), process %d", *name, os.getpid())
                if job.trial.is_evaluation:
                    summary = _judge(job, guard)
                else:
                    last = yield from _train(job, folder, guard)
                    summary = _summary(last, folder, guard)
            folder.finish(summary)


@contextmanager
def _failures_in_the_log() -> Iterator[None]:
    try:
        yield
    except FilmError as error:
        _LOGGER.error("%s", error)  # noqa: TRY400 - a user's mistake has no traceback
        raise
    except Exception:
        _LOGGER.exception("the trial failed")
        raise


def _judge(job: TrialJob, guard: Guard) -> dict[str, Any]:
    with guard.watching():
        weights = _weights_to_start_from(job)
        assert weights is not None, "what is judged has a parent"  # noqa: S101 - ours
        _, data = _datasets(job)
        said = judge(weights, data, device=job.device, directory=job.folder)
    _LOGGER.info("accuracy %.2f %%", 100 * said.accuracy)
    return {
        "epochs": 0,
        "best_epoch": said.epoch,
        "best_val_accuracy": said.accuracy,
        "best_val_accuracy_by_type": said.accuracy_by_type,
        "wall_time_s": said.wall_time_s,
        "peak_memory_bytes": guard.peak_bytes,
        "peak_gpu_memory_bytes": _gpu_bytes(job),
    }


def _train(
    job: TrialJob, folder: TrialFolder, guard: Guard
) -> Generator[EpochMetrics, None, EpochMetrics]:
    metrics: EpochMetrics | None = None
    for metrics in _epochs(job, guard):
        taken = {
            "memory_bytes": guard.peak_bytes,
            "gpu_memory_bytes": _gpu_bytes(job),
        }
        folder.add_epoch({**asdict(metrics), **taken})
        _LOGGER.info(
            "epoch %d: training loss %.4f, validation accuracy %.2f %%",
            metrics.epoch,
            metrics.train_loss,
            100 * metrics.val_accuracy,
        )
        yield metrics
    assert metrics is not None, "training has at least one epoch"  # noqa: S101 - ours
    return metrics


# Only what is done in here is watched: between two epochs the time is others'.
def _epochs(job: TrialJob, guard: Guard) -> Iterator[EpochMetrics]:
    trial = job.trial
    with guard.watching():
        if job.device.startswith("cuda"):
            torch.cuda.reset_peak_memory_stats()
        train, val = _datasets(job)
        start = _weights_to_start_from(job)
    epochs = fit(
        trial.config,
        train,
        val,
        seed=trial.seed,
        device=job.device,
        directory=job.folder,
        start=start,
    )
    wall_time_s = 0.0
    while True:
        with guard.watching():
            metrics = next(epochs, None)
        if metrics is None:
            return
        guard.beat(metrics.wall_time_s - wall_time_s)
        wall_time_s = metrics.wall_time_s
        yield metrics


def _gpu_bytes(job: TrialJob) -> int | None:
    if not job.device.startswith("cuda"):
        return None
    return int(torch.cuda.max_memory_reserved())


def _summary(
    metrics: EpochMetrics, folder: TrialFolder, guard: Guard
) -> dict[str, Any]:
    epochs = folder.read().epochs  # of earlier attempts too
    gpu = [said.get("gpu_memory_bytes") or 0 for said in epochs]
    return {
        "epochs": metrics.epoch,
        "best_epoch": metrics.best_epoch,
        "best_val_accuracy": metrics.best_val_accuracy,
        "best_val_accuracy_by_type": metrics.best_val_accuracy_by_type,
        "wall_time_s": metrics.wall_time_s,
        "peak_memory_bytes": max(
            guard.peak_bytes, *(said.get("memory_bytes") or 0 for said in epochs)
        ),
        "peak_gpu_memory_bytes": max(gpu) or None,
    }


# While this worker waited for another one, which did what this one would repeat.
def _just_diverged(now: Record, before: Record) -> bool:
    return now.state is TrialState.DIVERGED and now.ended_at != before.ended_at


# Files that a killed process left half-written have hidden names.
def _clear(folder: TrialFolder, state: TrialState) -> None:
    for name in _WRITTEN_BY_A_WORKER:
        for leftover in folder.path.glob(f".{name}.*"):
            leftover.unlink()
    if state is TrialState.DIVERGED:
        folder.forget_progress()


# What is learnt from, and what is judged by; of an evaluation the same.
def _datasets(job: TrialJob) -> tuple[QuestionDataset, QuestionDataset]:
    splits = job.trial.splits
    found = _open(job)
    judge_by = _part(found[splits.judge.split], splits.judge)
    _check(judge_by, job)
    if splits.learn is None:
        return judge_by, judge_by
    return _part(found[splits.learn.split], splits.learn), judge_by


def _part(data: QuestionDataset, part: Part) -> QuestionDataset:
    wanted = max(part.first or 0, part.after + 1)
    if wanted > len(data):
        raise DataError(
            f"'{part}' is wanted, and {part.name} has {len(data):,} questions"
        )
    some = data if part.first is None else data.head(part.first)
    return some.without_head(part.after) if part.after else some


def _open(job: TrialJob) -> _Opened:
    key = _key(job)
    directory, image_input, n_jobs, splits = key
    stamps = tuple(
        (path.name, path.stat().st_mtime_ns, path.stat().st_size)
        for path in sorted(directory.glob("*"))
        if path.is_file()
    )
    if not stamps:
        raise DataError(f"{directory}: no data there; prepare it, or give another")
    if key not in _OPENED or _OPENED[key][0] != stamps:
        _OPENED.clear()
        opened = {
            split: open_dataset(
                directory, split, image_input, n_sharing=n_jobs, named_by=splits
            )
            for split in splits
        }
        _OPENED[key] = (stamps, {False: opened})
    named = _OPENED[key][1]
    reads = job.trial.needed.programs
    if reads not in named:
        named[reads] = {
            split: one.named_with_programs() for split, one in named[False].items()
        }
    return named[reads]


def _key(job: TrialJob) -> _Key:
    splits, image_input = job.trial.splits, job.trial.config.model.image_input
    return job.data / splits.store, image_input, job.n_jobs, splits.names


def _weights_to_start_from(job: TrialJob) -> Path | None:
    if job.parent is None:
        return None
    if TrialFolder(job.parent).state() is not TrialState.FINISHED:
        raise DataError(
            f"the trial {job.trial.parent} that this one starts from is not finished; "
            "run it first"
        )
    return job.parent / "best.pt"


# What an earlier trial of this process left is neither kept beside what this one
# needs nor counted as its own.
def _make_room(job: TrialJob) -> None:
    if _key(job) not in _OPENED:
        _OPENED.clear()
    gc.collect()
    with suppress(OSError, AttributeError):  # what is no glibc has no such function
        ctypes.CDLL(None).malloc_trim(0)


def _check(data: QuestionDataset, job: TrialJob) -> None:
    if data.fingerprint != job.trial.data:
        raise DataError(
            f"{job.data}: holds data {data.fingerprint}, but the trial is of "
            f"{job.trial.data}; give the data it was planned with, or launch anew"
        )


@contextmanager
def _log_to(path: Path) -> Iterator[None]:
    root = logging.getLogger()
    handler = logging.FileHandler(path, encoding="utf-8")
    form = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(form)
    level = _LOGGER.level
    root.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        _LOGGER.setLevel(level)
        root.removeHandler(handler)
        handler.close()


def _means(job: TrialJob) -> dict[str, str | int | None]:
    return {
        "device": job.device,
        "threads": job.n_threads,
        "torch": torch.__version__,
        "git": job.revision.commit if job.revision else None,
    }


def _describe_environment(job: TrialJob, folder: TrialFolder) -> None:
    folder.environment(_environment(job))
    diff = job.revision.diff if job.revision else ""
    if diff:
        write_text(folder.path / "changes.diff", diff)
    else:
        (folder.path / "changes.diff").unlink(missing_ok=True)


def _environment(job: TrialJob) -> Mapping[str, Any]:
    gpu = torch.cuda.get_device_name() if job.device.startswith("cuda") else None
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": platform.node(),
        "torch": torch.__version__,
        "numpy": version("numpy"),
        "film": suite_version(),
        "git": job.revision.summary if job.revision else None,
        "device": gpu or job.device,
        "threads": job.n_threads,
        "visible_gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "command": redacted(shlex.join(job.command)),
    }
