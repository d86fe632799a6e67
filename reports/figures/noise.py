"""What the network reads from γ and from β: accuracy when either is disturbed.

References:
    Perez et al., *FiLM*, AAAI 2018, Figure 7. https://arxiv.org/abs/1709.07871
"""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.figures.ends import End, name_ends, room_for_ends
from reports.figures.measure import PAD
from reports.figures.sheet import Sheet
from reports.figures.style import (
    BLUE,
    COLORS,
    DASHES,
    ORANGE,
    WIDTH,
    bare,
    style,
    tick_label,
)

__all__ = ["draw_noise"]

_HEIGHT: Final = 2.2  # inches
_LEFT: Final = 0.5
_LABEL: Final = 0.36  # of the width, at most
_MARKERS: Final = "osD^v"
_COLORS: Final = (ORANGE, BLUE, *COLORS[2:])


def draw_noise(
    curves: pd.DataFrame, at_mean: Mapping[str, float], width: float = WIDTH
) -> Figure:
    """Draw accuracy against the noise that is added to one parameter.

    Args:
        curves: ``parameter``, ``noise`` (s.d. of what is added), ``mean``, ``lower``
            and ``upper`` (95 %; may be missing); accuracies as fractions.
        at_mean: By parameter, the accuracy with it set to its mean over training, a
            dotted line; may be empty.
        width: Of the figure, in inches.

    Returns:
        A figure of its own, independent of any global state but the style.
    """
    with style(width):
        sheet = Sheet(width)
        parameters = [str(name) for name in dict.fromkeys(curves["parameter"])]
        room = _LABEL * width - 2 * PAD
        wrap = sheet.ruler.wrap
        names = {name: wrap(f"noise on {name}", room) for name in parameters}
        means = {
            name: wrap(f"{name} set to its training mean", room)
            for name in parameters
            if name in at_mean
        }
        labels = [*names.values(), *means.values()]
        tall = max(_HEIGHT, sum(map(room_for_ends, labels)))
        title, below = sheet.under("S.d. of the added Gaussian noise", width - 2 * PAD)
        sheet.fit(PAD + tall + below, [])
        across = width - _LEFT - sheet.ruler.widest(labels) - 2 * PAD
        axes = sheet.axes(_LEFT, PAD, across, tall)
        _scale(axes, curves, at_mean)
        ends = []
        for number, name in enumerate(parameters):
            mine = curves[curves["parameter"] == name].sort_values("noise")
            look = {"color": _COLORS[number % len(_COLORS)]}
            _draw_curve(axes, mine, number, look)
            known = mine[mine["mean"].notna()]
            if len(known):
                last = known.iloc[-1]
                point = float(last["noise"]), 100 * float(last["mean"])
                ends.append(End(names[name], *point, look["color"]))
            if name in means:
                level = 100 * at_mean[name]
                axes.axhline(
                    level, color=look["color"], lw=1.1, ls=(0, (1, 1.6)), zorder=1
                )
                ends.append(End(means[name], axes.get_xlim()[1], level, look["color"]))
        name_ends(axes, ends)
        sheet.name_below(axes, title, (PAD, width - PAD))
        return sheet.figure


def _scale(axes: Axes, curves: pd.DataFrame, at_mean: Mapping[str, float]) -> None:
    noise = curves["noise"].astype(float)
    pad = max(0.04 * (noise.max() - noise.min()), 0.01)
    axes.set_xlim(noise.min() - pad, noise.max() + pad)
    columns = curves[["mean", "lower", "upper"]].astype(float)
    known = [100 * value for value in (columns.min().min(), columns.max().max())]
    known += [100 * value for value in at_mean.values()]
    room = max(0.05 * (max(known) - min(known)), 0.5)
    axes.set_ylim(max(min(known) - room, 0), max(known) + room)
    axes.set_ylabel("Validation accuracy (%)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(FuncFormatter(tick_label))
    bare(axes)


def _draw_curve(
    axes: Axes, curve: pd.DataFrame, number: int, look: Mapping[str, Any]
) -> None:
    noise = curve["noise"].to_numpy(float)
    mean, lower, upper = (
        100 * curve[name].to_numpy(float) for name in ("mean", "lower", "upper")
    )
    dash: Any = "-" if number == 0 else DASHES[(number - 1) % len(DASHES)]
    axes.fill_between(noise, lower, upper, **look, alpha=0.18, lw=0)
    marker = _MARKERS[number % len(_MARKERS)]
    axes.plot(noise, mean, **look, ls=dash, lw=1.4, marker=marker, ms=3.8)
