"""What is said of the distribution of γ and β.

References:
    Perez et al., *FiLM*, AAAI 2018, Section 4.2 and Figure 5.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pandas as pd

from reports.analyses.runs import AnalysedRun, Learnt, by_row, stack
from reports.results import records
from reports.tables.numbers import NOTHING, count, percent
from reports.tables.spec import Cell, Column, TableSpec, grouped

__all__ = ["decimal", "summarise_modulation"]

_NEGATIVE: Final = {"γ": 0.36, "β": 0.76}  # on CLEVR's validation questions, Figure 5
_VALUES: Final = "mean", "sd", "min", "q05", "q95", "max"
_COLUMNS: Final = (
    Column("Parameter", name="parameter"),
    Column("Mean", is_number=True, name="mean"),
    Column("S.d.", is_number=True, name="sd"),
    Column("Least", is_number=True, name="min"),
    Column("5 %", is_number=True, name="q05"),
    Column("95 %", is_number=True, name="q95"),
    Column("Greatest", is_number=True, name="max"),
    Column("Below zero (%)", is_number=True, name="negative"),
    Column("Nearer to zero than 0.1 (%)", is_number=True, name="near_zero"),
)


def summarise_modulation(study: str, runs: Sequence[AnalysedRun]) -> Learnt:
    """Average the statistics of γ and β over runs.

    Args:
        study: Its name.
        runs: Analysed runs, row by row, the baseline first.

    Returns:
        A table with a line per row and parameter, and of the first row per layer.
    """
    means = _means(stack(runs, "statistics"))
    fixed = {run.row: run.analysis.about["fixed"] for run in runs}
    table = TableSpec(
        study,
        f"γ and β over questions and feature maps: {study}",
        _COLUMNS,
        grouped(list(_lines(means, runs[0].row))),
        tuple(_notes(runs)),
        kind="modulation",
        frame=means,
    )
    return Learnt(
        heading="How γ and β are distributed",
        tables={"modulation": table},
        sentences=tuple(_sentences(means, fixed, runs[0].row)),
        runs=runs,
    )


def decimal(value: float, places: int = 2) -> str:
    """Write a number that is no percentage.

    Args:
        value: A number, or NaN.
        places: Digits after the point.

    Returns:
        With a true minus sign and without a negative zero; a dash for NaN.
    """
    if math.isnan(value):
        return NOTHING
    text = f"{value:.{places}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def _means(statistics: pd.DataFrame) -> pd.DataFrame:
    keys = ["row", "parameter", "layer"]
    numbers = [one for one in statistics if one not in {*keys, "run_seed", "trial_id"}]
    by_line = statistics.groupby(keys, sort=False)
    means = by_line[numbers].mean().reset_index()
    means.insert(3, "n_runs", by_line.size().to_numpy())
    return means


def _lines(
    means: pd.DataFrame, detailed: str
) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    for line in records(means):
        if line["layer"] and line["row"] != detailed:
            continue
        where = f", block {line['layer']}" if line["layer"] else ""
        cells = (Cell(f"{line['parameter']}{where}"), *_cells(line))
        yield f"{line['row']} ({count(line['n_runs'], 'run')})", cells


def _cells(line: dict[str, Any]) -> list[Cell]:
    if line["sd"] == 0:
        rest = [NOTHING] * (len(_COLUMNS) - 3)
        return [Cell(decimal(line["mean"])), Cell("fixed"), *map(Cell, rest)]
    values = [Cell(decimal(line[name])) for name in _VALUES]
    shares = [Cell(percent(line[name])) for name in ("negative", "near_zero")]
    return [*values, *shares]


def _notes(runs: Sequence[AnalysedRun]) -> Iterator[str]:
    about = runs[0].analysis.about
    yield (
        f"Means over runs, each over {count(about['questions'], 'question')} of "
        f"{about['split']}, all feature maps and all blocks that hear the question."
    )
    baselines = {
        row: mine[0].analysis.about["gamma_baseline"]
        for row, mine in by_row(runs).items()
        if "γ" not in mine[0].analysis.about["fixed"]
    }
    said = {row: _baseline(value) for row, value in baselines.items()}
    same = set(said.values())
    if len(same) == 1:
        yield f"γ is as it is applied: with its baseline, {same.pop()}."
    elif same:
        rows = ", ".join(f"{row}: {value}" for row, value in said.items())
        yield f"γ is as it is applied: with its baseline ({rows})."


def _baseline(value: float | None) -> str:
    return "the norm's own scale" if value is None else f"{value:g}"


def _sentences(
    means: pd.DataFrame, fixed: dict[str, dict[str, float]], row: str
) -> Iterator[str]:
    mine = means[(means["row"] == row) & (means["layer"] == 0)]
    lines = {line["parameter"]: line for line in records(mine)}
    for name, published in _NEGATIVE.items():
        if name in fixed[row]:
            yield f"{row}: {name} is {fixed[row][name]:g} for every question."
            continue
        line = lines[name]
        yield (
            f"{row}: {name} goes from {decimal(line['min'], 1)} to "
            f"{decimal(line['max'], 1)}, and {percent(line['negative'])} % of it is "
            f"below zero (Perez et al., Figure 5, on CLEVR: {percent(published, 0)} %)."
        )
