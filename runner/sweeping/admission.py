"""Lets a trial start where there is room for it; else it waits, or is refused.

What trials of a machine were promised, and have not taken yet, is not free. Every
process of a sweep writes its promise down where the others see it, also those of
another sweep by the same user, and a promise ends with its process.
"""

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final, Protocol, final

import psutil

from film.data.memory import free_bytes, limiting_group, total_bytes
from runner.errors import LaunchError
from runner.quantities import memory
from runner.store.files import read_json
from runner.store.private import private_folder

__all__ = [
    "CONTEXT_BYTES",
    "Need",
    "NoRoomError",
    "Place",
    "Promises",
    "Room",
    "Verdict",
    "decide",
    "graphics",
    "main_memory",
]

CONTEXT_BYTES: Final = 600 * 2**20  # CUDA's own in a process; torch does not count it
_LOOK_S: Final = 2.0  # between two looks for room
_ALONE_S: Final = 60.0  # with nobody of ours to wait for


class NoRoomError(LaunchError):
    """A trial needs more than there is, whoever else ends."""


class Verdict(Enum):
    """What becomes of a trial that wants to start."""

    START = auto()
    WAIT = auto()
    REFUSE = auto()


@dataclass(frozen=True, kw_only=True)
class Need:
    """What a trial will take of a memory."""

    n_bytes: int
    is_measured: bool  # else it is what the trial was promised


@dataclass(frozen=True, kw_only=True)
class Room:
    """What there is of a memory at one moment."""

    total: int
    free: int
    promised: int = 0  # to others, who have not taken it yet
    n_others: int = 0  # that were promised something
    taken: int = 0  # by the process that asks, before its trial begins


def decide(need: Need, room: Room, *, alone_s: float = 0.0) -> Verdict:
    """Decide whether a trial may start.

    Where nobody else was promised anything, nobody is sure ever to make room: it is
    tried, at once where nothing was measured, else after a while.

    Args:
        need: What it will take.
        room: What there is.
        alone_s: For how long it has waited with nobody else promised anything.

    Returns:
        The verdict; what waits would fit if others ended.
    """
    if need.n_bytes > room.total:
        return Verdict.REFUSE
    if need.n_bytes - room.taken <= room.free - room.promised:
        return Verdict.START
    if not room.n_others and (alone_s >= _ALONE_S or not need.is_measured):
        return Verdict.START
    return Verdict.WAIT


class Place(Protocol):
    """A memory that trials share."""

    @property
    def name(self) -> str:
        """What it is called, such as ``GPU 0``."""
        ...

    @property
    def identity(self) -> str:
        """What tells it from others of the machine, whatever a job calls it."""
        ...

    def total(self) -> int:
        """Say how much there is."""
        ...

    def free(self) -> int:
        """Say how much nobody has taken."""
        ...

    def taken(self) -> int:
        """Say how much this process has taken."""
        ...


@final
class _MainMemory:
    name = "memory"

    @property
    def identity(self) -> str:
        return f"{self.name} {limiting_group()}".strip()

    def total(self) -> int:
        return total_bytes()

    def free(self) -> int:
        return free_bytes()

    def taken(self) -> int:
        return int(psutil.Process().memory_info().rss)


@final
class _Graphics:
    def __init__(self) -> None:
        self.name = f"GPU {os.environ.get('CUDA_VISIBLE_DEVICES', '').strip() or 0}"

    # Every job may call its own one "0".
    @property
    def identity(self) -> str:
        import torch  # noqa: PLC0415 - as below

        number = torch.cuda.current_device()
        uuid = getattr(torch.cuda.get_device_properties(number), "uuid", None)
        return self.name if uuid is None else f"GPU {uuid}"

    def total(self) -> int:
        return self._info()[1]

    def free(self) -> int:
        return self._info()[0]

    def taken(self) -> int:
        import torch  # noqa: PLC0415 - the driver has no need of it

        context = CONTEXT_BYTES if torch.cuda.is_initialized() else 0
        return int(torch.cuda.memory_reserved()) + context

    def _info(self) -> tuple[int, int]:
        import torch  # noqa: PLC0415 - as above

        free, total = torch.cuda.mem_get_info()
        return int(free), int(total)


main_memory: Final[Place] = _MainMemory()


def graphics() -> Place:
    """Name the GPU that this process was given.

    Returns:
        Its memory.
    """
    return _Graphics()


