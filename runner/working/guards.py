"""Ends a trial that takes too much memory, or that hangs, before others suffer.

A thread of the trial's own process looks at it several times a second. It writes the
reason into the trial's folder and leaves; to Ray that is a worker that died, which
harms no other trial. (Ray's own killer would end the whole sweep.)
"""

import faulthandler
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Self, final

import psutil

from film.data.memory import free_bytes
from runner.quantities import memory
from runner.store.trial_folder import TrialFolder
from runner.sweeping.progress import clock

__all__ = ["EXIT_CODE", "Guard", "Limits"]

EXIT_CODE: Final = 70  # of a process that a guard ended
_LOGGER: Final = logging.getLogger(__name__)
_TICK_S: Final = 0.1
_LONGEST_TICK_S: Final = 1.0  # what took longer was no work: the process was stopped
_UNSEEN_EPOCH_S: Final = 86_400.0
_LEAST_S: Final = 600.0
_TIMES_LONGEST: Final = 10
_HEADROOM: Final = 1.25  # over what was measured: the next epoch may take a bit more
_LEAST_SHARE: Final = 2**30
_RESERVE: Final = 2**29  # of the machine: with less free, it is short of memory


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a trial may take, and how often its process may die."""

    memory_bytes: int | None = None  # None: all there is
    is_share: bool = False  # of what was free, as no limit was given
    hang_after_s: float | None = None  # None: by the longest epoch
    n_deaths: int = 3  # without a new epoch in between, until it is given up

    def memory_for(self, need_bytes: int | None) -> int | None:
        """Say what a trial may take.

        A share yields to what was measured, and is never too small to begin with.

        Args:
            need_bytes: What such a trial took before; None where it is not known.

        Returns:
            Bytes; None for all there is.
        """
        if self.memory_bytes is None or not self.is_share:
            return self.memory_bytes
        needed = int(_HEADROOM * need_bytes) if need_bytes is not None else 0
        return max(self.memory_bytes, _LEAST_SHARE, needed)

    def tolerates(self, free: int) -> bool:
        """Say whether a trial may take more than it was given.

        A share was counted when the sweep began: it binds where others would suffer.

        Args:
            free: The memory that is free now.

        Returns:
            Whether it may.
        """
        return self.is_share and free >= _RESERVE

    def quiet_s(self, longest_epoch_s: float | None) -> float:
        """Say how long an epoch may take.

        Args:
            longest_epoch_s: How long one took so far; None before the first.

        Returns:
            Seconds.
        """
        if self.hang_after_s is not None:
            return self.hang_after_s
        if longest_epoch_s is None:
            return _UNSEEN_EPOCH_S
        return max(_LEAST_S, _TIMES_LONGEST * longest_epoch_s)


@final
class Guard:
    """Watches the process that it runs in for one trial."""

    def __init__(
        self,
        folder: TrialFolder,
        limits: Limits,
        *,
        need_bytes: int | None = None,
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        """Prepare a guard; entering it begins the watch.

        Args:
            folder: Of the trial, to write the reason into.
            limits: What it may take.
            need_bytes: What such a trial took before; None where it is not known.
            leave: Ends the process.
        """
        self._folder = folder
        self._limits = limits
        self._budget = limits.memory_for(need_bytes)
        self._leave = leave
        self._process = psutil.Process()
        self._lock = threading.Lock()  # who holds it may write the trial's end
        self._over = threading.Event()
        self._is_watching = False
        self._quiet_s = 0.0
        self._longest_s: float | None = None
        self._thread = threading.Thread(target=self._watch, name="guard", daemon=True)
        self._now_bytes = 0
        self.peak_bytes = 0

    def __enter__(self) -> Self:
        """Begin to look.

        Returns:
            The guard.
        """
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Take what happens inside for the trial's work; the rest is others' time.

        Yields:
            Nothing.
        """
        with self._lock:
            self._quiet_s = 0.0
            self._is_watching = True
        try:
            yield
        finally:
            with self._lock:
                self._is_watching = False
            self._look()

    def beat(self, epoch_s: float) -> None:
        """Hear that an epoch is over.

        Args:
            epoch_s: How long it took.
        """
        self._longest_s = max(self._longest_s or 0.0, epoch_s)

    def _watch(self) -> None:
        last = time.monotonic()
        while not self._over.wait(_TICK_S):
            now = time.monotonic()
            awake_s, last = min(now - last, _LONGEST_TICK_S), now
            self._look()
            with self._lock:
                if self._is_watching:
                    self._quiet_s += awake_s
                    self._judge()

    def _look(self) -> None:
        self._now_bytes = self._process.memory_info().rss
        self.peak_bytes = max(self.peak_bytes, self._now_bytes)

    def _judge(self) -> None:
        used, budget = self._now_bytes, self._budget
        if budget is not None and used > budget:
            self._judge_memory(used, budget)
        limit_s = self._limits.quiet_s(self._longest_s)
        if self._quiet_s > limit_s:
            self._end(
                f"no epoch was over for {clock(self._quiet_s)}{self._compared()}, so "
                "that it seems to hang; --hang-after gives it longer"
            )

    def _judge_memory(self, used: int, budget: int) -> None:
        free = free_bytes()
        if self._limits.tolerates(free):
            return
        whose, left = "", ""
        if self._limits.is_share:
            whose, left = "its share of ", f", with {memory(free)} left"
        self._end(
            f"it took {memory(used)} of memory, more than {whose}{memory(budget)}{left}"
            "; fewer jobs (-j) or --memory-per-trial leave it more"
        )

    def _compared(self) -> str:
        if self._longest_s is None:
            return ""
        return f" (the longest took {clock(self._longest_s)})"

    # The log is the trial's own, and so is standard error where nothing reads it.
    def _end(self, reason: str) -> None:
        try:
            self._folder.fail(reason)
            _LOGGER.error("%s", reason)
            with self._folder.log.open("a", encoding="utf-8") as log:
                faulthandler.dump_traceback(log)
            os.write(2, f"film: {reason}\n".encode())
        finally:
            self._over.set()
            self._leave(EXIT_CODE)
