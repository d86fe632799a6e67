"""The table of what each row changes."""

import pandas as pd

from reports.results import records
from reports.tables.numbers import NOTHING
from reports.tables.spec import Cell, Column, TableSpec, grouped

__all__ = ["change_table"]


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
    return TableSpec(name, f"Rows of {name}", columns, grouped(lines))
