"""What a sweep may use of the machine."""

import os
from dataclasses import dataclass, field, replace

from film.data.memory import free_bytes
from runner.errors import LaunchError
from runner.quantities import memory
from runner.working.guards import Limits

__all__ = ["Workers", "check_share", "choose_workers", "n_cores", "with_limits"]


@dataclass(frozen=True, kw_only=True)
class Workers:
    """How many trials run at once, and with what each."""

    jobs: int
    device: str = "cpu"
    n_threads: int = 1
    n_gpus: int = 0
    gpus_per_trial: float = 0.0
    address: str | None = None  # of a Ray cluster; None is this machine
    per_machine: int | None = None  # of the jobs, at most; None is all of them
    storage: str | None = None  # where machines share trials; None is the store itself
    limits: Limits = field(default_factory=Limits)

    @property
    def cpus_per_trial(self) -> int:
        """What Ray sets aside for a trial: a cluster's machines are not only ours."""
        return 1 if self.address is None else self.n_threads

    def __str__(self) -> str:
        """Say it as a plan does.

        Returns:
            ``2 workers``.
        """
        noun = "worker" if self.jobs == 1 else "workers"
        share = f", {self.gpus_per_trial:g} GPU each" if self.n_gpus else ""
        where = "" if self.address is None else f" of the cluster at {self.address}"
        return f"{self.jobs} {noun}{where}{share}"


def n_cores() -> int:
    """Count the cores that this process may use.

    Returns:
        At least 1.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS


def check_share(gpus_per_trial: float) -> None:
    """Refuse to set aside what no trial would use.

    Args:
        gpus_per_trial: The share of a GPU that a trial is to get.

    Raises:
        LaunchError: It is more than one GPU.
    """
    if gpus_per_trial > 1:
        raise LaunchError(
            f"--gpus-per-trial {gpus_per_trial:g}: a trial trains on one GPU; give 1, "
            "or a share below it"
        )


def choose_workers(
    device: str, jobs: int | None, gpus_per_trial: float, *, n_gpus: int
) -> Workers:
    """Share the machine between trials.

    The number of threads follows from the number of jobs alone, and not from how
    many trials are left: it decides the last bits of what is computed.

    Args:
        device: ``cpu``, ``cuda``, or ``auto`` for a GPU where there is one.
        jobs: How many trials at once; None is one per core, or per GPU share.
        gpus_per_trial: The share of a GPU that a trial gets.
        n_gpus: How many GPUs there are.

    Returns:
        Who does the work.

    Raises:
        LaunchError: There is no GPU, or a trial is to have more than one.
    """
    if device == "cpu" or (device == "auto" and not n_gpus):
        jobs = n_cores() if jobs is None else jobs
        return Workers(jobs=jobs, n_threads=max(1, n_cores() // jobs))
    check_share(gpus_per_trial)
    if not n_gpus:
        raise LaunchError(
            f"a trial is to have {gpus_per_trial:g} GPU, but torch sees 0 GPUs; take "
            "--device cpu"
        )
    room = n_gpus * int(1 / gpus_per_trial)
    jobs = room if jobs is None else min(jobs, room)
    return Workers(
        jobs=jobs,
        device="cuda",
        n_threads=max(1, n_cores() // jobs),
        n_gpus=n_gpus,
        gpus_per_trial=gpus_per_trial,
    )


def with_limits(
    workers: Workers,
    memory_bytes: int | None,
    hang_after_s: float | None,
    n_deaths: int,
) -> Workers:
    """Say what a trial may take of what its worker has.

    Args:
        workers: Who does the work.
        memory_bytes: What a trial may take; None is its share of what is free now,
            and of a cluster's machine of all there is.
        hang_after_s: How long an epoch may take; None is by those that were seen.
        n_deaths: How often a process may die without a new epoch.

    Returns:
        The workers.

    Raises:
        LaunchError: There is not so much memory.
    """
    free = None if workers.address else free_bytes()
    if memory_bytes is not None and free is not None and memory_bytes > free:
        raise LaunchError(
            f"--memory-per-trial {memory(memory_bytes)}: only {memory(free)} is free"
        )
    is_share = memory_bytes is None
    if is_share and free is not None:
        memory_bytes = free // workers.jobs
    limits = Limits(
        memory_bytes=memory_bytes,
        is_share=is_share,
        hang_after_s=hang_after_s,
        n_deaths=n_deaths,
    )
    return replace(workers, limits=limits)
