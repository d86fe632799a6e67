"""Run one trial in its folder: train, listen, record."""

import functools
import logging
import os
import platform
import shlex
import subprocess
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import torch

from film.config import ImageInput
from film.data.dataset import QuestionDataset, open_dataset
from film.errors import DataError, FilmError
from film.training.fit import EpochMetrics, fit
from runner.store.record import TrialFolder, TrialState
from runner.versions import suite_version
from studies.trial import Trial

__all__ = ["TrialJob", "run_trial"]

_LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class TrialJob:
    """A trial, and where and with what to run it; plain enough to be sent."""

    trial: Trial
    data: Path  # the store that ``trial.data`` names
    folder: Path
    device: str = "cpu"
    n_threads: int = 1
    n_jobs: int = 1  # that share the machine's memory
    command: tuple[str, ...] = ()  # what the user called


def run_trial(job: TrialJob) -> Iterator[EpochMetrics]:
    """Train one trial and record it; go on from where an earlier attempt stopped.

    Whatever ends it, the folder says so. To stop, stop iterating.

    Args:
        job: What to run, and where.

    Yields:
        The metrics of every epoch, after they are safely in the folder; nothing
        where the trial was finished before.
    """
    folder = TrialFolder(job.folder)
    with folder.hold():
        state = folder.state()
        if state is TrialState.FINISHED:
            return
        _clear(folder, state)
        folder.describe(job.trial)
        with _log_to(folder.log):
            with folder.attempt():
                last = yield from _train(job, folder)
            folder.finish(_summary(last))


def _train(
    job: TrialJob, folder: TrialFolder
) -> Generator[EpochMetrics, None, EpochMetrics]:
    trial = job.trial
    torch.set_num_threads(job.n_threads)
    folder.environment(_environment(job))
    _LOGGER.info("%s (%s), process %d", trial.name, trial.trial_id, os.getpid())
    metrics: EpochMetrics | None = None
    try:
        train, val = _datasets(job, trial.config.model.image_input)
        _check(train, job)
        for metrics in fit(
            trial.config,
            train,
            val,
            seed=trial.seed,
            device=job.device,
            directory=job.folder,
        ):
            folder.add_epoch(asdict(metrics))
            _LOGGER.info(
                "epoch %d: training loss %.4f, validation accuracy %.2f %%",
                metrics.epoch,
                metrics.train_loss,
                100 * metrics.val_accuracy,
            )
            yield metrics
    except FilmError as error:
        _LOGGER.error("%s", error)  # noqa: TRY400 - a user's mistake has no traceback
        raise
    except Exception:
        _LOGGER.exception("the trial failed")
        raise
    assert metrics is not None, "training has at least one epoch"  # noqa: S101 - ours
    return metrics


def _summary(metrics: EpochMetrics) -> dict[str, Any]:
    return {
        "epochs": metrics.epoch,
        "best_epoch": metrics.best_epoch,
        "best_val_accuracy": metrics.best_val_accuracy,
        "best_val_accuracy_by_type": metrics.best_val_accuracy_by_type,
        "wall_time_s": metrics.wall_time_s,
    }


# Large files that a killed process left half-written have hidden names.
def _clear(folder: TrialFolder, state: TrialState) -> None:
    for kind in (".*.pt.*", ".*.parquet.*"):
        for leftover in folder.path.glob(kind):
            leftover.unlink()
    if state is TrialState.DIVERGED:
        folder.forget_progress()


def _datasets(
    job: TrialJob, image_input: ImageInput | None
) -> tuple[QuestionDataset, QuestionDataset]:
    stamps = tuple(
        (path.name, path.stat().st_mtime_ns, path.stat().st_size)
        for path in sorted(job.data.glob("*"))
        if path.is_file()
    )
    return _open(job.data, image_input, job.n_jobs, stamps)


@functools.lru_cache(maxsize=1)  # a worker runs many trials on the same data
def _open(
    directory: Path,
    image_input: ImageInput | None,
    n_jobs: int,
    stamps: tuple[tuple[str, int, int], ...],
) -> tuple[QuestionDataset, QuestionDataset]:
    if not stamps:
        raise DataError(f"{directory}: no data there; prepare it, or give another")
    return (
        open_dataset(directory, "train", image_input, n_sharing=n_jobs),
        open_dataset(directory, "val", image_input, n_sharing=n_jobs),
    )


def _check(train: QuestionDataset, job: TrialJob) -> None:
    if train.fingerprint != job.trial.data:
        raise DataError(
            f"{job.data}: holds data {train.fingerprint}, but the trial is of "
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


def _environment(job: TrialJob) -> Mapping[str, Any]:
    gpu = torch.cuda.get_device_name() if job.device.startswith("cuda") else None
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": platform.node(),
        "torch": torch.__version__,
        "numpy": version("numpy"),
        "film": suite_version(),
        "git": _git(),
        "device": gpu or job.device,
        "threads": job.n_threads,
        "command": shlex.join(job.command),
    }


@functools.lru_cache(maxsize=1)
def _git() -> Mapping[str, Any] | None:
    root = Path(__file__).resolve().parent.parent

    def ask(*words: str) -> str:
        command = ["git", "-C", str(root), *words]
        return subprocess.run(  # noqa: S603 - fixed words, no shell
            command, capture_output=True, text=True, check=True, timeout=20
        ).stdout.strip()

    try:
        if Path(ask("rev-parse", "--show-toplevel")) != root:
            return None  # installed within someone else's repository
        commit = ask("rev-parse", "HEAD")
        return {"commit": commit, "has_changes": bool(ask("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return None  # installed, not checked out