@final
class Promises:
    """What the trials of this user were promised of this machine's memories."""

    def __init__(self, folder: Path | None = None) -> None:
        """Name where promises are written down.

        Args:
            folder: Where; None is one for all sweeps of the user.
        """
        self._folder = folder or private_folder("film-promises")

    def ask(
        self, need: Need, place: Place, *, alone_s: float = 0.0
    ) -> tuple[Verdict, Room]:
        """Ask for room once; where there is some, it is promised.

        Args:
            need: What a trial of this process will take.
            place: Of which memory.
            alone_s: For how long it has waited with nobody else promised anything.

        Returns:
            The verdict, and what it was based on.
        """
        with self._alone():
            others = self._others(place)
            room = Room(
                total=place.total(),
                free=place.free(),
                promised=sum(max(said["need"] - said["taken"], 0) for said in others),
                n_others=len(others),
                taken=place.taken(),
            )
            verdict = decide(need, room, alone_s=alone_s)
            if verdict is Verdict.START:
                self._write(need.n_bytes, place)
        return verdict, room

    @contextmanager
    def room_for(
        self,
        need: Need,
        place: Place,
        say: Callable[[str], object],
        pause: Callable[[float], object] = time.sleep,
    ) -> Iterator[None]:
        """Wait for room, and keep it for as long as the context lasts.

        Others see all the while how much of it is taken.

        Args:
            need: What a trial of this process will take.
            place: Of which memory.
            say: Told, once, why the trial waits, and that it waits no longer.
            pause: Waits between two looks.

        Yields:
            Nothing.

        Raises:
            NoRoomError: There will never be so much.
        """
        has_said, alone_s = False, 0.0
        while True:
            verdict, room = self.ask(need, place, alone_s=alone_s)
            if verdict is Verdict.REFUSE:
                raise NoRoomError(_refusal(need, room, place.name))
            if verdict is Verdict.START:
                if decide(need, room) is Verdict.WAIT:
                    say(_trying(need, room))
                break
            if not has_said:
                say(_waiting(need, room, place.name))
                has_said = True
            pause(_LOOK_S)
            alone_s = 0.0 if room.n_others else alone_s + _LOOK_S
        over = threading.Event()

        def tell() -> None:
            while not over.wait(_LOOK_S):
                self._write(need.n_bytes, place)

        thread = threading.Thread(target=tell, name="promise", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self._file(place).unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _file(self, place: Place) -> Path:
        name = "".join(sign if sign.isalnum() else "-" for sign in place.name)
        return self._folder / f"{os.getpid()}.{name}.json"

    # Nobody trusts a half-written promise for long: it is written anew all the time.
    def _write(self, n_bytes: int, place: Place) -> None:
        content = {
            "pid": os.getpid(),
            "created": psutil.Process().create_time(),
            "place": place.identity,
            "need": n_bytes,
            "taken": place.taken(),
        }
        path = self._file(place)
        temporary = path.with_suffix(".part")
        temporary.write_text(json.dumps(content), encoding="utf-8")
        temporary.replace(path)

    def _others(self, place: Place) -> list[dict[str, Any]]:
        found, identity = [], place.identity
        for path in self._folder.glob("*.json"):
            said = read_json(path)
            if not _lives(said):
                path.unlink(missing_ok=True)
            elif said["place"] == identity and said["pid"] != os.getpid():
                found.append(said)
        return found


def _lives(said: dict[str, Any]) -> bool:
    try:
        return bool(psutil.Process(said["pid"]).create_time() == said["created"])
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False


def _named(need: Need) -> str:
    how = "as measured" if need.is_measured else "as promised"
    return f"needs {memory(need.n_bytes)}, {how}"


def _refusal(need: Need, room: Room, name: str) -> str:
    return (
        f"it {_named(need)}, and {name} has {memory(room.total)} in all; a smaller "
        "model or train.batch_size may fit"
    )


def _waiting(need: Need, room: Room, name: str) -> str:
    promised = f", {memory(room.promised)} of it promised" if room.promised else ""
    return (
        f"waits: it {_named(need)}, and of {memory(room.total)} ({name}) "
        f"{memory(room.free)} is free{promised}"
    )


def _trying(need: Need, room: Room) -> str:
    return (
        f"starts: it {_named(need)}, and {memory(room.free)} is free, but no trial is "
        "left to wait for"
    )
