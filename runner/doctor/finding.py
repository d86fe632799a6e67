"""What a check finds, and how checks are kept from harming each other."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from runner.store.saying import one_line

__all__ = ["Check", "Finding", "Level", "examine", "fail", "ok", "warning"]

_PATIENCE_S: Final = 240.0  # on a busy machine, Ray alone takes a minute


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # works, but not as it could, or not for long
    FAIL = "FAIL"  # nothing starts, or what starts is lost


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of what was found."""

    level: Level
    said: str
    remedy: str = ""  # what would do


Check = Callable[[], Iterable[Finding]]


def ok(said: str) -> Finding:
    """Find that all is well.

    Args:
        said: What was looked at.

    Returns:
        The finding.
    """
    return Finding(level=Level.OK, said=said)


def warning(said: str, remedy: str) -> Finding:
    """Find what may become a problem.

    Args:
        said: What is the matter.
        remedy: What would do.

    Returns:
        The finding.
    """
    return Finding(level=Level.WARNING, said=said, remedy=remedy)


def fail(said: str, remedy: str) -> Finding:
    """Find what keeps studies from running.

    Args:
        said: What is the matter.
        remedy: What would do.

    Returns:
        The finding.
    """
    return Finding(level=Level.FAIL, said=said, remedy=remedy)


def examine(
    checks: Mapping[str, Check], *, patience_s: float = _PATIENCE_S
) -> Iterator[tuple[str, Finding]]:
    """Make checks, one after the other; none can stop those that follow.

    Args:
        checks: By name.
        patience_s: How long one may take: a disk of the network may never answer.

    Yields:
        The name of a check, and what it found.
    """
    for name, check in checks.items():
        for finding in _made(check, patience_s):
            yield name, finding


def _made(check: Check, patience_s: float) -> list[Finding]:
    found: list[Finding] = []

    def make() -> None:
        try:
            found.extend(check())
        except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
            found.append(
                fail(
                    f"this check itself failed: {one_line(error)}",
                    "please report it, with the output of `film doctor --json`",
                )
            )

    worker = threading.Thread(target=make, daemon=True)
    worker.start()
    worker.join(patience_s)
    if worker.is_alive():
        hangs = fail(
            f"no answer within {patience_s:g} s",
            "a disk or a server that hangs keeps everything else from starting too",
        )
        return [*found, hangs]
    return found
