"""Whether components combine: two lines for every pair, parallel where they do not."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.figures.ends import End, name_ends, room_for_ends
from reports.figures.measure import PAD, line_height
from reports.figures.sheet import Sheet
from reports.figures.style import (
    BLACK,
    ORANGE,
    WIDTH,
    bare,
    is_narrow,
    style,
    tick_label,
)
from reports.results import records

__all__ = ["draw_interactions"]

_HEIGHT: Final = 1.6  # inches of a panel
_LOW: Final = 1.2  # where many stand one below the other
_MANY: Final = 4
_LEFT: Final = 0.5  # inches for the numbers of the axis and its name
_WIDEST: Final = 3.2  # inches of a panel with the names of its lines
_NAMES: Final = 0.45  # of a panel, at most, for the names of its lines
_LOGIT: Final = "logit"
_LOOKS: Final[Mapping[bool, Mapping[str, Any]]] = {
    True: {"color": BLACK, "ls": "-", "marker": "o"},
    False: {"color": ORANGE, "ls": (0, (5, 1.4)), "marker": "s"},
}

Panel = Sequence[Mapping[str, Any]]


def draw_interactions(
    means: pd.DataFrame, scale: str = "accuracy", width: float = WIDTH
) -> Figure:
    """Draw, for every pair of components, the mean with and without each.

    All panels have one scale. Lines that are not parallel tell of an interaction.

    Args:
        means: ``first``, ``second``, ``first_on``, ``second_on``, ``mean``, ``lower``
            and ``upper`` (95 %), as ``estimate_effects`` gives them.
        scale: What means are in, fractions (``accuracy``) or logits (``logit``).
        width: Of the figure, in inches.

    Returns:
        A figure of its own, independent of any global state but the style.
    """
    with style(width):
        sheet = Sheet(width)
        factor = 1.0 if scale == _LOGIT else 100.0
        panels: list[Panel] = [
            records(part) for _, part in means.groupby(["first", "second"], sort=False)
        ]
        across = _columns(sheet, panels)
        each = min((width - _LEFT) / across, _WIDEST)
        start = (width + _LEFT - across * each) / 2
        least = _HEIGHT if across > 1 or len(panels) < _MANY else _LOW
        tall = max([least, *(_needed(sheet, panel, each) for panel in panels)])
        below = max([0.0, *(_below(sheet, panel, each) for panel in panels)]) + 0.1
        down = math.ceil(len(panels) / across)
        sheet.fit(PAD + down * (tall + below), [])
        limits = _limits(means, factor)
        for number, panel in enumerate(panels):
            x = start + (number % across) * each
            y = PAD + (number // across) * (tall + below)
            axes = _axes(sheet, panel, (x, y), (each, tall), limits)
            _draw_lines(axes, sheet, panel, factor, each)
            if number % across:
                axes.tick_params(labelleft=False)
            else:
                axes.set_ylabel(
                    "Accuracy (logits)" if scale == _LOGIT else "Accuracy (%)"
                )
        return sheet.figure


# As many panels beside each other as leave words whole.
def _columns(sheet: Sheet, panels: Sequence[Panel]) -> int:
    names = [str(panel[0][end]) for panel in panels for end in ("first", "second")]
    words = ["without", *(word for name in names for word in name.split())]
    widest = sheet.ruler.widest(words)
    most = min(2 if is_narrow(sheet.width) else 3, max(len(panels), 1))
    for across in range(most, 1, -1):
        each = (sheet.width - _LEFT) / across
        plot = (1 - _NAMES) * each - PAD / 2
        if widest <= min(_NAMES * each - 2 * PAD, plot / 2 - PAD / 2):
            return across
    return 1


def _line_names(sheet: Sheet, panel: Panel, each: float) -> dict[bool, str]:
    second = panel[0]["second"]
    room = _NAMES * each - 2 * PAD
    return {
        True: sheet.ruler.wrap(f"with {second}", room),
        False: sheet.ruler.wrap(f"without {second}", room),
    }


def _tick_names(sheet: Sheet, panel: Panel, each: float) -> list[str]:
    first = panel[0]["first"]
    room = _plot(sheet, panel, each) / 2
    return [
        sheet.ruler.wrap(f"{word} {first}", room - PAD / 2)
        for word in ("without", "with")
    ]


def _plot(sheet: Sheet, panel: Panel, each: float) -> float:
    names = _line_names(sheet, panel, each).values()
    return each - sheet.ruler.widest(list(names)) - 2.5 * PAD


def _needed(sheet: Sheet, panel: Panel, each: float) -> float:
    return sum(map(room_for_ends, _line_names(sheet, panel, each).values()))


def _below(sheet: Sheet, panel: Panel, each: float) -> float:
    lines = max(name.count("\n") + 1 for name in _tick_names(sheet, panel, each))
    return lines * line_height() + PAD


# One scale for all, so that steps can be compared from panel to panel.
def _limits(means: pd.DataFrame, factor: float) -> tuple[float, float]:
    ends = means[["mean", "lower", "upper"]].to_numpy(float)
    known = factor * ends[~np.isnan(ends)]
    if not len(known):
        return 0.0, 1.0
    pad = max(0.06 * (known.max() - known.min()), 0.01 * factor)
    return float(known.min() - pad), float(known.max() + pad)


def _axes(
    sheet: Sheet,
    panel: Panel,
    corner: tuple[float, float],
    size: tuple[float, float],
    limits: tuple[float, float],
) -> Axes:
    plot = _plot(sheet, panel, size[0])
    axes = sheet.axes(*corner, plot, size[1])
    axes.set_xlim(-0.5, 1.5)
    axes.set_ylim(*limits)
    axes.set_xticks([0, 1], _tick_names(sheet, panel, size[0]), linespacing=1.0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(tick_label))
    bare(axes)
    return axes


def _draw_lines(
    axes: Axes, sheet: Sheet, panel: Panel, factor: float, each: float
) -> None:
    names = _line_names(sheet, panel, each)
    ends = []
    for second_on, look in _LOOKS.items():
        line = sorted(
            (one for one in panel if one["second_on"] == second_on),
            key=lambda one: one["first_on"],
        )
        x = np.array([float(one["first_on"]) for one in line])
        x += 0.02 if second_on else -0.02  # intervals side by side
        means, lower, upper = (
            factor * np.array([one[name] for one in line], float)
            for name in ("mean", "lower", "upper")
        )
        axes.plot(x, means, **look, lw=1.4, ms=3.8)
        axes.vlines(x, lower, upper, color=look["color"], lw=1.2)
        if len(means) and not math.isnan(means[-1]):
            end = End(names[second_on], float(x[-1]), float(means[-1]), look["color"])
            ends.append(end)
    name_ends(axes, ends)
