"""Measure a few batches of a trial before it is launched, and throw the rest away."""

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from film.config import Config, ImageInput
from film.data.progress import Progress
from film.errors import FilmError
from film.world.config import WorldConfig
from runner.errors import LaunchError
from runner.planning.forecast import (
    PROBES,
    Sizes,
    device_name,
    missing_world,
    outline_for,
)
from runner.planning.request import Request
from runner.store.files import read_json, write_json
from runner.store.saying import one_line
from runner.sweeping.workers import Workers, n_cores
from studies.row import Row

__all__ = ["probe"]

_EPOCHS: Final = 3  # of which the first warms up
_BATCHES: Final = 8  # of an epoch
_QUESTIONS: Final = 512  # to validate on
_LONG_S: Final = 20.0  # an epoch that takes as long need not be repeated
_PICTURES: Final = {"n_train": 96, "n_val": 24}  # of a world made for a probe
_DEARER: Final = 1.5  # times the baseline's work makes a row worth a probe of its own
_STATUS: Final = Path("/proc/self/status")


@dataclass(frozen=True, kw_only=True)
class _Job:
    config: Config
    data: Path
    device: str
    n_threads: int
    n_jobs: int


@dataclass(frozen=True, kw_only=True)
class _Measured:
    train_s: float  # per question
    val_s: float  # likewise
    overhead_s: float  # until the first epoch
    memory_bytes: int
    gpu_memory_bytes: int | None
    n_pictures: int
    picture_bytes: int


def probe(request: Request, workers: Workers) -> Iterator[Progress]:
    """Train the baseline, and a row that is much dearer, for a few batches.

    What was measured is kept in the store, where later plans find it. Nothing else
    is: a world that is not made yet is made small, in a folder that goes.

    Args:
        request: What is wanted.
        workers: On what a launch would run.

    Yields:
        How far the work is.

    Raises:
        LaunchError: Other machines would do the work, or the GPU does not answer.
    """
    if workers.address is not None:
        raise LaunchError("a probe runs on this machine: leave out --address")
    device = device_name(workers)
    if device is None:
        raise LaunchError("the GPU does not answer; `film doctor` says why")
    world = missing_world(request)
    outline = outline_for(request, world)
    rows = _rows(request, Sizes(outline))
    with tempfile.TemporaryDirectory(prefix="film-probe-") as folder:
        data = request.source.directory
        if world is not None:
            data = Path(folder) / "world"
            yield from _small_world(request.source.world, data)
        for number, row in enumerate(rows):
            yield Progress("probe", number, len(rows))
            job = _Job(
                config=row.config,
                data=data,
                device=workers.device,
                n_threads=workers.n_threads,
                n_jobs=workers.jobs,
            )
            measured = _in_a_process(job)
            n_pictures = world.n_pictures if world else measured.n_pictures
            _keep(
                request,
                device,
                {
                    "name": row.label,
                    "config": row.config.flat(),
                    "data": request.source.fingerprints[row.data_key],
                    "epochs": 1,
                    "seconds": measured.train_s * outline.n_train
                    + measured.val_s * outline.n_val,
                    "threads": workers.n_threads,
                    "overhead_s": measured.overhead_s,
                    "memory_bytes": measured.memory_bytes
                    + measured.picture_bytes * (n_pictures - measured.n_pictures),
                    "gpu_memory_bytes": measured.gpu_memory_bytes,
                },
            )
        yield Progress("probe", len(rows), len(rows))


# The baseline, and the row that computes most where that is much more.
def _rows(request: Request, sizes: Sizes) -> list[Row]:
    labels = {trial.row for trial in request.trials}
    rows = [row for row in request.study.rows if row.label in labels]
    baseline = request.study.baseline
    dearest = max(rows, key=lambda row: sizes.work(row.config))
    is_dear = sizes.work(dearest.config) > _DEARER * sizes.work(baseline.config)
    return [baseline, dearest] if is_dear else [baseline]


