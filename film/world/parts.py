"""Files that are whole or not there, and records of what was made.

A file takes its name when it is written, and a record when it is on the disk too. So a
record that can be read is true, whatever ended the process, or the machine, that wrote
it. Other files may be torn by a power failure: the records of pictures have their
checksums.
"""

import json
import os
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["checksums", "flush", "read_record", "write_record", "write_whole"]


def write_whole(path: Path, chunks: Iterable[bytes], scratch: Path) -> None:
    """Write a file that is there at once or not at all.

    Args:
        path: The file, replaced if it exists.
        chunks: Its content.
        scratch: A folder on the same disk, where the file grows.
    """
    growing = scratch / f"{os.getpid()}-{path.name}"
    try:
        with growing.open("wb") as file:
            file.writelines(chunks)
        growing.replace(path)
    finally:
        growing.unlink(missing_ok=True)


def write_record(path: Path, content: Mapping[str, Any], scratch: Path) -> None:
    """Write down that something is done, so that it outlives a power failure.

    Args:
        path: The record.
        content: What is done.
        scratch: A folder on the same disk, where the file grows.
    """
    growing = scratch / f"{os.getpid()}-{path.name}"
    write_whole(growing, [json.dumps(content).encode()], scratch)
    flush(growing)
    growing.replace(path)


def flush(path: Path) -> None:
    """Wait until a file is on the disk.

    Args:
        path: The file.
    """
    with path.open("rb") as file:
        os.fsync(file.fileno())


def read_record(path: Path) -> dict[str, Any] | None:
    """Read what was written down.

    Args:
        path: The record.

    Returns:
        Its content; None where there is none that can be read.
    """
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def checksums(paths: Iterable[Path], root: Path) -> dict[str, int]:
    """Sum up what files hold, to know them again.

    Args:
        paths: The files.
        root: A folder that they are in.

    Returns:
        A number by each file's place in the folder; a file that cannot be read has
        none.
    """
    sums = {}
    for path in paths:
        try:
            sums[str(path.relative_to(root))] = zlib.crc32(path.read_bytes())
        except OSError:
            continue
    return sums
