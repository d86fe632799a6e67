"""The table of what each row changes."""

import pandas as pd

from reports.results import records
from reports.tables.numbers import NOTHING
from reports.tables.source import Source
from reports.tables.spec import Cell, Column, TableSpec, grouped

__all__ = ["change_table"]


def change_table(
    name: str, trials: pd.DataFrame, *, source: Source | None = None
) -> TableSpec:
    """Set out what each row changes in the baseline.

    Args:
        name: The study.
        trials: Its wanted trials.
        source: What the study is.

    Returns:
        The table.
    """
    rows = trials.drop_duplicates("row")
    lines = [
        (row["group"], (Cell(row["row"]), Cell(row["changes"] or NOTHING)))
        for row in records(rows)
    ]
    columns = (
        Column("Variation", name="variation"),
        Column("Changes to the baseline", name="changes"),
    )
    return TableSpec(
        name,
        f"Rows of {name}",
        columns,
        grouped(lines),
        kind="changes",
        frame=rows[["row", "group", "changes"]].reset_index(drop=True),
        source=source or Source(study=name),
    )
