"""A folder for temporary files that is this user's alone."""

import os
import tempfile
from pathlib import Path

from runner.errors import LaunchError

__all__ = ["private_folder"]


def private_folder(name: str, room: Path | None = None) -> Path:
    """Make a folder for temporary files that nobody else may enter.

    Args:
        name: What it is for.
        room: Where to make it; None is where the machine keeps temporary files.

    Returns:
        The folder, one for each user.

    Raises:
        LaunchError: Someone else made it.
    """
    folder = (room or Path(tempfile.gettempdir())) / f"{name}-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise LaunchError(f"{folder}: belongs to someone else; remove it")
    return folder
