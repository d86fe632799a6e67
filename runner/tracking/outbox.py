"""One thread that does what is put down for it, while the others go on."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Final, final

from runner.store.launches import Launch

__all__ = ["Lane", "Outbox", "Task"]

_LOOK_S: Final = 0.1
_OWN_S: Final = 120.0  # without asking anything: MLflow's import, on a busy machine
_PAUSE_S: Final = 2.0  # so long a trial's news are gathered: a short one is sent once


class Lane(IntEnum):
    """How soon something is to be sent."""

    NOW = 0  # somebody waits
    SOON = 1
    SOME_TIME = 2  # when there is nothing else to do


@dataclass(frozen=True, kw_only=True)
class Task:
    """A folder of which something is to be sent; what it is, the folder says then."""

    home: Path
    lane: Lane
    launch: Launch | None = None  # of a study's folder
    again: bool = False  # also what did not change
    is_second_try: bool = False
    due: float = 0.0


@final
class Outbox:
    """Tasks by folder, of which the latest state wins, and the thread that does them.

    The thread is there while there is something to do, and never keeps a process from
    ending.
    """

    def __init__(self, work: Callable[[Task], None]) -> None:
        """Prepare; no thread is started yet.

        Args:
            work: Does a task, in the thread; raises nothing.
        """
        self._work = work
        self._changed = threading.Condition()
        self._lanes: tuple[dict[Path, Task], ...] = ({}, {}, {})
        self._current: Task | None = None
        self._thread: threading.Thread | None = None
        self._paused_until = 0.0
        self._is_asking = False
        self._moved_at = 0.0  # when a task was taken up, or an answer asked for or had

    def put(self, task: Task) -> None:
        """Put a task down; one of the same folder is merged with it.

        Args:
            task: The task.
        """
        with self._changed:
            before = next(filter(None, (at.get(task.home) for at in self._lanes)), None)
            if before is not None:
                task = _merged(before, task)
                if task.lane is not before.lane:
                    del self._lanes[before.lane][task.home]
            elif task.lane is Lane.SOON:
                task = replace(task, due=time.monotonic() + _PAUSE_S)
            self._lanes[task.lane][task.home] = task
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """Leave everything for a while.

        Args:
            seconds: How long.
        """
        with self._changed:
            self._paused_until = time.monotonic() + seconds
            self._changed.notify_all()

    def hurry(self) -> None:
        """End a pause, and do at once what was to be done soon."""
        with self._changed:
            self._paused_until = 0.0
            now, soon, _ = self._lanes
            for home, task in soon.items():
                now[home] = replace(task, lane=Lane.NOW, due=0.0)
            soon.clear()
            self._changed.notify_all()

    def wait(self, *, silence_s: float, within_s: float | None) -> str:
        """Wait until all is done that is to be done now.

        Args:
            silence_s: How long to wait for one answer.
            within_s: How long to wait in all; None is as long as it takes.

        Returns:
            Why it was given up; empty where all is done, or a pause began.
        """
        start = time.monotonic()
        with self._changed:
            while self._is_urgent() and not self._is_paused():
                now = time.monotonic()
                if self._current is not None:
                    still_s = now - self._moved_at
                    if self._is_asking and still_s > silence_s:
                        return f"no answer for {still_s:.0f} s"
                    if still_s > max(silence_s, _OWN_S):
                        return f"nothing was sent for {still_s:.0f} s"
                if within_s is not None and now - start > within_s:
                    return f"not everything was sent within {within_s:.0f} s"
                self._changed.wait(_LOOK_S)
        return ""

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Note that an answer is waited for.

        Yields:
            Nothing.
        """
        self._is_asking, self._moved_at = True, time.monotonic()
        try:
            yield
        finally:
            self._is_asking, self._moved_at = False, time.monotonic()

    def _is_urgent(self) -> bool:
        current = self._current
        return bool(self._lanes[Lane.NOW]) or (
            current is not None and current.lane is not Lane.SOME_TIME
        )

    def _is_paused(self) -> bool:
        return time.monotonic() < self._paused_until

    def _run(self) -> None:
        while (task := self._take()) is not None:
            try:
                self._work(task)
            finally:
                with self._changed:
                    self._current = None
                    self._changed.notify_all()

    def _take(self) -> Task | None:
        with self._changed:
            while any(self._lanes):
                patience = self._paused_until - time.monotonic()
                if patience <= 0:
                    task, patience = self._next()
                    if task is not None:
                        self._current = self._lanes[task.lane].pop(task.home)
                        self._moved_at = time.monotonic()
                        return task
                self._changed.wait(patience)
            self._thread = None
            return None

    # The first of a lane is the first that is due: all wait equally long.
    def _next(self) -> tuple[Task | None, float]:
        patience = _PAUSE_S
        for lane in self._lanes:
            first = next(iter(lane.values()), None)
            if first is not None:
                patience = first.due - time.monotonic()
                if patience <= 0:
                    return first, 0.0
        return None, patience


def _merged(before: Task, task: Task) -> Task:
    return replace(
        task,
        lane=min(before.lane, task.lane),
        launch=task.launch or before.launch,
        again=before.again or task.again,
        due=0.0 if Lane.NOW in {before.lane, task.lane} else before.due,
    )
