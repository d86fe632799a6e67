"""The table of accuracies by type of question."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from reports.results import records
from reports.tables.marks import CONFOUND_MARK, marked
from reports.tables.numbers import percent
from reports.tables.spec import Cell, Column, TableSpec, grouped

__all__ = ["type_table"]


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
        label = marked(str(row), confounds.get(str(row), ""))
        lines.append((str(group), tuple(Cell(text) for text in (label, *texts))))
    return TableSpec(
        name,
        f"Validation accuracy (%) by type of question: {name}",
        (Column("Variation"), *(Column(h, is_number=True) for h in headings.values())),
        grouped(lines),
        (
            "Means over finished runs, at the epoch that is best over all questions.",
            *([f"{CONFOUND_MARK} Also trained otherwise."] if confounds else []),
        ),
    )


def _type_heading(row: Mapping[str, Any]) -> str:
    name = str(row["type"]).replace("_", " ")
    n = row["n_questions"]
    return name if n is None or math.isnan(n) else f"{name} ({int(n):,})"
