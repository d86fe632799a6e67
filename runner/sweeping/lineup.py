"""Which trial runs next; one whose process died may try again. Pure.

A trial that starts from another's weights waits until that one is over.
"""

from collections import deque
from collections.abc import Collection, Mapping
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

    def __init__(
        self, n_trials: int, *, n_deaths: int, after: Mapping[int, int] | None = None
    ) -> None:
        """Line up.

        Args:
            n_trials: How many, numbered from 0.
            n_deaths: How often a process may die with no new epoch in between.
            after: Which trial has to be over before another begins.
        """
        self._after = after or {}
        self._unfinished = set(self._after.values())  # of those that others wait for
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
            Its number; None where none waits, or none may begin yet.
        """
        ready = (n for n in self._waiting if self._after.get(n) not in self._unfinished)
        number = next(ready, None)
        if number is None:
            return None
        self._waiting.remove(number)
        self._running.add(number)
        return number

    def end(self, number: int) -> None:
        """Note that a trial is over.

        Args:
            number: Which.
        """
        self._running.discard(number)

    def settle(self, number: int, *, is_finished: bool) -> list[int]:
        """Let those begin that waited for a trial, or let them wait no longer.

        Args:
            number: One that is over.
            is_finished: Whether others can start from its weights.

        Returns:
            Those that waited in vain, and others that waited for them.
        """
        if is_finished:
            self._unfinished.discard(number)
            return []
        in_vain = self._behind({number})
        self._waiting = deque(one for one in self._waiting if one not in in_vain)
        return sorted(in_vain)

    def waits(self, number: int) -> bool:
        """Say whether a trial is still to be taken.

        Args:
            number: Which.

        Returns:
            Whether it is.
        """
        return number in self._waiting

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
        """Let trials wait no longer, nor what waits for them.

        Args:
            numbers: Which.

        Returns:
            Those of them that run.
        """
        gone = set(numbers) - self._running
        gone |= self._behind(gone)
        self._waiting = deque(one for one in self._waiting if one not in gone)
        return self._running & set(numbers)

    # What waits for some trials, or for what waits for them.
    def _behind(self, numbers: Collection[int]) -> set[int]:
        found: set[int] = set()
        before = set(numbers)
        for one in self._waiting:  # a trial stands behind what it starts from
            if self._after.get(one) in before | found:
                found.add(one)
        return found
