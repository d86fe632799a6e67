"""Files that are whole or absent."""

import errno
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from runner.errors import LaunchError

__all__ = [
    "absolute",
    "if_there",
    "is_disk_full",
    "read_json",
    "write_json",
    "write_text",
]

_FULL: Final = {errno.ENOSPC, errno.EDQUOT}
_PAUSES_S: Final = (0.1, 0.3, 0.6)  # a disk of the network may be away for a moment
_T = TypeVar("_T")


def absolute(path: Path) -> Path:
    """Make what a user wrote absolute.

    Args:
        path: The path; ``~`` is a home.

    Returns:
        The path, without links.

    Raises:
        LaunchError: There is no such home.
    """
    try:
        return path.expanduser().resolve()
    except RuntimeError:  # also of links that go in circles
        raise LaunchError(f"{path}: no such home, or links in a circle") from None


def write_text(path: Path, text: str) -> None:
    """Write a file that is there whole or, after a crash, as it was before.

    Args:
        path: The file; its folder is made.
        text: All of its content.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:  # noqa: ANN401 - whatever JSON holds
    """Write JSON that a person can read, whole or not at all.

    Args:
        path: The file; its folder is made.
        content: What to write.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False)
    write_text(path, text + "\n")


def if_there(path: Path, look: Callable[[Path], _T]) -> _T | None:
    """Look at a file or folder that may not be there.

    A disk that does not answer is asked again for a second, and then its error rises:
    what cannot be read is not missing, and nothing may be computed again for it.

    Args:
        path: The file or folder.
        look: Called with it.

    Returns:
        What was seen; None where nothing is there.
    """
    for pause_s in _PAUSES_S:
        try:
            return _seen(path, look)
        except OSError:
            time.sleep(pause_s)
    return _seen(path, look)


def _seen(path: Path, look: Callable[[Path], _T]) -> _T | None:
    try:
        return look(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        problem.filename = problem.filename or str(path)  # a read does not name it
        raise


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object that may not be there.

    Args:
        path: The file.

    Returns:
        What it holds; empty where it is missing or not a JSON object.
    """
    try:
        content = json.loads((if_there(path, Path.read_bytes) or b"").decode())
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def is_disk_full(problem: BaseException) -> bool:
    """Tell whether something went wrong for want of space, or of one's share of it.

    Args:
        problem: What was raised.

    Returns:
        Whether freeing some would do.
    """
    return isinstance(problem, OSError) and problem.errno in _FULL
