"""What can end a sweep, or a part of it, before everything was tried."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final, final

from runner.store.files import read_json, write_json

__all__ = [
    "Stop",
    "Wish",
    "Wishes",
    "ask_to_cancel",
    "forget_wishes",
    "is_asked",
    "only_newer_wishes",
]

_FILE: Final = "cancel.json"
_LOOK_S: Final = 0.5


class Stop(Enum):
    """Why a sweep ended early."""

    INTERRUPTED = auto()  # Ctrl-C, SIGTERM or a closed terminal
    CANCELLED = auto()  # film cancel, perhaps from another machine
    BUDGET = auto()  # --budget is used up
    BROKEN = auto()  # what schedules trials failed itself


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is asked of a running sweep."""

    stop: Stop | None = None
    dropped: frozenset[str] = frozenset()  # trials that are not wanted just now


def ask_to_cancel(folder: Path, trial_ids: Collection[str] | None) -> None:
    """Ask whoever runs a study to stop, or to leave some of it.

    Args:
        folder: The study's, in the store.
        trial_ids: What to leave; None is all of it.
    """
    said = read_json(folder / _FILE)
    earlier = _trials(said) if said else frozenset()
    content = None
    if trial_ids is not None and earlier is not None:
        content = sorted(earlier | set(trial_ids))
    write_json(folder / _FILE, {"trials": content, "asked_at": time.time()})


def is_asked(folder: Path) -> bool:
    """Tell whether somebody was asked to stop, and did not hear it yet.

    Args:
        folder: The study's, in the store.

    Returns:
        Whether it is so.
    """
    return (folder / _FILE).exists()


def forget_wishes(folder: Path) -> None:
    """Drop what was asked.

    Args:
        folder: The study's, in the store.
    """
    (folder / _FILE).unlink(missing_ok=True)


@contextmanager
def only_newer_wishes(
    folder: Path, launch: AbstractContextManager[None]
) -> Iterator[None]:
    """Begin a launch, and drop what was asked of those before it.

    What is asked as soon as others can see the launch is asked of this one. Clocks of
    several machines need not agree on that.

    Args:
        folder: The study's, in the store.
        launch: What others can see once it is entered.

    Yields:
        Nothing.
    """
    before = _content(folder)
    with launch:
        if before is not None and _content(folder) == before:
            forget_wishes(folder)
        yield


def _content(folder: Path) -> bytes | None:
    try:
        return (folder / _FILE).read_bytes()
    except FileNotFoundError:
        return None


@final
class Wishes:
    """Tells a running sweep what it was asked since; reads the disk now and then."""

    def __init__(
        self,
        folder: Path,
        *,
        ends_at: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Listen.

        Args:
            folder: The study's, in the store.
            ends_at: When the budget is used up; None where there is none.
            clock: Seconds since any moment.
        """
        self._folder, self._ends_at, self._clock = folder, ends_at, clock
        self._look_at = clock()
        self._said: dict[str, Any] = {}

    def hear(self) -> Wish:
        """Tell what was asked since the last time.

        Returns:
            The wish; each is told once.
        """
        stop = self.stop()
        if stop is not None or not self._said:
            return Wish(stop=stop)
        forget_wishes(self._folder)
        said, self._said = self._said, {}
        return Wish(dropped=_trials(said) or frozenset())

    def stop(self) -> Stop | None:
        """Tell whether all of it is to stop; other wishes are kept for later.

        Returns:
            Why it is; None where it is not.
        """
        now = self._clock()
        if self._ends_at is not None and now >= self._ends_at:
            return Stop.BUDGET
        if now < self._look_at:
            return None
        self._look_at = now + _LOOK_S
        with suppress(OSError):  # of a disk that is away; it is looked at again
            self._said = read_json(self._folder / _FILE)
        if not self._said or _trials(self._said) is not None:
            return None
        forget_wishes(self._folder)
        self._said = {}
        return Stop.CANCELLED


def _trials(said: dict[str, Any]) -> frozenset[str] | None:
    trials = said.get("trials")
    return frozenset(map(str, trials)) if isinstance(trials, list) else None
