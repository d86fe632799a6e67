"""Which trial runs next; one whose process died may try again. Pure."""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import final

__all__ = ["Lineup"]


@dataclass
class _Deaths:
    count: int = 0
    epochs: int = -1  # that were over at the last one


@final
class Lineup:
    """The trials of a sweep that wait, by their number."""

    def __init__(self, n_trials: int, *, n_deaths: int) -> None:
        """Line up.

        Args:
            n_trials: How many, numbered from 0.
            n_deaths: How often a process may die with no new epoch in between.
        """
        self._waiting = deque(range(n_trials))
        self._running: set[int] = set()
        self._deaths = [_Deaths() for _ in range(n_trials)]
        self._n_deaths = n_deaths

    @property
    def n_running(self) -> int:
        """How many were taken and are not over."""
        return len(self._running)

    @property
    def is_over(self) -> bool:
        """Whether nothing waits, and nothing can come back."""
        return not self._waiting and not self._running

    def take(self) -> int | None:
        """Take the next one.

        Returns:
            Its number; None where none waits.
        """
        if not self._waiting:
            return None
        number = self._waiting.popleft()
        self._running.add(number)
        return number

    def end(self, number: int) -> None:
        """Note that a trial is over.

        Args:
            number: Which.
        """
        self._running.discard(number)

    def die(self, number: int, epochs: int) -> int:
        """Note that the process of a trial died: it is next, if it may try again.

        Args:
            number: Which.
            epochs: How many were over by then.

        Returns:
            How often it died without a new epoch, where that was once too often;
            else 0.
        """
        self._running.discard(number)
        deaths = self._deaths[number]
        deaths.count = 1 if epochs > deaths.epochs else deaths.count + 1
        deaths.epochs = epochs
        if deaths.count >= self._n_deaths:
            return deaths.count
        self._waiting.appendleft(number)
        return 0

    def drop(self, numbers: Collection[int]) -> set[int]:
        """Let trials wait no longer.

        Args:
            numbers: Which.

        Returns:
            Those of them that run.
        """
        self._waiting = deque(one for one in self._waiting if one not in numbers)
        return self._running & set(numbers)
