"""What trials of a kind took, so that the next one starts where it fits."""

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import final

from runner.store.record import Record
from studies.trial import Trial

__all__ = ["Measured", "Peaks"]


@dataclass(frozen=True, kw_only=True)
class Peaks:
    """The most that a trial had at once; None where nobody measured it."""

    memory: int | None = None
    gpu_memory: int | None = None


@final
class Measured:
    """Peaks of trials that differ in nothing that takes memory."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._peaks: dict[str, list[Peaks]] = defaultdict(list)

    def learn(self, trial: Trial, record: Record) -> None:
        """Take note of what a trial took.

        Args:
            trial: Which, finished or not.
            record: What it recorded.
        """
        peaks = Peaks(
            memory=record.peak_memory_bytes, gpu_memory=record.peak_gpu_memory_bytes
        )
        if peaks != Peaks():
            self._peaks[_kind(trial)].append(peaks)

    def expected(self, trial: Trial) -> Peaks:
        """Say what a trial will take.

        Args:
            trial: Which.

        Returns:
            The most that one of its kind took.
        """
        seen = self._peaks[_kind(trial)]
        return Peaks(
            memory=max((one.memory or 0 for one in seen), default=0) or None,
            gpu_memory=max((one.gpu_memory or 0 for one in seen), default=0) or None,
        )


def _kind(trial: Trial) -> str:
    train = trial.config.train
    parts = [
        trial.config.model.model_dump(mode="json"),
        train.batch_size,
        train.precision.value,
        trial.data,
    ]
    return json.dumps(parts, sort_keys=True)
