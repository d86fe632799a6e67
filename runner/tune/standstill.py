"""Finds workers whose process stands still as a whole, and ends them.

A process that is stopped, or whose native code keeps Python's lock to itself, cannot
watch itself (`runner.working.guards`). Nor can it raise the number beside the lock of
its trial, which it does every two seconds whatever it computes: the driver reads that.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, final

import psutil
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from runner.store.files import read_json
from runner.store.trial_folder import TrialFolder
from runner.working.guards import Limits

__all__ = ["Standstill", "end_worker"]

_TIMES: Final = 2  # of what its own guard would have waited: that one says more
_LEAST_S: Final = 20.0  # a busy disk may delay some beats
_LEAST_FAR_S: Final = 600.0  # what was computed may be on its way
_LOOK_S: Final = 2.0
_LONGEST_LOOK_S: Final = 5.0  # what took longer: it is this process that stood still


@final
class Standstill:
    """Tells, from one look to the next, whether the worker of a trial stands still.

    Who waits for room, or for another process, holds no lock yet and is left alone.
    """

    def __init__(
        self,
        folder: TrialFolder,
        limits: Limits,
        *,
        is_far: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with a worker of which nothing is known.

        Args:
            folder: Of its trial.
            limits: What the trial may take.
            is_far: The worker's own folder is not at hand: only epochs tell of it.
            clock: Seconds since any moment.
        """
        self._folder, self._limits = folder, limits
        self._is_far, self._clock = is_far, clock
        self._looked_at = clock()
        self._before: object = None
        self._still_s = 0.0
        self._n_said = 0
        self._wall_time_s = 0.0
        self._longest_s: float | None = None
        self._host = ""
        self.pid: int | None = None
        self.node_ip = ""
        self.found_s: float | None = None  # it stood still for so long

    def hear(self, result: Mapping[str, Any]) -> None:
        """Hear what the worker reports; Ray adds where it comes from.

        Args:
            result: The report.
        """
        self._n_said += 1
        self.pid, self._host = result.get("pid"), result.get("hostname", "")
        self.node_ip = result.get("node_ip", "")
        if "epoch" in result:  # counted as the worker's own guard does
            took = result["wall_time_s"] - self._wall_time_s
            self._longest_s = max(self._longest_s or 0.0, took)
            self._wall_time_s = result["wall_time_s"]

    def look(self) -> bool:
        """Look again, unless the last look was just now.

        Returns:
            Whether the worker has stood still for too long, which is told anew after
            as long again.
        """
        now = self._clock()
        since = now - self._looked_at
        if since < _LOOK_S:
            return False
        self._looked_at = now
        sign = self._sign()
        if sign is None or sign != self._before:
            self._before, self._still_s = sign, 0.0
            return False
        self._still_s += min(since, _LONGEST_LOOK_S)
        if self._still_s <= self._limit_s():
            return False
        self.found_s, self._still_s = self._still_s, 0.0
        return True

    def _limit_s(self) -> float:
        least = _LEAST_FAR_S if self._is_far else _LEAST_S
        return max(_TIMES * self._limits.quiet_s(self._longest_s), least)

    # What changes while the worker lives; None where nothing is to be expected of it.
    def _sign(self) -> object:
        if self._is_far:
            return None if self._longest_s is None else self._n_said
        try:
            said = read_json(self._folder.lock.with_name("lock.owner"))
        except OSError:  # of a disk that does not answer: it blames nobody
            return None
        if self.pid is None or said.get("pid") != self.pid:
            return None
        if said.get("host") != self._host:
            return None
        return said.get("token"), said.get("beat"), self._n_said


def end_worker(actor: Any, worker: Standstill, *, is_here: bool) -> None:  # noqa: ANN401 - Ray's
    """End a worker that no longer hears.

    Ray asks a process to end itself; one that stands still has to be killed.

    Args:
        actor: What Ray calls it.
        worker: Where it is.
        is_here: All machines are this one.
    """
    if worker.pid is not None and is_here:
        _kill(worker.pid)
    elif worker.pid is not None:
        _kill_there(worker.pid, worker.node_ip)
    ray.kill(actor)


def _kill_there(pid: int, node_ip: str) -> None:
    task = ray.remote(num_cpus=0, max_retries=0)(_kill)
    for node in ray.nodes():
        if node["Alive"] and node["NodeManagerAddress"] == node_ip:
            where = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            task.options(scheduling_strategy=where).remote(pid)


# Ray gives its workers a name of which this is the beginning.
def _kill(pid: int) -> None:
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        if any("ray::" in word for word in process.cmdline()):
            process.kill()
