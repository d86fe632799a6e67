"""Say how much memory is free, for a container as well as for a machine."""

from pathlib import Path
from typing import Final

import psutil

__all__ = ["free_bytes"]

_CGROUPS: Final = Path("/sys/fs/cgroup")
_FILES: Final = (
    ("memory.max", "memory.current", "memory.stat"),
    (
        "memory/memory.limit_in_bytes",
        "memory/memory.usage_in_bytes",
        "memory/memory.stat",
    ),
)
"""Limit, usage and its parts, in versions 2 and 1 of Linux's control groups."""


def free_bytes(cgroups: Path = _CGROUPS) -> int:
    """Say how much memory new data may take.

    Args:
        cgroups: Where Linux shows the limits of this container; elsewhere absent.

    Returns:
        What the machine has available, or what the container may still take where
        that is less.
    """
    free = psutil.virtual_memory().available
    for limit_name, usage_name, stat_name in _FILES:
        limit = _read_number(cgroups / limit_name)
        usage = _read_number(cgroups / usage_name)
        if limit is not None and usage is not None:
            used = usage - _reclaimable(cgroups / stat_name)
            free = min(free, max(limit - used, 0))
    return int(free)


def _reclaimable(path: Path) -> int:
    # Usage counts files that Linux keeps in memory only while nothing needs it.
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return 0
    parts = dict(line.split(" ", 1) for line in lines if " " in line)
    number = parts.get("total_inactive_file", parts.get("inactive_file", "0"))
    return int(number) if number.isdecimal() else 0


def _read_number(path: Path) -> int | None:
    # No file: no limit is known. The word "max": there is none.
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
