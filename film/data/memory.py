"""Say how much memory there is, for a container or a job as well as for a machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

__all__ = ["free_bytes", "limiting_group", "total_bytes"]

_ROOT: Final = Path("/")
_MOUNTS: Final = (Path("sys/fs/cgroup"), Path("sys/fs/cgroup/memory"))
_FILES: Final = (
    ("memory.max", "memory.current"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes"),
)
"""Limit and usage, in versions 2 and 1 of Linux's control groups."""


def free_bytes(root: Path = _ROOT) -> int:
    """Say how much memory new data may take.

    Args:
        root: Where ``proc`` and ``sys`` are, which show the limits of this container
            or job; elsewhere than on Linux they are absent.

    Returns:
        What the machine has available, or what the container may still take where
        that is less.
    """
    free = psutil.virtual_memory().available
    for group, limit, usage in _limits(root):
        used = usage - _reclaimable(group / "memory.stat")
        free = min(free, max(limit - used, 0))
    return int(free)


def total_bytes(root: Path = _ROOT) -> int:
    """Say how much memory there would be if nothing else ran.

    Args:
        root: As above.

    Returns:
        What the machine has, or what the container may take where that is less.
    """
    limits = [limit for _, limit, _ in _limits(root)]
    return int(min([psutil.virtual_memory().total, *limits]))


def limiting_group(root: Path = _ROOT) -> str:
    """Name whose limit it is that this process may take no more than.

    Processes that name the same share a memory; two jobs on a machine may not.

    Args:
        root: As above.

    Returns:
        The group's folder; empty where only the machine limits it.
    """
    best, least = "", psutil.virtual_memory().total
    for group, limit, _ in _limits(root):  # of equal ones the last, which more share
        if limit <= least:
            best, least = str(group), limit
    return best


# A group may take what all groups above it may take together, at most.
def _limits(root: Path) -> Iterator[tuple[Path, int, int]]:
    for mount, path, (limit_name, usage_name) in zip(
        _MOUNTS, _own_groups(root), _FILES, strict=True
    ):
        for group in (path, *path.parents):
            folder = root / mount / group
            limit = _read_number(folder / limit_name)
            usage = _read_number(folder / usage_name)
            if limit is not None and usage is not None:
                yield folder, limit, usage


# A container that has its own tree of groups may still be told the machine's paths;
# they are absent then, and the limit is that of the tree's root.
def _own_groups(root: Path) -> tuple[Path, Path]:
    second, first = Path(), Path()
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return second, first
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, name = rest.partition(":")
        parts = [part for part in name.split("/") if part not in {"", ".", ".."}]
        if number == "0" and not controllers:
            second = Path(*parts)
        elif "memory" in controllers.split(","):
            first = Path(*parts)
    return second, first


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
