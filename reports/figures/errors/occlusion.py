"""Accuracy by how much of what questions need is hidden."""

import math
from collections.abc import Sequence
from typing import Final

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.analyses.errors.numbers import ALL
from reports.analyses.errors.summary import hidden_range
from reports.figures.measure import PAD, line_height
from reports.figures.sheet import Sheet
from reports.figures.style import (
    DASHES,
    GREY,
    ORANGE,
    WIDTH,
    bare,
    is_narrow,
    style,
    tick_label,
)
from reports.results import records

__all__ = ["draw_occlusion"]

_HEIGHT: Final = 1.4  # inches
_LEFT: Final = 0.45
_TYPES_ACROSS: Final = 3


def draw_occlusion(numbers: pd.DataFrame, width: float = WIDTH) -> Figure:
    """Draw accuracy by what is hidden, of all questions and by type.

    Args:
        numbers: As of `occlusion_numbers`.
        width: Of the figure, in inches.

    Returns:
        A figure of its own.
    """
    with style(width):
        sheet = Sheet(width)
        types = list(dict.fromkeys(numbers["type"]))
        n_across = min(len(types), 2 if is_narrow(width) else _TYPES_ACROSS)
        n_down = math.ceil(len(types) / n_across)
        ranges = sorted(set(zip(numbers["least"], numbers["most"], strict=True)))
        title, below = sheet.under(
            "Hidden of the most hidden object that is needed (%)", width
        )
        each = (width - _LEFT - PAD) / n_across
        above = line_height() + 1.5 * PAD
        panel = above + _HEIGHT + line_height() + 1.5 * PAD
        sheet.fit(n_down * panel + below - line_height(), _legend())
        low = _floor(numbers)
        for at, kind in enumerate(types):
            line, column = divmod(at, n_across)
            x, y = _LEFT + column * each, line * panel + above
            axes = sheet.axes(x, y, each - 1.5 * PAD, _HEIGHT)
            _draw_ranges(axes, numbers[numbers["type"] == kind], ranges)
            name = "all questions" if kind == ALL else kind.replace("_", " ")
            axes.set_title(name, fontsize=mpl.rcParams["font.size"])
            axes.set_ylim(low, 102)
            _scale(axes, ranges, is_first=column == 0)
        sheet.text(width / 2, n_down * panel + PAD / 2, title, ha="center", va="top")
        return sheet.figure


def _scale(
    axes: Axes, ranges: Sequence[tuple[float, float]], *, is_first: bool
) -> None:
    axes.set_xticks(range(len(ranges)), [_short_range(*one) for one in ranges])
    axes.set_xlim(-0.5, len(ranges) - 0.5)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(tick_label))
    bare(axes)
    axes.tick_params(labelleft=is_first)
    axes.set_ylabel("Accuracy (%)" if is_first else "")


def _draw_ranges(
    axes: Axes, mine: pd.DataFrame, ranges: Sequence[tuple[float, float]]
) -> None:
    for line in records(mine):
        x = ranges.index((line["least"], line["most"]))
        ends = [100 * line[name] for name in ("lower", "upper")]
        if not any(map(math.isnan, ends)):
            axes.plot([x, x], ends, color=ORANGE, lw=1.3)
        typical = 100 * line["typical"]
        axes.plot([x - 0.3, x + 0.3], [typical] * 2, color=GREY, lw=1.2, ls=DASHES[2])
        axes.plot(x, 100 * line["accuracy"], "o", color=ORANGE, mew=0, ms=4)


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], color=ORANGE, marker="o", mew=0, ms=4, lw=1.3, label="accuracy"),
        Line2D([], [], color=GREY, ls=DASHES[2], label="of all questions like these"),
    ]


# Tens below the lowest end, so that panels can be compared.
def _floor(numbers: pd.DataFrame) -> float:
    lowest = float(numbers[["accuracy", "lower", "typical"]].min().min())
    return max(0.0, 10 * math.floor(10 * lowest))


def _short_range(least: float, most: float) -> str:
    said = hidden_range(least, most).removesuffix(" %")
    return said.replace("less than ", "< ").replace(" % or more", " +")
