"""Durations and amounts of memory, as people write them."""

import math
import re
from typing import Final

from runner.errors import LaunchError

__all__ = ["memory", "parse_bytes", "parse_seconds"]

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES: Final = {
    f"{letter}{rest}": factor**power
    for power, letter in enumerate("KMGT", start=1)
    for rest, factor in (("iB", 1024), ("B", 1000), ("", 1024))
}
_NUMBER: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)", re.ASCII)


def parse_seconds(text: str) -> float:
    """Read a duration.

    Args:
        text: Such as ``90s``, ``30m``, ``6h`` or ``1d``.

    Returns:
        Seconds, more than none.

    Raises:
        LaunchError: It is no duration.
    """
    seconds = _parse(text, _SECONDS)
    if seconds is None:
        raise LaunchError(f"'{text}' is no duration; write it as 90s, 30m, 6h or 1d")
    return seconds


def parse_bytes(text: str) -> int:
    """Read an amount of memory.

    Args:
        text: Such as ``500MB``, ``8GiB`` or ``8G``, which is the same.

    Returns:
        Bytes, more than none.

    Raises:
        LaunchError: It is no amount of memory.
    """
    amount = _parse(text, _BYTES)
    if amount is None:
        raise LaunchError(
            f"'{text}' is no amount of memory; write it as 500MB, 1.5GB or 8GiB"
        )
    return int(amount)


def memory(n_bytes: float) -> str:
    """Write an amount of memory for people.

    Args:
        n_bytes: How much.

    Returns:
        ``3.2 GiB``, or ``512 MiB``.
    """
    gib = n_bytes / 2**30
    return f"{gib:.1f} GiB" if gib >= 1 else f"{n_bytes / 2**20:.0f} MiB"


def _parse(text: str, units: dict[str, int]) -> float | None:
    found = _NUMBER.fullmatch(text.strip())
    if found is None or found[2] not in units:
        return None
    amount = float(found[1]) * units[found[2]]
    return amount if 0 < amount < math.inf else None
