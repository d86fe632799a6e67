"""The SQLite file of a local MLflow: made whole, kept fast, set aside when damaged.

Whatever happens to the file, the trials' folders have all that a new one needs.
"""

import functools
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, Final

import psutil

from runner.errors import TrackingError
from runner.store.locks import exclusive

__all__ = ["EXPERIMENT", "is_damaged", "prepare", "watch_connections"]

EXPERIMENT: Final = "film"
_ROOM_BYTES: Final = 2 * 2**20  # a new store takes one MiB
_BUSY_S: Final = 20.0
_DAMAGED: Final = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_IOERR_SHORT_READ,
}
_PRIMARY: Final = 0xFF  # of an extended error code
_KEY: Final = "film.file"
_LOCAL: Final = (  # on others, processes of two machines cannot share a WAL
    *("apfs", "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "hfs", "ntfs"),
    *("ntfs3", "overlay", "ramfs", "tmpfs", "vfat", "xfs", "zfs"),
)
_Foreign = Any  # SQLAlchemy's events are not ours to type


def prepare(path: Path, migrate: Callable[[str], object], own: Path | None) -> str:
    """Make a local store where it is missing, or cannot be used as it is.

    MLflow does not lock its own first migration, and a half-made store is unusable.

    Args:
        path: The file.
        migrate: Makes MLflow's tables in the store of an address.
        own: Where the store of this file keeps artifacts; None where the file is not
            a store's own.

    Returns:
        What the user should know; mostly nothing.

    Raises:
        TrackingError: There is no room for a store.
    """
    if path.parent.is_dir() and shutil.disk_usage(path.parent).free < _ROOM_BYTES:
        raise TrackingError(f"the disk of {path.parent} is full")  # MLflow tries on
    with exclusive(path.with_name(f"{path.name}.lock")):
        said = ""
        if path.exists():
            if is_damaged(path):
                aside = _set_aside(path, "damaged")
                said = (
                    f"{path} was damaged, and is made anew from the trials' folders; "
                    f"it was set aside as {aside.name}"
                )
            elif own is not None and _is_moved(path, own.as_uri()):
                _set_aside(path, "moved")
        if not path.exists():
            _make(path, migrate)
        return said


def is_damaged(path: Path, *, read_only: bool = False) -> bool:
    """Tell whether a file is no SQLite store any more.

    Args:
        path: The file.
        read_only: Leave what a killed process wrote beside it for who writes next.

    Returns:
        Whether it is damaged; a file that is merely in use is not.
    """
    try:
        address = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
        opened = sqlite3.connect(address, uri=True, timeout=_BUSY_S)
        with closing(opened) as connection:
            if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                return True
            query = "SELECT count(*) FROM sqlite_master"  # none: half made
            return bool(connection.execute(query).fetchone()[0] == 0)
    except sqlite3.Error as error:  # others are of a file in use, or of a full disk
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
        return code in _DAMAGED or code & _PRIMARY in _DAMAGED


@functools.cache
def watch_connections() -> None:
    """Make this process's connections to SQLite fast, and never to a file gone by.

    A mirror need not wait for the disk at every step: with a write-ahead log, a loss
    of power costs the last moments and never the file. And where the file was set
    aside and made anew, a connection that MLflow kept would go on with the old one.
    """
    from sqlalchemy import event, exc  # noqa: PLC0415 - comes with MLflow, 1 s
    from sqlalchemy.pool import Pool  # noqa: PLC0415 - as above

    def connected(connection: _Foreign, record: _Foreign) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        path = str(connection.execute("PRAGMA database_list").fetchone()[2])
        record.info[_KEY] = path, _inode(path)
        if path.endswith(".new"):
            connection.execute("PRAGMA synchronous=OFF")
        elif connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
            connection.execute("PRAGMA synchronous=NORMAL")

    def checked_out(_connection: _Foreign, record: _Foreign, _proxy: _Foreign) -> None:
        path, inode = record.info.get(_KEY, ("", None))
        now = _inode(path)
        if now is not None and now != inode:
            raise exc.DisconnectionError(f"{path} is another file now")

    event.listen(Pool, "connect", connected)
    event.listen(Pool, "checkout", checked_out)


def _inode(path: str) -> int | None:
    try:
        return os.stat(path).st_ino if path else None  # noqa: PTH116 - called often
    except OSError:
        return None


def _make(path: Path, migrate: Callable[[str], object]) -> None:
    template = path.with_name(f".{path.name}.new")
    _remove(template)
    try:
        migrate(f"sqlite:///{template}")
        with closing(sqlite3.connect(template)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if _is_local(path):
                connection.execute("PRAGMA journal_mode=WAL")  # readers never wait
        with template.open("rb") as file:
            os.fsync(file.fileno())
        template.replace(path)
    finally:
        _remove(template)


def _is_local(path: Path) -> bool:
    mounted = [
        (len(Path(part.mountpoint).parts), part.fstype)
        for part in psutil.disk_partitions(all=True)
        if path.is_relative_to(part.mountpoint)
    ]
    return not mounted or max(mounted)[1] in _LOCAL


# MLflow keeps absolute paths of files: in a store that was moved or copied they would
# be read and written at the old place.
def _is_moved(path: Path, artifacts: str) -> bool:
    try:
        with closing(sqlite3.connect(path, timeout=_BUSY_S)) as connection:
            query = "SELECT artifact_location FROM experiments WHERE name = ?"
            found = connection.execute(query, (EXPERIMENT,)).fetchone()
    except sqlite3.Error:
        return False  # MLflow says better what is wrong with it
    return found is not None and found[0] != artifacts


def _set_aside(path: Path, why: str) -> Path:
    names = (path.with_name(f"{path.name}.{why}-{number}") for number in count(1))
    aside = next(name for name in names if not name.exists())
    for end in ("-wal", "-shm"):  # what was not yet folded in belongs to the file
        log = path.with_name(f"{path.name}{end}")
        if log.exists():
            log.replace(aside.with_name(f"{aside.name}{end}"))
    path.replace(aside)
    return aside


def _remove(path: Path) -> None:
    for end in ("", "-journal", "-wal", "-shm"):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)
