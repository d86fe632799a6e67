"""How the machines of a cluster are shared between trials."""

from collections.abc import Sequence
from dataclasses import dataclass

from runner.errors import LaunchError
from runner.sweeping.workers import Workers, check_share

__all__ = ["Machine", "choose_cluster_workers"]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What one machine of a cluster offers."""

    name: str
    cpus: int
    gpus: int = 0

    def room(self, n_threads: int, gpus_per_trial: float) -> int:
        """Count the trials that it takes at once.

        Args:
            n_threads: CPUs of each.
            gpus_per_trial: The share of a GPU of each; 0 for none.

        Returns:
            How many.
        """
        by_cpus = self.cpus // n_threads
        if not gpus_per_trial:
            return by_cpus
        return min(by_cpus, self.gpus * int(1 / gpus_per_trial))


def choose_cluster_workers(
    machines: Sequence[Machine],
    device: str,
    jobs: int | None,
    gpus_per_trial: float,
    *,
    address: str,
) -> Workers:
    """Share a cluster between trials.

    Every trial gets as many CPUs, and threads, as let that many of them run at once.

    Args:
        machines: Of the cluster.
        device: ``cpu``, ``cuda``, or ``auto`` for GPUs where the cluster has any.
        jobs: How many trials at once, which may be more than there is room for now:
            the others wait for machines that join later. None is what there is.
        gpus_per_trial: The share of a GPU that a trial gets.
        address: Of the cluster.

    Returns:
        Who does the work.

    Raises:
        LaunchError: No machine has room for a trial, or one is to have several GPUs.
    """
    n_gpus = sum(machine.gpus for machine in machines)
    if device == "cpu" or (device == "auto" and not n_gpus):
        device, gpus_per_trial, n_gpus = "cpu", 0.0, 0
    check_share(gpus_per_trial)

    def room(n_threads: int) -> int:
        return sum(machine.room(n_threads, gpus_per_trial) for machine in machines)

    if not room(1):
        wanted = "a CPU" if device == "cpu" else f"a CPU and {gpus_per_trial:g} GPU"
        offers = ", ".join(f"{one.cpus} CPU + {one.gpus} GPU" for one in machines)
        raise LaunchError(
            f"--address {address}: no machine of the cluster has {wanted} for a trial "
            f"(they offer {offers})"
        )
    jobs = jobs or room(1)
    most = max(machine.cpus for machine in machines)
    threads = (n for n in range(most, 1, -1) if room(n) >= jobs)
    n_threads = next(threads, 1)
    return Workers(
        jobs=jobs,
        device="cpu" if device == "cpu" else "cuda",
        n_threads=n_threads,
        n_gpus=n_gpus,
        gpus_per_trial=gpus_per_trial,
        address=address,
        per_machine=max(one.room(n_threads, gpus_per_trial) for one in machines),
    )
