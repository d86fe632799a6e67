"""Learning curves: accuracy by epoch, with every line named at its end."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.figures.style import PAD, STYLE, WIDTH, text_width, tick_label

__all__ = ["draw_curves"]

_HEIGHT: Final = 1.75  # inches of a panel; more where many lines end in it
_LINE: Final = 0.135  # inches from one label to the next
_LEFT: Final = 0.5  # inches for the numbers of the axis and its name
_BETWEEN: Final = 0.16
_TICKS: Final = 0.22  # inches for the numbers of epochs
_NAME: Final = 0.2  # for the name of an axis, or of a column
_ABOVE: Final = 0.1
_HEADING: Final = 0.2  # more, where a line of panels has a heading
_LABEL: Final = 2.7  # inches that a label may take before the figure is widened
_FEW_EPOCHS: Final = 12  # are marked one by one
_LEAST_DEPTH: Final = 10.0  # points below the lowest end that are always shown
_DEPTH: Final = 1.5  # times the distance of the ends
_COLORS: Final = "#d55e00", "#0072b2", "#009e73", "#a8517f", "#9a6700", "#707070"
_DASHES: Final[Sequence[Any]] = (
    (0, (5, 1.4)),
    (0, (5, 1.2, 1, 1.2)),
    (0, (1.4, 1)),
    (0, (8, 1.5)),
    (0, (5, 1.2, 1, 1.2, 1, 1.2)),
)


def draw_curves(numbers: pd.DataFrame) -> Figure:
    """Draw accuracy by epoch: a line of panels per heading, a column per measure.

    A thick line is the mean over runs, up to the epoch that all reached; thin lines
    are single runs, and the shade goes from the lowest to the highest. The measures
    of a heading share their scale, which leaves out what lies far below all ends.

    Args:
        numbers: What to draw, as ``curves_by_row`` gives it; accuracies as fractions.

    Returns:
        A figure of its own, independent of any global state but the style.
    """
    with mpl.rc_context(STYLE):
        panels = [panel for _, panel in numbers.groupby("panel", sort=False)]
        measures = list(dict.fromkeys(numbers["measure"]))
        figure, grid = _canvas(panels, measures)
        for panel, line in zip(panels, grid, strict=True):
            looks = _looks(panel)
            low, high = _limits(panel)
            for measure, axes in zip(measures, line, strict=True):
                mine = panel[panel["measure"] == measure]
                axes.set_ylim(low, high)
                _scale_epochs(axes, panel)
                for label, curve in mine.groupby("label", sort=False):
                    _draw_curve(axes, curve, looks[str(label)])
            _head(line, str(panel["panel"].iloc[0]))
            _name_ends(line[-1], mine, looks)
        _name_axes(grid, measures)
        return figure


def _canvas(
    panels: Sequence[pd.DataFrame], measures: Sequence[str]
) -> tuple[Figure, list[list[Axes]]]:
    figure = Figure(figsize=(WIDTH, 1.0))
    labels = [label for panel in panels for label in panel["label"].unique()]
    right = text_width(figure, labels) + PAD
    heights = [max(_HEIGHT, _LINE * panel["label"].nunique()) for panel in panels]
    width = WIDTH + max(0.0, right - _LABEL)
    n = len(measures)
    headed = [_ABOVE + _HEADING * bool(panel["panel"].iloc[0]) for panel in panels]
    titles = _NAME if n > 1 else 0.0
    height = titles + sum(heights) + sum(headed) + len(panels) * _TICKS + _NAME
    figure.set_size_inches(width, height)
    each = (width - _LEFT - right - (n - 1) * _BETWEEN) / n
    grid, top = [], height - titles
    for inches, above in zip(heights, headed, strict=True):
        y = top - above - inches
        line: list[Axes] = []
        for number in range(n):
            x = _LEFT + number * (each + _BETWEEN)
            box = (x / width, y / height, each / width, inches / height)
            line.append(figure.add_axes(box, sharey=line[0] if line else None))
        grid.append(line)
        top = y - _TICKS
    return figure, grid


def _looks(panel: pd.DataFrame) -> dict[str, dict[str, Any]]:
    looks: dict[str, dict[str, Any]] = {}
    others = 0
    references = panel.drop_duplicates("label").set_index("label")["is_reference"]
    for label, is_reference in references.items():
        if is_reference:
            looks[str(label)] = {"color": "black", "ls": "-"}
            continue
        color = _COLORS[others % len(_COLORS)]
        looks[str(label)] = {"color": color, "ls": _DASHES[others % len(_DASHES)]}
        others += 1
    return looks


# In points. What all lines leave behind early would press their ends together.
def _limits(panel: pd.DataFrame) -> tuple[float, float]:
    ends = [
        100 * curve["mean"].dropna().iloc[-1]
        for _, curve in panel.groupby(["measure", "label"], sort=False)
    ]
    lowest = 100 * panel["lower"].min()
    depth = max(_LEAST_DEPTH, _DEPTH * (max(ends) - min(ends)))
    low, high = max(lowest, min(ends) - depth), 100 * panel["upper"].max()
    pad = max(0.04 * (high - low), 0.2)
    return max(low - pad, 0.0), min(high + pad, 100 + pad / 2)


def _scale_epochs(axes: Axes, panel: pd.DataFrame) -> None:
    last = int(panel["epoch"].max())
    pad = 0.5 if last == 1 else 0.03 * (last - 1)
    axes.set_xlim(1 - pad, last + pad)
    axes.xaxis.set_major_locator(
        MaxNLocator(nbins=6, steps=[1, 2, 5, 10], integer=True)
    )
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(tick_label))
    for side in ("right", "top"):
        axes.spines[side].set_visible(False)


def _draw_curve(axes: Axes, curve: pd.DataFrame, look: Mapping[str, Any]) -> None:
    epochs = curve["epoch"].to_numpy(float)
    runs = 100 * np.array(curve["runs"].tolist(), dtype=float)
    marker = "o" if len(epochs) <= _FEW_EPOCHS else ""
    front = 4 if look["color"] == "black" else 3
    if runs.shape[1] > 1:
        lower, upper = (100 * curve[end].to_numpy(float) for end in ("lower", "upper"))
        axes.fill_between(epochs, lower, upper, color=look["color"], alpha=0.12, lw=0)
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


def _head(line: Sequence[Axes], heading: str) -> None:
    line[0].text(
        0,
        1.03,
        heading,
        style="italic",
        color="#404040",
        transform=line[0].transAxes,
    )
    for axes in line[1:]:
        axes.tick_params(labelleft=False)


def _name_axes(grid: Sequence[Sequence[Axes]], measures: Sequence[str]) -> None:
    for axes in grid[-1]:
        axes.set_xlabel("Epoch", size=8.5)
    name = "Accuracy (%)" if len(measures) > 1 else f"{measures[0]} accuracy (%)"
    for line in grid:
        line[0].set_ylabel(name, size=8.5)
    if len(measures) > 1:
        figure = grid[0][0].get_figure(root=True)
        assert figure is not None  # noqa: S101 - drawn by us
        for axes, measure in zip(grid[0], measures, strict=True):
            x, top = axes.get_position().x0, 1 - 0.25 * _NAME / figure.get_figheight()
            figure.text(x, top, measure, va="top", size=8.5)


# Each label stands at the height of its line's end, or as near as others let it.
def _name_ends(
    axes: Axes, curves: pd.DataFrame, looks: Mapping[str, Mapping[str, Any]]
) -> None:
    known = curves[curves["mean"].notna()]
    ends = known.drop_duplicates("label", keep="last").sort_values("mean")
    figure = axes.get_figure(root=True)
    assert figure is not None  # noqa: S101 - drawn by us
    box = axes.get_position()
    width = figure.get_figwidth() * box.width
    low, high = axes.get_ylim()
    per_line = _LINE * (high - low) / (figure.get_figheight() * box.height)
    wanted = 100 * ends["mean"].to_numpy(float)
    places = _apart(wanted, per_line, low, high)
    left, right = axes.get_xlim()
    across = axes.get_yaxis_transform()  # x of the axes, y of the data
    for label, epoch, end, place in zip(
        ends["label"], ends["epoch"], wanted, places, strict=True
    ):
        color = looks[label]["color"]
        start = (epoch - left) / (right - left)
        x = 1 + PAD / width
        axes.plot(
            [start, x],
            [end, place],
            color=color,
            lw=0.5,
            alpha=0.7,
            transform=across,
            clip_on=False,
        )
        axes.text(
            x + 0.3 * PAD / width,
            place,
            label,
            color=color,
            va="center_baseline",
            transform=across,
        )


def _apart(
    wanted: npt.NDArray[np.float64], least: float, low: float, high: float
) -> npt.NDArray[np.float64]:
    # Nearest ascending places at least so far apart: neighbours that are too near are
    # pooled, and a pool is spread around the mean of what its members want.
    pools: list[list[float]] = []
    for number, value in enumerate(wanted):
        pools.append([value - number * least])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    level = np.concatenate([[np.mean(pool)] * len(pool) for pool in pools])
    room = max(high - (len(wanted) - 1) * least, low)
    places: npt.NDArray[np.float64] = np.clip(level, low, room)
    return places + least * np.arange(len(wanted))
