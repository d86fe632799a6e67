"""The table of accuracies: every row, and its difference to the baseline."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from reports.results import records
from reports.statistics.intervals import Basis
from reports.tables.marks import VERDICT_MARKS, marked
from reports.tables.numbers import interval, mean_and_sd, signed
from reports.tables.spec import Cell, Column, TableSpec, grouped

__all__ = ["accuracy_table", "decimals_for"]

_SIGNED: Final = frozenset(VERDICT_MARKS.values()) - {"", "no result", "no baseline"}
_FINE_SE: Final = 0.0005  # standard errors under .05 points deserve a second decimal


def decimals_for(estimates: pd.DataFrame) -> int:
    """Choose the decimals of a table by how sure its numbers are.

    Args:
        estimates: One row per row of the study.

    Returns:
        One, or two where the differences are known to .05 points.
    """
    errors = estimates["se"].dropna()
    return 2 if len(errors) and errors.median() < _FINE_SE else 1


def accuracy_table(
    name: str, estimates: pd.DataFrame, notes: Sequence[str]
) -> TableSpec:
    """Set out every row's accuracy and its difference to the baseline.

    Args:
        name: The study.
        estimates: Its rows, with ``published`` and ``published_sd`` where it has any,
            and what each was ``also_changed`` in.
        notes: What to say under the table.

    Returns:
        The table.
    """
    decimals = decimals_for(estimates)
    has_published = bool(estimates["published"].notna().any())
    columns = (
        Column("Variation"),
        Column("Runs", is_number=True),
        Column("Accuracy (%)", is_number=True),
        Column("Δ (points)", is_number=True),
        Column("95 % interval"),
        Column("Verdict", short=""),
        *(
            [Column("Published (%)", is_number=True, short="Paper")]
            if has_published
            else []
        ),
    )
    lines = [
        (row["group"], _accuracy_line(row, decimals)[: len(columns)])
        for row in records(estimates)
    ]
    return TableSpec(
        name,
        f"Validation accuracy: {name}",
        columns,
        grouped(lines),
        tuple(notes),
        _key(estimates),
    )


def _accuracy_line(row: Mapping[str, Any], decimals: int) -> tuple[Cell, ...]:
    complete = row["n_runs"] == row["n_wanted"]
    runs = f"{row['n_runs']}" if complete else f"{row['n_runs']}/{row['n_wanted']}"
    brackets = interval(row["lower"], row["upper"], decimals)
    if brackets and row["basis"] == Basis.RUN_MEANS:
        brackets += " ‡"
    published = mean_and_sd(row["published"], row["published_sd"])
    return (
        Cell(marked(row["row"], row["also_changed"])),
        Cell(runs),
        Cell(mean_and_sd(row["accuracy"], row["sd"], decimals), row["is_best"]),
        Cell(signed(row["delta"], decimals)),
        Cell(brackets),
        _verdict_cell(row),
        Cell(published),
    )


def _verdict_cell(row: Mapping[str, Any]) -> Cell:
    mark = VERDICT_MARKS[row["verdict"]]
    sign = mark.split()[0] if mark in _SIGNED else ""
    where = row["baseline_range"]
    if not where:
        return Cell(mark, short=sign)
    place = where.removesuffix("side")
    return Cell(f"{mark}, {where} baseline range", short=f"{sign} {place}")


def _key(estimates: pd.DataFrame) -> str:
    used = [VERDICT_MARKS[verdict] for verdict in estimates["verdict"].unique()]
    words = [mark for mark in used if mark in _SIGNED]
    if (estimates["baseline_range"] != "").any():
        words.append("in or out: of the baseline range")
    return f"{', '.join(words)}." if words else ""
