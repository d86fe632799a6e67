"""Locks that die with their holder, and say who holds them.

A lock of the operating system (``flock``) is freed when its process ends, however it
ends. On a disk that machines share it may not reach the other machine, and some file
systems have none. A lease is such a lock with a file beside it that names its owner and
holds a number which the owner raises every two seconds: whoever sees it move knows that
the owner lives, and no clocks are compared.
"""

import errno
import fcntl
import json
import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from enum import Enum, auto
from pathlib import Path
from typing import IO, Final

from runner.errors import BusyError
from runner.store.files import if_there, read_json

__all__ = ["Owner", "exclusive", "is_held", "lease", "read_owner"]

_LOGGER: Final = logging.getLogger(__name__)
_BEAT_S: Final = 2.0
_PATIENCE_S: Final = 20.0  # without a beat; a busy disk may delay some
_LOOK_S: Final = 0.2  # between two looks at an owner
_TRIES: Final = 5  # whoever asks whether a lock is held holds it for a moment
_WIDTH: Final = 512  # every beat overwrites as many bytes: a full disk does not matter
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_NO_LOCKS: Final = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}

_Busy = Callable[["Owner | None"], str]


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Who holds a lease."""

    host: str
    boot: str  # of the machine's system, since it started
    pid: int
    started_at: float  # by the owner's clock, seconds since 1970
    token: str  # of this holding, and no other

    def __str__(self) -> str:
        """Name the owner in a message.

        Returns:
            Process, machine and since when.
        """
        host = "".join(one for one in self.host[:64] if one.isprintable())
        since = datetime.fromtimestamp(self.started_at, tz=UTC)
        return f"process {self.pid} on {host} since {since:%Y-%m-%d %H:%M} UTC"


class _Flock(Enum):
    OURS = auto()
    BUSY = auto()
    NONE = auto()  # the file system has no such locks


@contextmanager
def exclusive(path: Path, *, busy: str | None = None) -> Iterator[None]:
    """Hold a lock that the operating system frees when the process ends.

    Where the file system has no locks, it is a lease.

    Args:
        path: The lock's file; its folder is made.
        busy: Refuse with this line where someone holds it; None waits.

    Yields:
        Nothing; the lock is held.

    Raises:
        BusyError: Someone else holds it.
    """
    with _locked(path, wait=busy is None) as outcome:
        match outcome:
            case _Flock.OURS:
                yield
            case _Flock.BUSY:
                raise BusyError(str(busy))
            case _Flock.NONE:
                line = None if busy is None else lambda _: busy
                with _owned(path, line, reaches=False):
                    yield


@contextmanager
def lease(path: Path, *, busy: _Busy | None = None) -> Iterator[None]:
    """Hold a lock that also other machines, with which a disk is shared, respect.

    Who stood still for so long that another took over is sent SIGTERM on waking up.

    Args:
        path: The lock's file; its folder is made.
        busy: Makes the line to refuse with where someone holds it, from who that is,
            if it is known; None waits.

    Yields:
        Nothing; the lock is held.

    Raises:
        BusyError: Someone else holds it.
    """
    with _locked(path, wait=busy is None) as outcome:
        if outcome is _Flock.BUSY and busy is not None:
            raise BusyError(busy(_named(path)))
        with _owned(path, busy, reaches=outcome is _Flock.OURS):
            yield


def is_held(path: Path) -> bool:
    """Tell at once whether a living process holds a lock or a lease.

    Of another machine, whose lock may not be seen, the owner's last beat is held
    against the clock here; who would take a lease over looks closer. Where the disk
    does not answer, its error rises.

    Args:
        path: The lock's file, which need not exist.

    Returns:
        Whether it is held.
    """
    return bool(if_there(path, _is_held))


def _is_held(path: Path) -> bool:
    reaches = True
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        reaches = False
    owner = read_owner(path)
    if owner is None or (reaches and owner.boot == _boot()):
        return False
    beaten_at = _beside(path).stat().st_mtime
    return abs(time.time() - beaten_at) < _PATIENCE_S


def read_owner(path: Path) -> Owner | None:
    """Read who holds a lease, or held it when it was killed.

    Args:
        path: The lock's file.

    Returns:
        The owner; None where none is named.
    """
    said = read_json(_beside(path))
    kinds = {field.name: field.type for field in fields(Owner)}
    known = {name: value for name, value in said.items() if name in kinds}
    if any(type(known.get(name)) is not kind for name, kind in kinds.items()):
        return None
    return Owner(**known)


# For a message, which is worth more than whom it names.
def _named(path: Path) -> Owner | None:
    try:
        return read_owner(path)
    except OSError:
        return None


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.owner")


# A file that was removed while we waited for it locks nothing.
@contextmanager
def _locked(path: Path, *, wait: bool) -> Iterator[_Flock]:
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            outcome = _flock(file, wait=wait)
            if outcome is not _Flock.OURS or _is_there(path, file):
                yield outcome
                return


def _is_there(path: Path, file: IO[str]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _flock(file: IO[str], *, wait: bool) -> _Flock:
    for _ in range(_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            time.sleep(_LOOK_S / _TRIES)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            return _Flock.NONE
        else:
            return _Flock.OURS
    return _Flock.BUSY


# The owner's file is made by whoever finds none: the file system sees to it that this
# is one. ``reaches``: we have the lock as well, so that an owner here is a dead one.
@contextmanager
def _owned(path: Path, busy: _Busy | None, *, reaches: bool) -> Iterator[None]:
    file = _beside(path)
    owner = Owner(
        host=socket.gethostname(),
        boot=_boot(),
        pid=os.getpid(),
        started_at=time.time(),
        token=secrets.token_hex(8),
    )
    is_told = False
    while not _create(file, owner) or not _settled(path, owner, was_taken=is_told):
        before = read_owner(path)
        is_dead = reaches and before is not None and before.boot == owner.boot
        if not is_dead and not is_told:
            is_told = True
            _LOGGER.warning(
                "%s is not free: %s; waiting up to %.0f s to see whether it lives",
                *(path, before or "unknown owner", _PATIENCE_S),
            )
        if is_dead or not _lives(file):
            _set_aside(file, before)
        elif busy is not None:
            raise BusyError(busy(before))
    stop = threading.Event()
    beating = threading.Thread(target=_beat, args=(path, owner, stop), daemon=True)
    beating.start()
    try:
        yield
    finally:
        stop.set()
        beating.join()
        with suppress(OSError):  # what was done is done; without a beat, it is nobody's
            if read_owner(path) == owner:
                file.unlink(missing_ok=True)


def _create(file: Path, owner: Owner) -> bool:
    try:
        with file.open("xb") as new:
            new.write(_said(owner, 0))
    except FileExistsError:
        return False
    except OSError:
        file.unlink(missing_ok=True)  # a full disk took the name and no content
        raise
    return True


def _said(owner: Owner, beat: int) -> bytes:
    content = json.dumps({**asdict(owner), "beat": beat})
    return content.encode().ljust(_WIDTH - 1) + b"\n"


# Where another one was moved away, two may have done so at once: the last one has it.
def _settled(path: Path, owner: Owner, *, was_taken: bool) -> bool:
    if was_taken:
        time.sleep(_LOOK_S)
    return not was_taken or read_owner(path) == owner


# Opened anew each time: that is when a disk of the network is asked again.
def _lives(file: Path) -> bool:
    first = _content(file)
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        time.sleep(_LOOK_S)
        now = _content(file)
        if now != first:
            return now is not None  # else it was let go
    return False


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


# Two may have found the same owner dead: who moves another one away puts it back.
def _set_aside(file: Path, owner: Owner | None) -> None:
    aside = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    try:
        file.rename(aside)
    except FileNotFoundError:
        return
    said = read_json(aside)
    if owner is None or said.get("token") == owner.token:
        aside.unlink(missing_ok=True)
    else:
        aside.rename(file)


def _beat(path: Path, owner: Owner, stop: threading.Event) -> None:
    file, number = _beside(path), 0
    while not stop.wait(_BEAT_S):
        number += 1
        with suppress(
            OSError
        ):  # of a disk that is slow to answer; there is a next beat
            said = read_owner(path)
            if said is not None and said.token != owner.token:
                _LOGGER.error("%s was taken over by %s; this process stops", path, said)
                os.kill(os.getpid(), signal.SIGTERM)
                return
            if said is None and not file.exists():
                _create(file, owner)
            with file.open("r+b") as same:
                same.write(_said(owner, number))


def _boot() -> str:
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return socket.gethostname()
