"""What is answered to "how many", by the right number."""

from collections.abc import Mapping
from typing import Any, Final

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from reports.analyses.errors.numbers import OTHER
from reports.figures.measure import PAD, line_height
from reports.figures.sheet import Sheet
from reports.figures.style import BLACK, WIDTH, bare, style
from reports.results import records
from reports.tables.numbers import percent

__all__ = ["draw_confusion"]

_CELL: Final = 0.42  # inches across, at most
_TALL: Final = 0.27
_DARK: Final = 0.55  # share from which letters are white


def draw_confusion(numbers: pd.DataFrame, width: float = WIDTH) -> Figure:
    """Draw what is answered to "how many", by the right number.

    Args:
        numbers: As of `confusion_numbers`.
        width: Of the figure, in inches.

    Returns:
        A figure of its own.
    """
    with style(width):
        sheet = Sheet(width)
        labels = sorted(set(numbers["label"]), key=int)
        given = sorted(set(numbers["answer"]) - {OTHER} | {*labels}, key=int)
        given += [OTHER] * (OTHER in set(numbers["answer"]))
        left = 2.5 * line_height() + 2 * PAD
        each = min(_CELL, (width - left - 2 * PAD) / len(given))
        across, tall = each * len(given), max(_TALL, each * 0.64) * len(labels)
        start = (width - left - across) / 2 + left
        title, below = sheet.under("Given number", across)
        sheet.fit(PAD + tall + below, [])
        axes = sheet.axes(start, PAD, across, tall)
        axes.set_xlim(0, len(given))
        axes.set_ylim(len(labels), 0)
        for line in records(numbers):
            place = given.index(line["answer"]), labels.index(line["label"])
            _draw_cell(axes, place, line)
        axes.set_xticks([x + 0.5 for x in range(len(given))], given)
        axes.set_yticks([y + 0.5 for y in range(len(labels))], labels)
        axes.tick_params(length=0)
        axes.set_ylabel("Right number")
        bare(axes, "top", "right", "left", "bottom")
        sheet.name_below(axes, title, (start, start + across))
        return sheet.figure


def _draw_cell(axes: Axes, place: tuple[int, int], line: Mapping[str, Any]) -> None:
    x, y = place
    share, is_right = line["share"], line["answer"] == line["label"]
    color = mpl.colormaps["Blues" if is_right else "Oranges"](0.85 * share**0.5)
    axes.add_patch(Rectangle((x, y), 1, 1, facecolor=color, ec="white", lw=0.8))
    if round(100 * share):
        axes.text(
            x + 0.5,
            y + 0.5,
            percent(share, 0),
            ha="center",
            va="center_baseline",
            color="white" if share > _DARK else BLACK,
        )
