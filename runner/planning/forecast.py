"""What a launch will take of time, memory, money and disk, beside what there is."""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from film.config import Config, ImageInput
from film.errors import FilmError
from film.model.size import NetworkSize, network_size
from runner.errors import LaunchError
from runner.plan import LaunchPlan
from runner.planning.estimates import (
    Estimate,
    Evidence,
    Span,
    Wanted,
    estimate_launch,
    trial_bytes,
)
from runner.planning.graphics import first_gpu
from runner.planning.request import Request
from runner.quantities import memory
from runner.store.files import read_json
from runner.store.record import Record, TrialState
from runner.store.trial_folder import TrialFolder
from runner.sweeping.workers import Workers, n_cores

if TYPE_CHECKING:
    from film.data.outline import Outline
    from film.world.needs import Needs

__all__ = [
    "PROBES",
    "Forecast",
    "Sizes",
    "check_disk",
    "device_name",
    "find_evidence",
    "forecast",
    "missing_world",
    "outline_for",
    "read_probes",
]

PROBES: Final = "probes.json"  # in a store
_RUNS_PER_ROW: Final = 12  # that tell of it; more would tell no more
_OTHERS: Final = 200  # trials of other studies that are looked at
_DATABASE: Final = 50_000  # bytes of a run in MLflow's database
_WORLD_MARGIN: Final = (0.8, 1.3)  # of the time that a world takes
# Of a world that is not made: about what the presets have.
_WORDS, _ANSWERS, _TOKENS = 90, 32, 30


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a launch will take, and what there is."""

    estimate: Estimate
    world: "Needs | None"  # that has to be made first
    disk_bytes: int  # that trials will write
    world_bytes: int  # that the world takes while it grows, beyond what is there
    disk_free: int
    memory_free: int | None  # None where other machines do the work
    gpu_memory_free: int | None  # of one GPU; likewise, None on the CPU or not known

    @property
    def time(self) -> Span | None:
        """Seconds until everything is done, the world included."""
        if self.estimate.time is None:
            return None
        return self.estimate.time + self.making

    @property
    def making(self) -> Span:
        """Seconds until the world is made."""
        seconds = sum(self.world.stages.values()) if self.world else 0.0
        low, high = _WORLD_MARGIN
        return Span(low=seconds * low, high=seconds * high)

    @property
    def fits_on_disk(self) -> bool:
        """Whether the disk will hold it."""
        return self.disk_bytes + self.world_bytes <= self.disk_free

    @property
    def fits_in_memory(self) -> bool:
        """Whether as many trials as run at once have room; what is unknown has."""
        needed, free = self.estimate.together_bytes, self.memory_free
        return needed is None or free is None or needed <= free


@dataclass(frozen=True)
class Sizes:
    """How large networks are on the data of a study."""

    outline: "Outline"

    def work(self, config: Config) -> float:
        """Say how much a network computes.

        Args:
            config: Which.

        Returns:
            Multiply-adds per question of the data; fewer where it is trained on a
            sample of them.
        """
        n_train = max(self.outline.n_train, 1)
        share = min((config.train.samples or n_train) / n_train, 1.0)
        return float(self._size(config).multiply_adds) * share

    def parameters(self, config: Config) -> int:
        """Say how much a network learns.

        Args:
            config: Which.

        Returns:
            Its weights.
        """
        return self._size(config).parameters

    def _size(self, config: Config) -> NetworkSize:
        return network_size(
            config.model,
            n_words=self.outline.n_words,
            n_answers=self.outline.n_answers,
            image_shape=self.outline.shape(config.model.image_input),
            n_tokens=self.outline.n_tokens,
        )


def forecast(request: Request, plan: LaunchPlan, workers: Workers) -> Forecast | None:
    """Say what a launch will take.

    Args:
        request: What is wanted.
        plan: What of it is to be run.
        workers: On what.

    Returns:
        The forecast; None where nothing is to be run.
    """
    if not plan.to_run:
        return None
    folders = request.workspace.trial
    wanted = [
        Wanted(trial=one, epochs_there=len(folders(one.trial_id).read().epochs))
        for one in plan.to_run
    ]
    evidence = find_evidence(request, workers)
    world = missing_world(request)
    sizes = Sizes(outline_for(request, world))
    gpu_free, memory_free = _free_memory(workers)
    return Forecast(
        estimate=estimate_launch(wanted, evidence, workers, sizes.work),
        world=world,
        disk_bytes=_disk_bytes(request, wanted, evidence, workers, sizes),
        world_bytes=_world_bytes(request, world),
        disk_free=_free_disk(request.workspace.root),
        memory_free=memory_free,
        gpu_memory_free=gpu_free,
    )


def check_disk(expected: Forecast, directory: Path) -> None:
    """Refuse a launch that the disk cannot hold.

    Args:
        expected: What it will take.
        directory: The store.

    Raises:
        LaunchError: There is too little room.
    """
    if expected.fits_on_disk:
        return
    parts = f"the trials will write about {memory(expected.disk_bytes)}"
    if expected.world_bytes:
        parts += f" and their world takes {memory(expected.world_bytes)}"
    raise LaunchError(
        f"{directory}: its disk has {memory(expected.disk_free)} free, but {parts}; "
        "make room, take another --store, or ask for fewer rows or seeds"
    )


def missing_world(request: Request) -> "Needs | None":
    """Measure what the world of a study needs, if it is not there yet.

    Args:
        request: What is wanted.

    Returns:
        Its needs; None where there is nothing to make.
    """
    source = request.source
    if source.world is None or source.is_there:
        return None
    from film.world.making import plan_world  # noqa: PLC0415 - needs torch

    return plan_world(source.world, source.directory, processes=n_cores())


def outline_for(request: Request, world: "Needs | None") -> "Outline":
    """Say how large the data of a study are, or will be.

    Args:
        request: What is wanted.
        world: What its world needs, where it is not made.

    Returns:
        The outline.
    """
    from film.data.outline import Outline, outline_of  # noqa: PLC0415 - needs h5py

    inputs = list(request.study.inputs)
    config = request.source.world
    if world is None or config is None:
        return outline_of(request.source.directory, inputs)
    from film.world.features.extraction import feature_shape  # noqa: PLC0415 - torch
    from film.world.needs import stored_size  # noqa: PLC0415 - torch

    per_picture = world.n_questions / world.n_pictures
    return Outline(
        n_words=_WORDS,
        n_answers=_ANSWERS,
        n_tokens=_TOKENS,
        n_train=round(config.n_train * per_picture),
        n_val=round(config.n_val * per_picture),
        images={
            ImageInput.FEATURES: feature_shape(config.height, config.width),
            ImageInput.PIXELS: (3, *stored_size(config)),
        },
    )


def find_evidence(request: Request, workers: Workers) -> list[Evidence]:
    """Find what was measured that tells of a launch.

    Args:
        request: What is wanted.
        workers: On what; what was measured on another device does not tell.

    Returns:
        Trials of the study, else others of the same data; and probes.
    """
    device = device_name(workers)
    data = set(request.source.fingerprints.values())
    per_row: Counter[str] = Counter()
    found = []
    for trial in request.trials:
        folder = request.workspace.trial(trial.trial_id)
        if per_row[trial.row] >= _RUNS_PER_ROW:
            continue
        one = _measured(folder, trial.row, trial.config, device, trial.data)
        if one is not None:
            found.append(one)
            per_row[trial.row] += 1
    probes = [one for one in read_probes(request, device) if one.data in data]
    return [*(found or _elsewhere(request, device, data)), *probes]


def read_probes(request: Request, device: str | None) -> list[Evidence]:
    """Read what probes have measured in a store.

    Args:
        request: What is wanted.
        device: On what; None for any GPU.

    Returns:
        One for each configuration.
    """
    said = read_json(request.workspace.root / PROBES)
    found = []
    devices = [one for one in said if _is_same(one, device)]
    for one in [one for name in devices for one in said[name]]:
        try:
            config = Config().with_changes(one["config"])
            found.append(Evidence(**{**one, "config": config, "is_probe": True}))
        except (FilmError, KeyError, TypeError):  # of another version
            continue
    return found


def device_name(workers: Workers) -> str | None:
    """Name what trials run on, as they record it.

    Args:
        workers: Who runs them.

    Returns:
        ``cpu``, or the name of the GPU; None for GPUs of other machines, and for one
        that cannot be asked.
    """
    if not workers.n_gpus:
        return "cpu"
    if workers.address is not None:
        return None
    gpu = first_gpu()
    return None if gpu is None else gpu.name


def _is_same(recorded: object, device: str | None) -> bool:
    return recorded not in {"cpu", None} if device is None else recorded == device


def _elsewhere(request: Request, device: str | None, data: set[str]) -> list[Evidence]:
    trials = request.workspace.trials
    paths = sorted(trials.iterdir())[:_OTHERS] if trials.is_dir() else []
    found = []
    for folder in map(TrialFolder, paths):
        said = folder.description()
        if said.get("data") not in data:
            continue
        try:
            config = Config().with_changes(said["config"])
        except FilmError:  # of another version
            continue
        name = f"{said['row']} of {said['study']}" if said.get("study") else said["row"]
        one = _measured(folder, name, config, device, said["data"])
        found += [] if one is None else [one]
    return found


def _measured(
    folder: TrialFolder, name: str, config: Config, device: str | None, data: str
) -> Evidence | None:
    environment = read_json(folder.path / "environment.json")
    if not _is_same(environment.get("device"), device):
        return None
    record = folder.read()
    if not record.epochs or record.state is TrialState.DIVERGED:
        return None
    is_finished = record.summary is not None
    return Evidence(
        name=name,
        config=config,
        data=data,
        epochs=len(record.epochs),
        seconds=record.wall_time_s,
        threads=int(environment.get("threads", 1)),
        overhead_s=_overhead_s(folder, record) if is_finished else 0.0,
        is_finished=is_finished,
        memory_bytes=record.peak_memory_bytes,
        gpu_memory_bytes=record.peak_gpu_memory_bytes,
        disk_bytes=_weight(folder.path) if is_finished else None,
    )


# Of a trial that ran in one go: to open the data, and to write what it leaves.
def _overhead_s(folder: TrialFolder, record: Record) -> float:
    attempts = read_json(folder.path / "state.json").get("attempts", [])
    if len(attempts) != 1 or record.started_at is None or record.ended_at is None:
        return 0.0
    return max(record.ended_at - record.started_at - record.wall_time_s, 0.0)


# A trial's folder, and MLflow's copies of all but weights.
def _weight(folder: Path) -> int:
    sizes = [(path.suffix, path.stat().st_size) for path in folder.glob("*.*")]
    copied = sum(size for suffix, size in sizes if suffix != ".pt")
    return sum(size for _, size in sizes) + copied + _DATABASE


def _disk_bytes(
    request: Request,
    wanted: Sequence[Wanted],
    evidence: Sequence[Evidence],
    workers: Workers,
    sizes: Sizes,
) -> int:
    known: dict[str, int] = {}
    for one in evidence:
        if one.disk_bytes is not None:
            identity = one.config.identity()
            known[identity] = max(known.get(identity, 0), one.disk_bytes)
    total, besides = 0, []
    for each in wanted:
        config = each.trial.config
        kept, while_written = trial_bytes(sizes.parameters(config), sizes.outline.n_val)
        there = 0
        if each.epochs_there:
            there = _weight(request.workspace.trial(each.trial.trial_id).path)
        total += max(known.get(config.identity(), kept) - there, 0)
        besides.append(while_written)
    return total + sum(sorted(besides)[-workers.jobs :])


def _world_bytes(request: Request, world: "Needs | None") -> int:
    if world is None:
        return 0
    from film.world.needs import used_bytes  # noqa: PLC0415 - needs torch

    return max(world.peak_bytes - used_bytes(request.source.directory), 0)


def _free_disk(directory: Path) -> int:
    there = directory
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free


def _free_memory(workers: Workers) -> tuple[int | None, int | None]:
    if workers.address is not None:
        return None, None
    from film.data.memory import free_bytes  # noqa: PLC0415 - psutil

    if not workers.n_gpus:
        return None, free_bytes()
    gpu = first_gpu()
    return None if gpu is None else gpu.free_bytes, free_bytes()
