"""What a published table says by itself, as tables."""

import math
from typing import Final

import pandas as pd

from reports.published import PublishedTable
from reports.reproduction.screen import Noise
from reports.results import records
from reports.statistics.corrections import ALPHA
from reports.tables.numbers import mean_and_sd, p_value, percent, signed
from reports.tables.spec import Cell, Column, TableSpec, grouped

__all__ = ["published_table", "screen_table"]

_LEVEL: Final = f"{ALPHA:g}".removeprefix("0")


def screen_table(
    table: PublishedTable, screened: pd.DataFrame, noise: Noise
) -> TableSpec:
    """Set out which published rows leave the baseline's own range.

    Args:
        table: Published.
        screened: Its rows, as ``screen`` gives them.
        noise: How much its runs differ.

    Returns:
        The table.
    """
    lines = []
    for row in records(screened):
        is_baseline = row["is_baseline"]
        where = "inside" if row["is_inside"] else "outside"
        holds = row["p_holm"] < ALPHA
        cells = (
            Cell(row["row"]),
            Cell(f"{row['n_runs']}"),
            Cell(mean_and_sd(row["accuracy"], row["sd"])),
            Cell(signed(row["delta"])),
            Cell("" if is_baseline else where),
            Cell("" if is_baseline else p_value(row["p"])),
            Cell("" if is_baseline else p_value(row["p_holm"]), is_bold=holds),
        )
        lines.append((row["group"], cells))
    best = table.baseline
    n_tests = int(screened["p"].notna().sum())
    low, high = (best.accuracy / 100 + sign * noise.half for sign in (-1, 1))
    return TableSpec(
        table.name,
        f"{table.source}, against the baseline's own range",
        (
            Column("Variation"),
            Column("Runs", is_number=True),
            Column("Accuracy (%)", is_number=True),
            Column("Δ (points)", is_number=True),
            Column("Range"),
            Column("p", is_number=True),
            Column("p (Holm)", is_number=True),
        ),
        grouped(lines),
        (
            (
                "Range: where one more run of the baseline would fall with "
                f"probability .95, from {percent(low, 2)} to {percent(high, 2)} %: "
                f"{best.accuracy:g} ± t·{best.sd:g}·√(1 + 1/{best.n_runs})."
            ),
            (
                "p: of a difference to the baseline, if runs of every row varied as "
                "the baseline's do (Crawford and Howell); bold: below "
                f"{_LEVEL} after Holm's correction over {n_tests} rows."
            ),
            (
                "A screen, not a test: whether a row's runs do vary so, one run cannot "
                "tell. Where they vary more, so little data raises false alarms."
            ),
        ),
        kind="screen",
        frame=screened,
    )


def published_table(table: PublishedTable, screened: pd.DataFrame) -> TableSpec:
    """Set out published accuracies of which no s.d. is known.

    Args:
        table: Published.
        screened: Its rows, as ``screen`` gives them.

    Returns:
        The table, with types of questions where they were published.
    """
    types = list(table.baseline.by_type)
    lines = []
    for row in records(screened):
        by_type = table.rows[row["row"]].by_type
        cells = [
            Cell(row["row"]),
            Cell(percent(row["accuracy"])),
            Cell(signed(row["delta"])),
            *(Cell(percent(by_type.get(name, math.nan) / 100)) for name in types),
        ]
        lines.append((row["group"], tuple(cells)))
    names = ["Accuracy (%)", "Δ (points)", *(name.replace("_", " ") for name in types)]
    return TableSpec(
        table.name,
        table.source,
        (Column("Row"), *(Column(name, is_number=True) for name in names)),
        grouped(lines),
        (
            *([f"baseline: {table.baseline_is}."] if table.baseline_is else []),
            (
                "No s.d. over runs was published: which of these differences are more "
                "than chance cannot be told."
            ),
        ),
        kind="published",
        frame=screened,
    )
