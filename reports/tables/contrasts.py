"""Differences that a study expects, as a table and in sentences."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from reports.results import records
from reports.statistics.corrections import ALPHA
from reports.statistics.expected import Expectation
from reports.statistics.intervals import Basis
from reports.tables.numbers import count, interval, p_value, percent, signed
from reports.tables.source import Source
from reports.tables.spec import Cell, Column, TableSpec, grouped
from studies.contrasts import Expected
from studies.labels import listed

__all__ = ["contrast_findings", "contrast_table"]

_MARKS: Final[Mapping[Expectation, str]] = {
    Expectation.CAME_OUT: "came out",
    Expectation.OPPOSITE: "the other way round",
    Expectation.UNSETTLED: "? not settled",
    Expectation.FEW_RUNS: "§ too few runs",
    Expectation.UNKNOWN: "no result",
}
_SIGNS: Final[Mapping[str, str]] = {
    Expected.LOWER: "below 0",
    Expected.HIGHER: "above 0",
}
_COLUMNS: Final = (
    Column("Expected", name="contrast"),
    Column("Contrast", name="rows"),
    Column("Sign", name="expected"),
    Column("Runs", is_number=True, name="runs"),
    Column("Difference (points)", is_number=True, name="difference"),
    Column("95 % interval", name="interval"),
    Column("p (Holm)", is_number=True, name="p"),
    Column("Outcome", name="outcome"),
)


def contrast_table(
    name: str, contrasts: pd.DataFrame, *, source: Source | None = None
) -> TableSpec | None:
    """Set out what became of the differences that a study expects.

    Args:
        name: The study.
        contrasts: As ``estimate_expected`` gives them.
        source: What the numbers follow from.

    Returns:
        The table; nothing where the study expects none.
    """
    if contrasts.empty:
        return None
    rows = records(contrasts)
    return TableSpec(
        name,
        f"What was expected, in points: {name}",
        _COLUMNS,
        grouped([("", _line(row)) for row in rows]),
        tuple(_notes(rows)),
        kind="contrasts",
        frame=contrasts,
        source=source or Source(study=name),
    )


def contrast_findings(contrasts: pd.DataFrame) -> list[str]:
    """Say of every expected difference whether it came out.

    Args:
        contrasts: As ``estimate_expected`` gives them.

    Returns:
        A sentence each.
    """
    return [_sentence(row) for row in records(contrasts)]


def _line(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    outcome = Expectation(row["outcome"])
    why = f" ({row['why']})" if row["why"] else ""
    brackets = interval(row["lower"], row["upper"])
    if brackets and row["basis"] == Basis.RUN_MEANS:
        brackets += " ‡"
    return (
        Cell(row["contrast"]),
        Cell(_words(row)),
        Cell(_SIGNS[row["expected"]]),
        Cell(str(row["n_runs"])),
        Cell(signed(row["difference"])),
        Cell(brackets),
        Cell(p_value(row["p_holm"])),
        Cell(f"{_MARKS[outcome]}{why}"),
    )


def _words(row: Mapping[str, Any]) -> str:
    return f"{_mean(row['rows'])} − {_mean(row['minus'])}"


def _mean(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"mean of {listed(labels)}"


def _sentence(row: Mapping[str, Any]) -> str:
    outcome = Expectation(row["outcome"])
    name = f"Expected: {row['contrast']}{_source(row)}."
    if outcome is Expectation.UNKNOWN:
        return f"{name} Nothing is known of it ({row['why']})."
    brackets = interval(row["lower"], row["upper"])
    numbers = f"{_words(row)} is {signed(row['difference'])} {brackets}".rstrip()
    runs = count(row["n_runs"], "run")
    match outcome:
        case Expectation.CAME_OUT:
            said = f"It came out: {numbers} points, Holm's {_p(row)}, {runs}"
        case Expectation.OPPOSITE:
            said = f"It is the other way round: {numbers}, Holm's {_p(row)}, {runs}"
        case Expectation.UNSETTLED:
            said = (
                f"The runs do not settle it: {numbers} points, Holm's {_p(row)}, {runs}"
            )
        case Expectation.FEW_RUNS:
            said = f"{numbers} points, of which {runs} of a row give no verdict"
    return f"{name} {said}."


def _source(row: Mapping[str, Any]) -> str:
    return f" ({row['source']})" if row["source"] else ""


def _p(row: Mapping[str, Any]) -> str:
    text = p_value(row["p_holm"])
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def _notes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    n_tests = rows[0]["n_tests"]
    notes = [
        (
            "Written down in the study file, with the sign that is expected; "
            "brackets: 95 % interval over training runs and validation scenes."
        )
    ]
    sources = dict.fromkeys(row["source"] for row in rows if row["source"])
    if sources:
        notes.append(f"Expected by: {'; '.join(sources)}.")
    if n_tests:
        notes.append(
            f"Came out, or the other way round: Holm's p below {percent(ALPHA, 0)} % "
            f"over {count(n_tests, 'contrast')}, from 3 runs of every row on. Not "
            "settled does not mean equal."
        )
    if any(row["is_paired"] for row in rows):
        notes.append(
            "Rows of the same trained networks, tuned or judged by other questions, "
            "are paired by seed."
        )
    if any(row["basis"] == Basis.RUN_MEANS for row in rows):
        notes.append(
            "‡ Over training runs alone, for want of every run's recorded answers."
        )
    if any(row["basis"] == Basis.CHECKPOINTS for row in rows):
        notes.append(
            "With one run of a row the interval is over scenes alone: of these "
            "checkpoints."
        )
    return notes
