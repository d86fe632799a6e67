"""What the folder of a trial says at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Record", "TrialState"]


class TrialState(StrEnum):
    """Where a trial stands."""

    QUEUED = "QUEUED"  # wanted, and never started
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"  # stopped on the way; goes on when launched again
    DIVERGED = "DIVERGED"  # a loss that is no number: it would be so again


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a trial's folder says at one moment."""

    state: TrialState
    error: str = ""  # one line, where it failed
    epochs: Sequence[Mapping[str, Any]] = ()
    summary: Mapping[str, Any] | None = None  # of a finished trial
    started_at: float | None = None  # of the first attempt, seconds since 1970
    ended_at: float | None = None  # of the last one
    generation: int = 0  # how often it began again at the first epoch
    screened_at_epoch: int | None = None  # cut short by a launch that only screened

    @property
    def wall_time_s(self) -> float:
        """Seconds of training, over all attempts."""
        return float(self.epochs[-1]["wall_time_s"]) if self.epochs else 0.0

    @property
    def peak_memory_bytes(self) -> int | None:
        """The most memory that its process had; None where nobody measured it."""
        return self._measured("peak_memory_bytes", "memory_bytes")

    @property
    def peak_gpu_memory_bytes(self) -> int | None:
        """The most memory that it had on a GPU; None where nobody measured it."""
        return self._measured("peak_gpu_memory_bytes", "gpu_memory_bytes")

    def _measured(self, at_the_end: str, so_far: str) -> int | None:
        last = self.epochs[-1] if self.epochs else {}
        return _first_whole((self.summary or {}).get(at_the_end), last.get(so_far))


def _first_whole(*given: object) -> int | None:
    return next((one for one in given if type(one) is int), None)
