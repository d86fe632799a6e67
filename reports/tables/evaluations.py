"""Every row on every set of questions that its weights are judged by, side by side."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from reports.results import records
from reports.statistics import Verdict
from reports.tables.accuracy import accuracy_cell, decimals_for
from reports.tables.marks import VERDICT_MARKS, marked
from reports.tables.numbers import interval, percent, signed
from reports.tables.source import Source
from reports.tables.spec import Cell, Column, TableSpec, grouped
from studies.row import Row
from studies.study import Study

__all__ = ["evaluation_table"]

_SHOWN: Final = frozenset({Verdict.WORSE, Verdict.BETTER, Verdict.EQUIVALENT})
_NOTE: Final = (
    "Of each set of questions: accuracy as in the table of rows, and the difference to "
    "the baseline's weights on the same questions, in points, with its 95 % interval."
)


def evaluation_table(
    study: Study, estimates: pd.DataFrame, *, source: Source | None = None
) -> TableSpec | None:
    """Set out what the weights of every row do on each set of questions.

    Args:
        study: What was asked.
        estimates: Its rows, with what was ``published``.
        source: What the numbers follow from.

    Returns:
        The table, a line per row that was trained and two or three columns per set of
        questions; nothing where weights are judged by fewer than two.
    """
    known = {row["row"]: row for row in records(estimates)}
    found = {
        (row.parent, row.evaluation): known[row.label]
        for row in study.rows
        if row.is_evaluation and row.label in known
    }
    names = list(dict.fromkeys(name for _, name in found))
    if len(names) < 2:  # noqa: PLR2004 - one alone stands beside nothing
        return None
    trained = [r for r in study.rows if any((r.label, name) in found for name in names)]
    decimals = decimals_for(estimates)
    published = {n for (_, n), one in found.items() if not math.isnan(one["published"])}
    lines = [
        (row.group, tuple(_line(row, names, (found, published), decimals)))
        for row in trained
    ]
    return TableSpec(
        study.name,
        f"Accuracy (%) on each set of questions: {study.name}",
        (Column("Variation", name="variation"), *_columns(names, published)),
        grouped(lines),
        (_NOTE, *_marks(found.values())),
        kind="evaluations",
        frame=_frame(trained, names, found),
        source=source or Source(study=study.name),
    )


def _columns(names: Sequence[str], published: Collection[str]) -> Iterator[Column]:
    for name in names:
        yield Column(name, is_number=True, name=name)
        yield Column(f"Δ {name}", is_number=True, name=f"Δ {name}")
        if name in published:
            yield Column(f"{name} published", is_number=True, name=f"{name} published")


def _line(
    row: Row,
    names: Sequence[str],
    known: tuple[Mapping[tuple[str, str], Mapping[str, Any]], Collection[str]],
    decimals: int,
) -> Iterator[Cell]:
    found, published = known
    mine = [found[row.label, name] for name in names if (row.label, name) in found]
    yield Cell(marked(row.label, mine[0]["also_changed"]))
    for name in names:
        one = found.get((row.label, name))
        yield from _cells(one, decimals)
        if name in published:
            yield Cell(percent(math.nan if one is None else one["published"]))


def _cells(one: Mapping[str, Any] | None, decimals: int) -> tuple[Cell, Cell]:
    if one is None:
        return Cell(""), Cell("")
    accuracy = accuracy_cell(one["accuracy"], one["sd"], one["runs"], decimals)
    verdict = Verdict(one["verdict"])
    sign = VERDICT_MARKS[verdict].split()[0] if verdict in _SHOWN else ""
    brackets = interval(one["lower"], one["upper"], decimals)
    delta = f"{signed(one['delta'], decimals)} {sign}".strip()
    kind = str(verdict) if verdict in _SHOWN else ""
    return accuracy, Cell(delta, beside=brackets, kind=kind)


def _marks(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    used = dict.fromkeys(Verdict(row["verdict"]) for row in rows)
    words = [VERDICT_MARKS[one] for one in used if one in _SHOWN]
    return [f"{', '.join(words)}: as in the table of rows."] if words else []


def _frame(
    trained: Sequence[Row],
    names: Sequence[str],
    found: Mapping[tuple[str, str], Mapping[str, Any]],
) -> pd.DataFrame:
    kept = (
        *("n_runs", "accuracy", "sd", "runs", "delta", "lower", "upper", "p_holm"),
        *("verdict", "published", "published_delta"),
    )
    lines = [
        {
            "row": row.label,
            "group": row.group,
            "evaluation": name,
            **{column: found[row.label, name][column] for column in kept},
        }
        for row in trained
        for name in names
        if (row.label, name) in found
    ]
    return pd.DataFrame(lines)
