"""The table of accuracies: every row, and its difference to the baseline."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from reports.notes import Note
from reports.results import records
from reports.statistics import Verdict
from reports.statistics.intervals import Basis
from reports.tables.marks import VERDICT_MARKS, marked
from reports.tables.numbers import (
    both_runs,
    interval,
    mean_and_sd,
    p_value,
    percent,
    probability,
    signed,
)
from reports.tables.source import Source
from reports.tables.spec import Cell, Column, Drawing, TableSpec, drawing_scale, grouped

__all__ = ["accuracy_cell", "accuracy_table", "decimals_for"]

_SIGNED: Final = frozenset(VERDICT_MARKS.values()) - {"", "no result", "no baseline"}
_FINE_SE: Final = 0.0005  # standard errors under .05 points deserve a second decimal
_RUNS_FOR_SD: Final = 3
_POINTS: Final = 100.0
_COLOURED: Final = frozenset({Verdict.WORSE, Verdict.BETTER, Verdict.EQUIVALENT})
_COLUMNS: Final = (
    Column("Variation", name="variation"),
    Column("Runs", is_number=True, name="runs"),
    Column("Accuracy (%)", is_number=True, name="accuracy"),
    Column("Δ (points)", is_number=True, name="delta"),
    Column("95 % interval", name="interval"),
    Column("", name="drawing", is_drawn=True),
    Column("Verdict", short="", name="verdict"),
    Column("p (Holm)", is_number=True, name="p", is_extra=True),
    Column("P(beats)", is_number=True, name="beats", is_extra=True),
    Column("Detectable (points)", is_number=True, name="detectable", is_extra=True),
    Column("Published (%)", is_number=True, short="Paper", name="published"),
    Column(
        "From published (points)", is_number=True, short="From paper", name="distance"
    ),
)
_OF_PUBLISHED: Final = frozenset({"published", "distance"})


def decimals_for(estimates: pd.DataFrame) -> int:
    """Choose the decimals of a table by how sure its numbers are.

    Args:
        estimates: One row per difference, with ``se``.

    Returns:
        One, or two where the differences are known to .05 points.
    """
    errors = estimates["se"].dropna()
    return 2 if len(errors) and errors.median() < _FINE_SE else 1


def accuracy_table(
    name: str,
    estimates: pd.DataFrame,
    notes: Sequence[str],
    *,
    columns: Sequence[str] = (),
    second_best: bool = False,
    source: Source | None = None,
) -> TableSpec:
    """Set out every row's accuracy and its difference to the baseline.

    Args:
        name: The study.
        estimates: Its rows, with ``published`` and ``published_sd`` where it has any,
            and what each was ``also_changed`` in.
        notes: What to say under the table.
        columns: Which ones, by name or pattern; none is those that are shown unasked.
        second_best: Underline the best accuracy of those that are not bold.
        source: What the numbers follow from.

    Returns:
        The table.
    """
    source = source or Source(study=name)
    has_published = bool(estimates["published"].notna().any())
    shown = [
        i
        for i, column in enumerate(_COLUMNS)
        if has_published or column.name not in _OF_PUBLISHED
    ]
    lines = _Lines.of(estimates, source.margin, second_best=second_best)
    rows = [(row["group"], lines.line(row)) for row in records(estimates)]
    whole = TableSpec(
        name,
        f"Validation accuracy: {name}",
        tuple(_COLUMNS[i] for i in shown),
        grouped([(group, tuple(cells[i] for i in shown)) for group, cells in rows]),
        tuple(notes),
        _key(estimates, notes),
        "accuracy",
        source.name_trials(estimates),
        source,
    )
    return whole.chosen(columns)


def accuracy_cell(
    accuracy: float, sd: float, runs: Sequence[float], decimals: int = 1
) -> Cell:
    """Write the accuracy of some runs.

    Args:
        accuracy: Their mean, a fraction.
        sd: Their standard deviation.
        runs: The accuracy of each.
        decimals: Digits after the point.

    Returns:
        The mean, and beside it the standard deviation from three runs on, both runs
        where there are two, and nothing for a single one.
    """
    beside = ""
    if len(runs) >= _RUNS_FOR_SD:
        beside = f"± {percent(sd, decimals)}"
    elif len(runs) > 1:
        beside = both_runs(runs, decimals)
    return Cell(percent(accuracy, decimals), beside=beside)


@dataclass(frozen=True)
class _Lines:
    """What all lines of a table share."""

    decimals: int
    scale: tuple[float, float]
    margin: float
    second: str

    @classmethod
    def of(
        cls, estimates: pd.DataFrame, margin: float | None, *, second_best: bool
    ) -> "_Lines":
        fraction = (margin or 0.0) / _POINTS
        second = _second_best(estimates) if second_best else ""
        return cls(
            decimals_for(estimates), _scale(estimates, fraction), fraction, second
        )

    def line(self, row: Mapping[str, Any]) -> tuple[Cell, ...]:
        decimals = self.decimals
        complete = row["n_runs"] == row["n_wanted"]
        runs = f"{row['n_runs']}" if complete else f"{row['n_runs']}/{row['n_wanted']}"
        brackets = interval(row["lower"], row["upper"], decimals)
        if brackets and row["basis"] == Basis.RUN_MEANS:
            brackets += " ‡"
        published, _, sd = mean_and_sd(row["published"], row["published_sd"]).partition(
            " "
        )
        return (
            Cell(marked(row["row"], row["also_changed"])),
            Cell(runs),
            self._accuracy(row),
            Cell(signed(row["delta"], decimals)),
            Cell(brackets),
            self._drawing(row),
            _verdict_cell(row),
            Cell(p_value(row["p_holm"])),
            Cell(probability(row["p_beats"])),
            Cell(percent(row["detectable"], decimals)),
            Cell(published, beside=sd),
            Cell(signed(row["accuracy"] - row["published"], decimals)),
        )

    def _accuracy(self, row: Mapping[str, Any]) -> Cell:
        cell = accuracy_cell(row["accuracy"], row["sd"], row["runs"], self.decimals)
        return Cell(
            cell.text,
            is_bold=row["is_best"],
            beside=cell.beside,
            is_underlined=row["row"] == self.second,
        )

    def _drawing(self, row: Mapping[str, Any]) -> Cell:
        if math.isnan(row["delta"]):
            return Cell("")
        drawing = Drawing(
            row["delta"], row["lower"], row["upper"], self.scale, self.margin
        )
        return Cell("", drawing=drawing, kind=_kind(row))


# A row that collapsed would leave no room for the others: it becomes an arrow.
def _scale(estimates: pd.DataFrame, margin: float) -> tuple[float, float]:
    known = estimates[estimates["delta"].notna()]
    seen = known[~known["is_collapsed"]]
    seen = known if seen.empty else seen
    ends = [*seen["lower"].dropna(), *seen["upper"].dropna(), *seen["delta"]]
    return drawing_scale([*ends, -margin, margin, 0.0])


def _second_best(estimates: pd.DataFrame) -> str:
    if not estimates["is_best"].any():
        return ""
    others = estimates[
        ~estimates["is_best"]
        & (estimates["n_runs"] >= _RUNS_FOR_SD)
        & ~estimates["has_other_questions"]
    ]
    ranked = others.sort_values("accuracy", ascending=False, kind="stable")
    return "" if ranked.empty else str(ranked["row"].iloc[0])


def _kind(row: Mapping[str, Any]) -> str:
    return str(row["verdict"]) if row["verdict"] in _COLOURED else ""


def _verdict_cell(row: Mapping[str, Any]) -> Cell:
    mark = VERDICT_MARKS[row["verdict"]]
    sign = mark.split()[0] if mark in _SIGNED else ""
    if row["verdict"] == Verdict.OTHER_QUESTIONS and row.get("compared_as", ""):
        return Cell(f"{sign} see {row['compared_as']}", short=sign)
    where = row["baseline_range"]
    if not where:
        return Cell(mark, short=sign, kind=_kind(row))
    place = where.removesuffix("side")
    return Cell(f"{mark}, {where} baseline range", short=f"{sign} {place}")


# A sign that a note begins with is explained there.
def _key(estimates: pd.DataFrame, notes: Sequence[str]) -> str:
    noted = {note[:1] for note in notes}
    used = [VERDICT_MARKS[verdict] for verdict in estimates["verdict"].unique()]
    words = [mark for mark in used if mark in _SIGNED and mark[0] not in noted]
    if (estimates["baseline_range"] != "").any():
        words.append("in or out: of the baseline range")
    return Note(f"{', '.join(words)}." if words else "", "verdict")