def _small_world(config: WorldConfig | None, directory: Path) -> Iterator[Progress]:
    from film.world.making import make_world  # noqa: PLC0415 - needs torch

    if config is not None:
        small = WorldConfig.model_validate({**config.model_dump(), **_PICTURES})
        yield from make_world(small, directory, processes=n_cores(), store_only=True)


# A process of its own shows what memory a trial takes, and gives all of it back.
def _in_a_process(job: _Job) -> _Measured:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        try:
            return pool.submit(_measure, job).result()
        except BrokenProcessPool:
            raise LaunchError(
                "the probe's process died without a word, perhaps for want of memory"
            ) from None
        except FilmError:
            raise
        except Exception as problem:
            raise LaunchError(f"the probe failed: {one_line(problem)}") from problem


def _measure(job: _Job) -> _Measured:
    import torch  # noqa: PLC0415 - in the probe's own process alone

    from film.data.dataset import open_dataset  # noqa: PLC0415 - needs torch
    from film.training.fit import fit  # noqa: PLC0415 - needs torch

    torch.set_num_threads(job.n_threads)
    began = time.perf_counter()
    image_input = job.config.model.image_input
    train = open_dataset(job.data, "train", image_input, n_sharing=job.n_jobs)
    val = open_dataset(job.data, "val", image_input, n_sharing=job.n_jobs)
    some = train.head(_BATCHES * job.config.train.batch_size), val.head(_QUESTIONS)
    settings = {"train.max_epochs": _EPOCHS, "train.patience": None}
    settings |= dict.fromkeys(job.config.model.first_stages, 0)  # the last costs most
    config = job.config.with_changes(settings)
    overhead_s, ends = 0.0, [0.0]
    rates: list[float] = []
    with tempfile.TemporaryDirectory(prefix="film-probe-") as folder:
        for metrics in fit(
            config, *some, seed=0, device=job.device, directory=Path(folder)
        ):
            if not rates:
                overhead_s = time.perf_counter() - began - metrics.wall_time_s
            ends.append(metrics.wall_time_s)
            rates.append(metrics.questions_per_s)
            if metrics.wall_time_s > _LONG_S:
                break
    train_s = 1 / max(rates)
    epoch_s = min(after - before for before, after in pairwise(ends))
    held = train.is_in_memory and image_input is not None
    return _Measured(
        train_s=train_s,
        val_s=max(epoch_s - train_s * len(some[0]), 0.0) / len(some[1]),
        overhead_s=overhead_s,
        memory_bytes=_peak_bytes(),
        gpu_memory_bytes=_gpu_bytes(job.device),
        n_pictures=len(set(train.image_ids)) + len(set(val.image_ids)),
        picture_bytes=_picture_bytes(train.image_shape, image_input) if held else 0,
    )


# As a world is stored: features of 16 bits, pixels of 8.
def _picture_bytes(shape: tuple[int, int, int], image_input: ImageInput | None) -> int:
    channels, height, width = shape
    return channels * height * width * (1 if image_input is ImageInput.PIXELS else 2)


# Linux hands the peak of the process that started this one on in getrusage.
def _peak_bytes() -> int:
    if _STATUS.exists():
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
        peak = next((line for line in lines if line.startswith("VmHWM:")), None)
        if peak is not None:
            return 1024 * int(peak.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: in bytes


def _gpu_bytes(device: str) -> int | None:
    import torch  # noqa: PLC0415 - in the probe's own process alone

    return int(torch.cuda.max_memory_reserved()) if device != "cpu" else None


# A newer probe of the same configuration takes the place of an older one.
def _keep(request: Request, device: str, one: Mapping[str, Any]) -> None:
    path = request.workspace.root / PROBES
    said = read_json(path)
    kept = [
        other
        for other in said.get(device, [])
        if (other["config"], other["data"], other["threads"])
        != (one["config"], one["data"], one["threads"])
    ]
    write_json(path, {**said, device: [*kept, one]})
