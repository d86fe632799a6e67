"""A folder for what is being written, and an end to what killed runs left in it."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from platform import node
from tempfile import TemporaryDirectory
from typing import Final

import psutil

__all__ = ["unfinished_folder"]

_UNFINISHED: Final = ".preparing-"
_ABANDONED_AFTER_S: Final = 24 * 60 * 60


@contextmanager
def unfinished_folder(out: Path) -> Iterator[Path]:
    """Give a folder to write in, on the same disk as where the results will go.

    A killed run cannot remove its folder, gigabytes at CLEVR's size; the next run
    does.

    Args:
        out: The folder that will hold the results.

    Yields:
        An empty folder in it, gone at the end with all that is still there.
    """
    for folder in out.glob(f"{_UNFINISHED}*"):
        if _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)
    prefix = f"{_UNFINISHED}{node()}-{os.getpid()}-"
    with TemporaryDirectory(prefix=prefix, dir=out) as name:
        yield Path(name)


def _is_abandoned(folder: Path) -> bool:
    # The name says which process of which machine writes; what another machine or
    # container writes can only be told by its having stopped.
    writer, _, _ = folder.name.removeprefix(_UNFINISHED).rpartition("-")
    machine, _, process = writer.rpartition("-")
    if machine == node() and process.isdecimal():
        return not psutil.pid_exists(int(process))
    try:
        newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:  # gone meanwhile
        return False
    return time.time() - newest > _ABANDONED_AFTER_S
