"""A row of a study: one line of the table that it will become."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from film.config import Config
from studies.splits import USUAL, Needed, Splits

__all__ = ["TRAINING", "Row", "changed_settings", "training_beside"]

TRAINING: Final = "train."  # begins the names of what is no part of the model


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table that a study will become."""

    group: str  # "" for the baseline
    label: str
    changes: Mapping[str, Any]
    config: Config
    on: frozenset[str] | None = None  # components of the design; None where it has none
    parent: str = ""  # label of the row whose best weights it starts from
    splits: Splits = USUAL
    evaluation: str = ""  # its name, where it judges its parent's weights

    @property
    def is_evaluation(self) -> bool:
        """Whether it judges its parent's weights, and trains nothing."""
        return bool(self.evaluation)

    @property
    def data_key(self) -> str | None:
        """What a launch calls its data."""
        return self.needed.key

    @property
    def needed(self) -> Needed:
        """What it needs of the data."""
        return Needed.by(self.config.model, self.splits)


def changed_settings(row: Row, before: Row) -> list[str]:
    """Find what differs between two rows and makes a difference.

    Args:
        row: The one that changes something.
        before: The one it is compared with.

    Returns:
        Names of settings.
    """
    was, now = before.config.flat(), row.config.flat()
    different = [name for name in now if now[name] != was[name]]
    inert = row.config.inert() if different else {}
    return [name for name in different if name not in inert]


def training_beside(changed: list[str]) -> list[str]:
    """Find the settings of training that change beside what a row studies.

    Args:
        changed: All settings that it changes.

    Returns:
        Those of training; none where nothing else changes: then training is what the
        row studies.
    """
    training = [name for name in changed if name.startswith(TRAINING)]
    return [] if len(training) == len(changed) else training
