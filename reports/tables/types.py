"""The table of accuracies by type of question."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from reports.results import records
from reports.statistics.corrections import ALPHA
from reports.tables.marks import CONFOUND_MARK, marked
from reports.tables.numbers import count, percent
from reports.tables.source import Source
from reports.tables.spec import Cell, Column, TableSpec, grouped

__all__ = ["type_table"]

_MEANS: Final = (
    "Means over finished runs, at the epoch that is best over all questions{where}."
)
_HALF: Final = " of one half of the scenes, and on the other half"
_WORSE: Final = "▼"
_BETTER: Final = "▲"


def type_table(
    name: str,
    cells: pd.DataFrame,
    confounds: Mapping[str, str],
    *,
    columns: Sequence[str] = (),
    source: Source | None = None,
) -> TableSpec | None:
    """Set out every row's accuracy on each type of question.

    Args:
        name: The study.
        cells: One row per row of the study and type, as ``estimate_cells`` or
            ``accuracy_by_type`` gives; cells are marked where they are tested.
        confounds: What rows were also changed in, where they were.
        columns: Which types, by name or pattern; none is all.
        source: What the numbers follow from.

    Returns:
        The table; nothing where no accuracy by type was recorded.
    """
    if cells.empty:
        return None
    source = source or Source(study=name)
    types = [
        Column(_heading(str(kind), mine), is_number=True, name=str(kind))
        for kind, mine in cells.groupby("type", sort=False)
    ]
    lines = []
    for (row, group), mine in cells.groupby(["row", "group"], sort=False):
        label = Cell(marked(str(row), confounds.get(str(row), "")))
        lines.append((str(group), (label, *map(_cell, records(mine)))))
    whole = TableSpec(
        name,
        f"Validation accuracy (%) by type of question: {name}",
        (Column("Variation", name="variation"), *types),
        grouped(lines),
        (
            _MEANS.format(where=_HALF if source.select_on == "half" else ""),
            *_test_notes(cells),
            *([f"{CONFOUND_MARK} Also trained otherwise."] if confounds else []),
        ),
        kind="types",
        frame=source.name_trials(cells),
        source=source,
    )
    return whole.chosen(columns)


def _cell(row: Mapping[str, Any]) -> Cell:
    text = percent(row["accuracy"])
    if not row.get("p_bh", math.nan) < ALPHA:
        return Cell(text)
    is_worse = row["delta"] < 0
    mark, kind = (_WORSE, "worse") if is_worse else (_BETTER, "better")
    return Cell(text, beside=mark, kind=kind)


def _test_notes(cells: pd.DataFrame) -> list[str]:
    n_tests = int(cells["p_bh"].notna().sum()) if "p_bh" in cells else 0
    if not n_tests:
        return []
    note = (
        f"{_WORSE} {_BETTER} Worse or better than the baseline on this type, over "
        "training runs and scenes: p below .05 after Benjamini and Hochberg's "
        f"correction over {count(n_tests, 'cell')}, so that about one in twenty marked "
        "cells is expected to be false. A cell without a mark is not shown to be equal."
    )
    return [note]


# With the number of questions, where it is one.
def _heading(kind: str, cells: pd.DataFrame) -> str:
    name = kind.replace("_", " ")
    numbers = set(cells["n_questions"].fillna(math.nan))
    n = numbers.pop() if len(numbers) == 1 else math.nan
    return name if math.isnan(n) else f"{name} ({int(n):,})"
