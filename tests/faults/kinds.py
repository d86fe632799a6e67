"""Every kind of fault that the suite knows."""

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Protocol

from tests.faults import damaging, failing, meanwhile, stopping
from tests.faults.scene import Scene

__all__ = ["IN_A_ROW", "KINDS", "Kind", "rows_of", "surroundings_of", "words_of"]


class Kind(Protocol):
    """A fault; some bring rows of the study, or surroundings, of their own."""

    @property
    def name(self) -> str:
        """What a report calls it."""
        ...

    def strike(self, scene: Scene) -> None:
        """Launch, and disturb; come back when that launch is over."""
        ...


_STOPS: Final[tuple[Kind, ...]] = (
    stopping.WorkerKilled(),
    stopping.DriverKilled(),
    stopping.DriverSignalled("driver gets SIGTERM", (signal.SIGTERM,)),
    stopping.DriverSignalled("driver gets SIGINT", (signal.SIGINT,)),
    stopping.DriverSignalled("driver gets SIGINT twice", (signal.SIGINT,) * 2),
    stopping.DriverSignalled("Ctrl-C in a terminal", (signal.SIGINT,), to_all=True),
    stopping.DriverSignalled("terminal closed", (signal.SIGHUP,), to_all=True),
    stopping.EverythingKilled(),
)
_DAMAGE: Final[tuple[Kind, ...]] = (
    damaging.Damage("torn last line", "metrics.jsonl", (damaging.torn_line,)),
    damaging.Damage(
        "truncated checkpoint", "checkpoint.pt", (damaging.cut, damaging.emptied)
    ),
    damaging.Damage("torn state.json", "state.json", (damaging.cut, damaging.emptied)),
    damaging.Damage("torn done.json", "done.json", (damaging.cut, damaging.emptied)),
    damaging.Damage(
        "torn config.json", "config.json", (damaging.cut, damaging.emptied)
    ),
    damaging.StudyDamaged(),
    damaging.MlflowDamaged(),
)
_OTHERS: Final[tuple[Kind, ...]] = (
    stopping.RayKilled(),
    stopping.TwoLaunches(),
    stopping.TwoStudies(),
    meanwhile.OtherCommands(),
    failing.TrialRaises(),
    failing.DataDamaged(),
    failing.TrialDiverges(),
    failing.TrialEatsMemory(),
    failing.TrialHangs(),
    failing.WorkerStandsStill(),
    failing.DiskFull(),
    failing.ServerAway("MLflow server stopped", failing.stopped),
    failing.ServerAway("MLflow server killed with -9", failing.killed),
    failing.ServerAway("MLflow server stands still", failing.hung),
)

KINDS: Final[tuple[Kind, ...]] = (*_STOPS, *_OTHERS, *_DAMAGE)
IN_A_ROW: Final[tuple[Kind, ...]] = (*_STOPS, *_DAMAGE)
"""Those that strike once more while the store recovers from another."""


def rows_of(kind: Kind) -> tuple[str, ...]:
    """Name the rows that a kind adds to the study."""
    rows: tuple[str, ...] = getattr(kind, "rows", ())
    return rows


def words_of(kind: Kind) -> tuple[str, ...]:
    """Give the words that a kind adds to every launch."""
    words: tuple[str, ...] = getattr(kind, "words", ())
    return words


def surroundings_of(kind: Kind, scene: Scene) -> AbstractContextManager[Any]:
    """Make what a kind needs around the store, before there is one."""
    make = getattr(kind, "surroundings", lambda _: _nothing())
    surroundings: AbstractContextManager[Any] = make(scene)
    return surroundings


@contextmanager
def _nothing() -> Iterator[None]:
    yield
