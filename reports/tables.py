"""Tables: one specification, from which every format is written.

A specification holds text as people read it, in Unicode. Its numbers are written
beside it at full precision; the text is never parsed back.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from reports.numbers import NOTHING, interval, mean_and_sd, percent, signed
from reports.results import records
from reports.statistics import Verdict
from reports.statistics.intervals import Basis

__all__ = [
    "CONFOUND_MARK",
    "VERDICT_MARKS",
    "Cell",
    "Column",
    "Section",
    "TableSpec",
    "accuracy_table",
    "change_table",
    "decimals_for",
    "type_table",
]

VERDICT_MARKS: Final[Mapping[Verdict, str]] = {
    Verdict.BASELINE: "",
    Verdict.WORSE: "▼ worse",
    Verdict.BETTER: "▲ better",
    Verdict.EQUIVALENT: "≈ equivalent",
    Verdict.INCONCLUSIVE: "? inconclusive",
    Verdict.TWO_RUNS: "§ two runs",
    Verdict.ONE_RUN: "† one run",
    Verdict.OTHER_QUESTIONS: "≠ other questions",
    Verdict.NO_RESULT: "no result",
    Verdict.NO_BASELINE: "no baseline",
}
"""Every verdict as a sign and a word."""

CONFOUND_MARK: Final = "¶"
"""Stands at a row that was also trained otherwise than the baseline."""

_SIGNED: Final = frozenset(VERDICT_MARKS.values()) - {"", "no result", "no baseline"}
_FINE_SE: Final = 0.0005  # standard errors under .05 points deserve a second decimal


@dataclass(frozen=True)
class Column:
    """A column: its heading, and whether its cells stand to the right."""

    heading: str
    is_number: bool = False
    short: str | None = None  # the heading where the page is narrow


@dataclass(frozen=True)
class Cell:
    """A cell's text."""

    text: str
    is_bold: bool = False
    short: str | None = None  # the text where the page is narrow


@dataclass(frozen=True)
class Section:
    """Rows under a common heading; an empty heading is not shown."""

    heading: str
    lines: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class TableSpec:
    """A table, independent of the format it will be written in."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    key: str = ""  # explains the short texts


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
        _grouped(lines),
        tuple(notes),
        _key(estimates),
    )


def type_table(
    name: str, by_type: pd.DataFrame, confounds: Mapping[str, str]
) -> TableSpec | None:
    """Set out every row's accuracy on each type of question.

    Args:
        name: The study.
        by_type: One row per row of the study and type, as ``accuracy_by_type`` gives.
        confounds: What rows were also changed in, where they were.

    Returns:
        The table; nothing where no accuracy by type was recorded.
    """
    if by_type.empty:
        return None
    headings = {
        row["type"]: _type_heading(row)
        for row in records(by_type.drop_duplicates("type"))
    }
    lines = []
    for (row, group), cells in by_type.groupby(["row", "group"], sort=False):
        texts = [percent(accuracy) for accuracy in cells["accuracy"]]
        label = _marked(str(row), confounds.get(str(row), ""))
        lines.append((str(group), tuple(Cell(text) for text in (label, *texts))))
    return TableSpec(
        name,
        f"Validation accuracy (%) by type of question: {name}",
        (Column("Variation"), *(Column(h, is_number=True) for h in headings.values())),
        _grouped(lines),
        (
            "Means over finished runs, at the epoch that is best over all questions.",
            *([f"{CONFOUND_MARK} Also trained otherwise."] if confounds else []),
        ),
    )


def change_table(name: str, trials: pd.DataFrame) -> TableSpec:
    """Set out what each row changes in the baseline.

    Args:
        name: The study.
        trials: Its wanted trials.

    Returns:
        The table.
    """
    rows = trials.drop_duplicates("row")
    lines = [
        (row["group"], (Cell(row["row"]), Cell(row["changes"] or NOTHING)))
        for row in records(rows)
    ]
    columns = (Column("Variation"), Column("Changes to the baseline"))
    return TableSpec(name, f"Rows of {name}", columns, _grouped(lines))


def _accuracy_line(row: Mapping[str, Any], decimals: int) -> tuple[Cell, ...]:
    complete = row["n_runs"] == row["n_wanted"]
    runs = f"{row['n_runs']}" if complete else f"{row['n_runs']}/{row['n_wanted']}"
    brackets = interval(row["lower"], row["upper"], decimals)
    if brackets and row["basis"] == Basis.RUN_MEANS:
        brackets += " ‡"
    published = mean_and_sd(row["published"], row["published_sd"])
    return (
        Cell(_marked(row["row"], row["also_changed"])),
        Cell(runs),
        Cell(mean_and_sd(row["accuracy"], row["sd"], decimals), row["is_best"]),
        Cell(signed(row["delta"], decimals)),
        Cell(brackets),
        _verdict_cell(row),
        Cell(published),
    )


def _marked(label: str, also_changed: str) -> str:
    return f"{label} {CONFOUND_MARK}" if also_changed else label


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


def _type_heading(row: Mapping[str, Any]) -> str:
    name = str(row["type"]).replace("_", " ")
    n = row["n_questions"]
    return name if n is None or math.isnan(n) else f"{name} ({int(n):,})"


def _grouped(
    lines: Sequence[tuple[str, tuple[Cell, ...]]],
) -> tuple[Section, ...]:
    headings = dict.fromkeys(group for group, _ in lines)
    return tuple(
        Section(heading, tuple(cells for group, cells in lines if group == heading))
        for heading in headings
    )
