"""Practical odds: how probable it is that a run of a row beats one of the baseline."""

import math
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.measure import PAD
from reports.figures.rows import RowPlan, inch
from reports.figures.sheet import Sheet
from reports.figures.style import BLUE, GREY, WIDTH, style
from reports.results import records
from reports.tables.marks import marked
from reports.tables.numbers import NOTHING

__all__ = ["beats_numbers", "draw_beats"]

_MEANINGFUL: Final = 0.75  # Bouthillier et al., 2021
_NAME: Final = "Probability that a run beats a run of the baseline"
_NUMBERS: Final = (
    *("row", "group", "n_runs", "p_beats", "p_beats_lower", "p_beats_upper"),
    "also_changed",
)


def beats_numbers(estimates: pd.DataFrame) -> pd.DataFrame:
    """Take the odds of every row, the best first.

    Args:
        estimates: One row per row of the study.

    Returns:
        The rows but for the baseline, and the columns that are drawn.
    """
    rows = estimates.loc[~estimates["is_baseline"].astype(bool)]
    numbers = rows.reindex(columns=list(_NUMBERS))
    numbers["also_changed"] = [
        words if isinstance(words, str) else "" for words in numbers["also_changed"]
    ]
    return numbers.sort_values(
        "p_beats", ascending=False, kind="stable", ignore_index=True
    )


def draw_beats(numbers: pd.DataFrame, width: float = WIDTH) -> Figure:
    """Draw a dot for every row, and from ten runs on its 95 % interval.

    Below ten runs an interval of these odds is not to be trusted, and none is drawn.

    Args:
        numbers: What to draw, as ``beats_numbers`` gives it.
        width: Of the figure, in inches.

    Returns:
        A figure of its own, independent of any global state but the style.

    References:
        Bouthillier et al., *Accounting for variance in machine learning benchmarks*,
        MLSys 2021.
    """
    with style(width):
        sheet = Sheet(width)
        rows = records(numbers)
        plan = RowPlan.of(
            sheet.ruler,
            width,
            [marked(row["row"], row["also_changed"]) for row in rows],
            [""] * len(rows),
            ("Runs", [f"{row['n_runs']}" for row in rows]),
        )
        name, below = sheet.under(_NAME, width - 2 * PAD)
        has_interval = bool(numbers["p_beats_lower"].notna().any())
        note = "Dotted: .75, from where a difference is called meaningful"
        sheet.fit(plan.top + plan.body + below, [], note if has_interval else "")
        axes = plan.draw(sheet, 0, 0, width)
        axes.set_xlim(-0.03, 1.03)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"])
        axes.axvline(0.5, color="black", lw=0.9, zorder=1)
        if has_interval:
            axes.axvline(_MEANINGFUL, color=GREY, lw=0.8, ls=":", zorder=1)
        for row, y in zip(rows, plan.rows.middles, strict=True):
            _draw_row(axes, row, y)
        sheet.name_below(axes, name, (PAD, width - PAD))
        return sheet.figure


def _draw_row(axes: Axes, row: Mapping[str, Any], y: float) -> None:
    axes.axhline(y, color="#e4e4e4", lw=0.6, zorder=0)
    if math.isnan(row["p_beats"]):
        axes.text(
            0.03 * inch(axes),
            y,
            NOTHING,
            va="center_baseline",
            color=GREY,
            transform=axes.get_yaxis_transform(),
        )
        return
    if not math.isnan(row["p_beats_lower"]):
        ends = [row["p_beats_lower"], row["p_beats_upper"]]
        axes.plot(ends, [y, y], color=BLUE, lw=1.6, zorder=2)
    axes.plot(row["p_beats"], y, "o", color=BLUE, mec="white", mew=0.5, ms=5.5)
