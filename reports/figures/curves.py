"""Learning curves: accuracy by epoch, with every line named at its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    COLORS,
    DASHES,
    WIDTH,
    bare,
    is_narrow,
    style,
    tick_label,
)

__all__ = ["draw_curves"]

_HEIGHT: Final = 1.75  # inches of a panel; more where many lines end in it
_LEFT: Final = 0.5  # inches for the numbers of the axis and its name
_BETWEEN: Final = 0.16
_TICKS: Final = 0.22  # inches for the numbers of epochs
_ABOVE: Final = 0.1
_LABEL: Final = 0.4  # of the width, at most
_FEW_EPOCHS: Final = 12  # are marked one by one
_LEAST_DEPTH: Final = 10.0  # points below the lowest end that are always shown
_DEPTH: Final = 1.5  # times the distance of the ends
_BAND: Final = 0.15  # of the scale, that a band may take beyond all runs


@dataclass(frozen=True, eq=False)
class _Line:
    """Panels beside each other, which share their scale and the names of curves."""

    panel: pd.DataFrame
    measures: tuple[str, ...]
    heading: str
    names: Mapping[str, str]

    @property
    def height(self) -> float:
        """Inches."""
        needed = sum(room_for_ends(name) for name in self.names.values())
        return max(_HEIGHT, needed)


def draw_curves(numbers: pd.DataFrame, width: float = WIDTH) -> Figure:
    """Draw accuracy by epoch: a line of panels per heading, a column per measure.

    A thick line is the mean over runs, up to the epoch that all reached, thin lines are
    single runs, and the shade is the 95 % interval of the mean over runs. The measures
    of a heading share their scale, which leaves out what lies far below all ends.

    Args:
        numbers: What to draw, as ``curves_by_row`` gives it; accuracies as fractions.
        width: Of the figure, in inches; in a narrow one measures stand one below the
            other.

    Returns:
        A figure of its own, independent of any global state but the style.
    """
    with style(width):
        sheet = Sheet(width)
        lines = _lines(sheet, numbers)
        named = [name for line in lines for name in line.names.values()]
        right = sheet.ruler.widest(named) + 2 * PAD
        titles = line_height() + PAD if len(lines[0].measures) > 1 else 0.0
        above = [_ABOVE + bool(line.heading) * (line_height() + PAD) for line in lines]
        inches = sum(line.height for line in lines) + sum(above)
        bottom = line_height() + PAD
        sheet.fit(titles + inches + len(lines) * _TICKS + bottom, [])
        top = titles
        for line, room in zip(lines, above, strict=True):
            top += room
            _draw_line(sheet, line, top, right)
            top += line.height + _TICKS
        _title(sheet, lines[0].measures, right)
        return sheet.figure


def _lines(sheet: Sheet, numbers: pd.DataFrame) -> list[_Line]:
    measures = tuple(dict.fromkeys(numbers["measure"]))
    beside = [(one,) for one in measures] if is_narrow(sheet.width) else [measures]
    lines = []
    for heading, panel in numbers.groupby("panel", sort=False):
        labels = [str(label) for label in panel["label"].unique()]
        room = _LABEL * sheet.width - 2 * PAD
        names = {label: sheet.ruler.wrap(label, room) for label in labels}
        lines += [
            _Line(panel, these, "" if number else str(heading), names)
            for number, these in enumerate(beside)
        ]
    return lines


def _each(sheet: Sheet, n: int, right: float) -> float:
    return (sheet.width - _LEFT - right - (n - 1) * _BETWEEN) / n


def _draw_line(sheet: Sheet, line: _Line, top: float, right: float) -> None:
    looks = _looks(line.panel)
    low, high = _limits(line.panel)
    each = _each(sheet, len(line.measures), right)
    for number, measure in enumerate(line.measures):
        x = _LEFT + number * (each + _BETWEEN)
        axes = sheet.axes(x, top, each, line.height)
        axes.set_ylim(low, high)
        _scale(axes, line.panel, each)
        mine = line.panel[line.panel["measure"] == measure]
        for label, curve in mine.groupby("label", sort=False):
            _draw_curve(axes, curve, looks[str(label)])
        if number:
            axes.tick_params(labelleft=False)
            continue
        several = len(line.measures) > 1
        axes.set_ylabel("Accuracy (%)" if several else f"{measure} accuracy (%)")
        if line.heading:
            sheet.text(
                x, top - PAD, line.heading, va="bottom", style="italic", color="#404040"
            )
    sheet.text(
        x + each / 2,
        top + line.height + _TICKS,
        "Epoch" if _is_last(sheet, top + line.height) else "",
        ha="center",
        va="top",
    )
    name_ends(axes, _ends(mine, looks, line.names))


# Epochs are named under the last line alone.
def _is_last(sheet: Sheet, bottom: float) -> bool:
    return bottom + _TICKS + 2 * line_height() > sheet.height


def _title(sheet: Sheet, measures: Sequence[str], right: float) -> None:
    if len(measures) == 1:
        return
    each = _each(sheet, len(measures), right)
    for number, measure in enumerate(measures):
        x = _LEFT + number * (each + _BETWEEN)
        sheet.text(x, 0.5 * PAD, measure, va="top")


def _looks(panel: pd.DataFrame) -> dict[str, dict[str, Any]]:
    looks: dict[str, dict[str, Any]] = {}
    others = 0
    references = panel.drop_duplicates("label").set_index("label")["is_reference"]
    for label, is_reference in references.items():
        if is_reference:
            looks[str(label)] = {"color": BLACK, "ls": "-"}
            continue
        color = COLORS[others % len(COLORS)]
        looks[str(label)] = {"color": color, "ls": DASHES[others % len(DASHES)]}
        others += 1
    return looks


# In points. What all lines leave behind early would press their ends together.
def _limits(panel: pd.DataFrame) -> tuple[float, float]:
    ends = [
        100 * curve["mean"].dropna().iloc[-1]
        for _, curve in panel.groupby(["measure", "label"], sort=False)
    ]
    runs = np.concatenate([np.asarray(one, float) for one in panel["runs"]])
    lowest, highest = 100 * np.nanmin(runs), 100 * np.nanmax(runs)
    depth = max(_LEAST_DEPTH, _DEPTH * (max(ends) - min(ends)))
    low = max(lowest, min(ends) - depth)
    room = highest + _BAND * (highest - low)
    high = max(highest, min(100 * panel["upper"].max(), room))
    pad = max(0.04 * (high - low), 0.2)
    return max(low - pad, 0.0), min(high + pad, 100 + pad / 2)


def _scale(axes: Axes, panel: pd.DataFrame, inches: float) -> None:
    last = int(panel["epoch"].max())
    pad = 0.5 if last == 1 else 0.03 * (last - 1)
    axes.set_xlim(1 - pad, last + pad)
    steps = 6 if inches > 1.5 else 4  # noqa: PLR2004 - inches
    axes.xaxis.set_major_locator(
        MaxNLocator(nbins=steps, steps=[1, 2, 5, 10], integer=True)
    )
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(tick_label))
    bare(axes)


def _draw_curve(axes: Axes, curve: pd.DataFrame, look: Mapping[str, Any]) -> None:
    epochs = curve["epoch"].to_numpy(float)
    runs = 100 * np.array(curve["runs"].tolist(), dtype=float)
    marker = "o" if len(epochs) <= _FEW_EPOCHS else ""
    front = 4 if look["color"] == BLACK else 3
    if runs.shape[1] > 1:
        lower, upper = (100 * curve[end].to_numpy(float) for end in ("lower", "upper"))
        axes.fill_between(epochs, lower, upper, color=look["color"], alpha=0.13, lw=0)
        axes.plot(epochs, runs, color=look["color"], lw=0.4, alpha=0.5, zorder=2)
    axes.plot(
        epochs,
        100 * curve["mean"].to_numpy(float),
        **look,
        lw=1.4,
        marker=marker,
        ms=2.6,
        zorder=front,
    )


def _ends(
    curves: pd.DataFrame,
    looks: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, str],
) -> list[End]:
    known = curves[curves["mean"].notna()].drop_duplicates("label", keep="last")
    return [
        End(names[str(label)], epoch, 100 * mean, looks[str(label)]["color"])
        for label, epoch, mean in zip(
            known["label"], known["epoch"], known["mean"], strict=True
        )
    ]
