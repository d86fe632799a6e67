"""What a table was computed from: enough to compute it again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from reports.errors import ReportError
from reports.results import records

__all__ = ["SCHEMA", "RecordedTrial", "Source", "trials_of"]

SCHEMA: Final = "film-table/1"
"""Names the form of CSV, JSON and parquet files; another form has another number."""


@dataclass(frozen=True)
class RecordedTrial:
    """A trial as a written table names it."""

    row: str
    group: str
    seed: int
    trial_id: str
    study: str = ""

    @property
    def changes(self) -> dict[str, Any]:
        """What it changes is not written beside its numbers."""
        return {}


@dataclass(frozen=True)
class Source:
    """What the numbers of a table follow from.

    Attributes:
        study: The study's name.
        question: What it asks.
        command: What makes the table.
        tracking_uri: The server where the runs are recorded, without a password; empty
            where they are in a store.
        margin: Percentage points that would matter.
        select_on: By which questions the epochs were chosen.
        variance: How variances were estimated.
        trials: The wanted trials.
    """

    study: str = ""
    question: str = ""
    command: str = ""
    tracking_uri: str = ""
    margin: float | None = None
    select_on: str = "all"
    variance: str = "separate"
    trials: tuple[RecordedTrial, ...] = ()

    @property
    def digest(self) -> str:
        """Names what is computed, from what: equal digests, equal tables."""
        runs = [[one.row, one.group, one.trial_id] for one in self.trials]
        content = [self.study, self.margin, self.select_on, self.variance, runs]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    def trial_ids(self, row: str) -> tuple[str, ...]:
        """Name the trials of a row.

        Args:
            row: Its label.

        Returns:
            Their ids, in the order of the study.
        """
        return tuple(one.trial_id for one in self.trials if one.row == row)

    def name_trials(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Say in every line of a table from which trials it is.

        Args:
            frame: One with ``row``.

        Returns:
            The same with ``trial_ids``; as it was, where no trial is known.
        """
        if not self.trials:
            return frame
        ids: list[Any] = [self.trial_ids(row) for row in frame["row"]]
        return frame.assign(trial_ids=ids)

    def to_plain(self) -> dict[str, Any]:
        """Write it down, but for the trials, which every line of a table names.

        Returns:
            What JSON can hold.
        """
        return {
            "study": self.study,
            "study_hash": self.digest,
            "margin_points": self.margin,
            "select_on": self.select_on,
            "variance_rule": self.variance,  # a table has its rows' own beside it
            "tracking_uri": self.tracking_uri,
        }

    @classmethod
    def from_plain(
        cls, content: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
    ) -> "Source":
        """Read what was written down.

        Args:
            content: As ``to_plain`` gave it.
            rows: Lines of the table, with ``row``, ``group`` and ``trial_ids``.

        Returns:
            The same source, without question and command.

        Raises:
            ReportError: Something is missing, or is not what it should be.
        """
        try:
            study, margin = str(content["study"]), content["margin_points"]
            return cls(
                study=study,
                tracking_uri=str(content["tracking_uri"]),
                margin=None if margin in {None, ""} else float(margin),
                select_on=str(content["select_on"]),
                variance=str(content["variance_rule"]),
                trials=_named(study, rows),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ReportError(f"does not say what it was made from: {error}") from None


def _named(study: str, rows: Sequence[Mapping[str, Any]]) -> tuple[RecordedTrial, ...]:
    found = {
        one: RecordedTrial(
            str(row.get("row", "")), str(row.get("group", "")), at, one, study
        )
        for row in rows
        for at, one in enumerate(row.get("trial_ids", ()))
    }
    return tuple(found.values())


def trials_of(trials: pd.DataFrame) -> tuple[RecordedTrial, ...]:
    """Name the trials of a record.

    Args:
        trials: As in ``Results``.

    Returns:
        One for each row of the frame.
    """
    names: Sequence[str] = ("row", "group", "seed", "trial_id")
    return tuple(
        RecordedTrial(**{name: one[name] for name in names}) for one in records(trials)
    )
