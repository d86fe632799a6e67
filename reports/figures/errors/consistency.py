"""How often answers to related questions contradict each other."""

import math

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports.analyses.errors.numbers import ALL
from reports.figures.measure import PAD
from reports.figures.rows import RowPlan, scale_x
from reports.figures.sheet import Sheet
from reports.figures.style import BLACK, ORANGE, WIDTH, style
from reports.results import records

__all__ = ["draw_consistency", "relation_name"]


def draw_consistency(numbers: pd.DataFrame, width: float = WIDTH) -> Figure:
    """Draw how often answers contradict each other, by how questions are related.

    Args:
        numbers: As of `consistency_numbers`.
        width: Of the figure, in inches.

    Returns:
        A figure of its own.
    """
    with style(width):
        sheet = Sheet(width)
        lines = records(numbers)
        plan = RowPlan.of(
            sheet.ruler,
            width,
            [relation_name(line["relation"]) for line in lines],
            ["" for _ in lines],
            ("n", [f"{line['n_groups']:,}" for line in lines]),
        )
        name, below = sheet.under("Answers that contradict each other (%)", width)
        sheet.fit(plan.top + plan.body + below, _legend())
        axes = plan.draw(sheet, 0, 0, width)
        for line, y in zip(lines, plan.rows.middles, strict=True):
            ends = [100 * line[end] for end in ("lower", "upper")]
            if not any(map(math.isnan, ends)):
                axes.plot(ends, [y, y], color=ORANGE, lw=2.2, zorder=3)
            axes.plot(
                100 * line["contradict"],
                y,
                "o",
                color=ORANGE,
                mew=0,
                ms=4.5,
                clip_on=False,
                zorder=4,
            )
            axes.plot(
                100 * line["chance"],
                y,
                "D",
                mfc="none",
                mec=BLACK,
                mew=0.9,
                ms=4.2,
                clip_on=False,
                zorder=5,
            )
        axes.set_xlim(left=0)
        scale_x(axes, width)
        sheet.name_below(axes, name, (PAD, width - PAD))
        return sheet.figure


def _legend() -> list[Line2D]:
    return [
        Line2D(
            [], [], color=ORANGE, marker="o", mew=0, ms=4.5, lw=2.2, label="the network"
        ),
        Line2D(
            [],
            [],
            ls="",
            marker="D",
            mfc="none",
            mec=BLACK,
            ms=4.2,
            label="independent errors",
        ),
    ]


def relation_name(name: str) -> str:
    """Name a relation of questions.

    Args:
        name: As of `consistency_numbers`.

    Returns:
        The same in words.
    """
    return "all of them" if name == ALL else name
