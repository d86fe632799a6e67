"""What became of the paper's claims, as a table."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from reports.reproduction.claims import RULES, Outcome, Says
from reports.results import records
from reports.tables.numbers import interval, percent, points, signed
from reports.tables.spec import Cell, Column, TableSpec, grouped

__all__ = ["claim_table"]

_ALONE: Final[Mapping[Outcome, str]] = {  # of a table that nobody reproduced yet
    Outcome.REPRODUCED: "borne out",
    Outcome.NOT_REPRODUCED: "contradicted",
    Outcome.UNDECIDED: "undecided",
}


def claim_table(
    name: str, claims: pd.DataFrame, margin: float | None, *, is_alone: bool = False
) -> TableSpec:
    """Set out what became of the paper's claims.

    Args:
        name: The study, or the published table.
        claims: As ``evidence`` gives them.
        margin: Percentage points that would matter, if the study says so.
        is_alone: Whether the published table alone is the evidence.

    Returns:
        The table; the sentences stand in its notes, by number.
    """
    rows = records(claims)
    lines = []
    for number, row in enumerate(rows, start=1):
        outcome = Outcome(row["outcome"])
        word = _ALONE[outcome] if is_alone else str(outcome)
        word += f" ({row['why']})" if row["why"] else ""
        ours = [] if is_alone else [Cell(signed(row["difference"]))]
        cells = (
            Cell(f"{number}"),
            Cell(row["contrast"]),
            Cell(_says(row)),
            Cell(signed(row["published"])),
            *ours,
            Cell(interval(row["lower"], row["upper"])),
            Cell(word),
        )
        lines.append(("", cells))
    columns = (
        Column("Claim"),
        Column("Contrast"),
        Column("Claimed"),
        Column("Published", is_number=True),
        *([] if is_alone else [Column("Here", is_number=True)]),
        Column("95 % interval"),
        Column("Outcome"),
    )
    return TableSpec(
        name,
        f"Claims of the paper as contrasts, in points: {name}",
        columns,
        grouped(lines),
        (*_sentences(rows), *_rules(rows, margin, is_alone=is_alone)),
        kind="claims",
        frame=claims,
    )


def _says(row: Mapping[str, Any]) -> str:
    words: str = row["says"]
    if math.isnan(row["bound"]):
        return words
    return words.replace("bound", percent(row["bound"]))


def _sentences(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{number}: “{row['claim']}” {row['place']}."
        for number, row in enumerate(rows, start=1)
    ]


def _rules(
    rows: Sequence[Mapping[str, Any]], margin: float | None, *, is_alone: bool
) -> list[str]:
    if is_alone:
        return [
            (
                "Borne out where the whole interval lies where the sentence says, "
                "contradicted where all of it lies elsewhere; each claim for itself, "
                "at 95 %. Intervals: every row of one run is taken to vary as the "
                "baseline's runs do. The bound is the baseline's own range."
            )
        ]
    used = dict.fromkeys(Says(row["says"]) for row in rows)
    notes = [f"Claimed {says}: {RULES[says]}." for says in used]
    bounded = [row["bound"] for row in rows if not math.isnan(row["bound"])]
    if bounded:
        notes.append(
            f"Bound: {percent(bounded[0])} points, by which one more run of the "
            "published baseline would stray."
        )
    said = "none is stated" if margin is None else f"±{points(margin)}"
    return [*notes, f"Each claim for itself. The study's margin: {said}."]
