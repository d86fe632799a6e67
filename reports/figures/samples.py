"""Accuracy by the number of samples that a stage learns from.

References:
    Perez et al., *FiLM*, AAAI 2018, Figure 9. https://arxiv.org/abs/1709.07871
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.figures.ends import End, name_ends, room_for_ends
from reports.figures.measure import PAD
from reports.figures.sheet import Sheet
from reports.figures.style import (
    BLUE,
    COLORS,
    GREY,
    ORANGE,
    WIDTH,
    bare,
    is_narrow,
    style,
    tick_label,
)

__all__ = ["draw_samples"]

_HEIGHT: Final = 2.3  # inches
_LEFT: Final = 0.5
_MOST: Final = 4.6  # inches across of the axes: a curve of few points needs no more
_LABEL: Final = 0.3  # of the width, at most
_MARKERS: Final = "osD^v"
_COLORS: Final = (BLUE, ORANGE, *COLORS[2:])
_BESIDE: Final = 0.012  # of the axes: runs stand beside their interval
_STEP: Final = 0.55  # powers of ten from no sample to the fewest


def draw_samples(numbers: pd.DataFrame, width: float = WIDTH) -> Figure:
    """Draw accuracy by number of samples, a line for each set of questions.

    Bars are 95 % intervals of the mean over runs, small dots single runs, open diamonds
    what was published. Numbers of samples are on a logarithmic scale, with none of them
    at its left; what leads there is dotted.

    Args:
        numbers: Of one stage, as ``accuracy_by_samples`` gives them; accuracies as
            fractions.
        width: Of the figure, in inches.

    Returns:
        A figure of its own, independent of any global state but the style.
    """
    with style(width):
        sheet = Sheet(width)
        names = [str(name) for name in dict.fromkeys(numbers["judged_by"])]
        room = _LABEL * width - 2 * PAD
        labels = [sheet.ruler.wrap(f"on {name}", room) for name in names]
        tall = max(_HEIGHT, sum(map(room_for_ends, labels)))
        title = f"{numbers['stage'].iloc[0]}: number of samples"
        title, below = sheet.under(title, width - 2 * PAD)
        sheet.fit(PAD + tall + below, _legend(numbers))
        right = sheet.ruler.widest(labels) + 2 * PAD
        across = min(width - _LEFT - right, width if is_narrow(width) else _MOST)
        left = (width - _LEFT - right - across) / 2 + _LEFT
        axes = sheet.axes(left, PAD, across, tall)
        places = _places(numbers["samples"].to_numpy(float))
        _scale(axes, numbers, places)
        ends = []
        for number, (name, label) in enumerate(zip(names, labels, strict=True)):
            of = (numbers["judged_by"] == name).to_numpy()
            color = _COLORS[number % len(_COLORS)]
            marker = _MARKERS[number % len(_MARKERS)]
            _draw_line(axes, numbers[of], places[of], {"color": color}, marker)
            last = float(places[of][-1]), 100 * float(numbers["accuracy"][of].iloc[-1])
            ends.append(End(label, *last, color))
        name_ends(axes, ends)
        sheet.name_below(axes, title, (PAD, width - PAD))
        return sheet.figure


# On a scale of logarithms, which has no zero: that stands a step before the fewest.
def _places(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    fewest = samples[samples > 0].min()
    before = np.log10(fewest) - _STEP
    logs = np.log10(np.where(samples > 0, samples, 1.0))
    placed: npt.NDArray[np.float64] = np.where(samples > 0, logs, before)
    return placed


def _scale(axes: Axes, numbers: pd.DataFrame, places: npt.NDArray[np.float64]) -> None:
    ticks = dict(zip(places.tolist(), numbers["samples"], strict=True))
    axes.set_xticks(list(ticks), [f"{samples:,}" for samples in ticks.values()])
    pad = 0.05 * (places.max() - places.min())
    axes.set_xlim(places.min() - pad, places.max() + pad)
    runs = np.concatenate([np.asarray(one, float) for one in numbers["runs"]])
    others = numbers[["lower", "upper", "published"]].to_numpy(float).ravel()
    known = 100 * np.concatenate([runs, others[~np.isnan(others)]])
    room = max(0.06 * (known.max() - known.min()), 0.5)
    axes.set_ylim(max(known.min() - room, 0), min(known.max() + room, 101))
    axes.set_ylabel("Accuracy (%)")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(tick_label))
    bare(axes)


def _draw_line(
    axes: Axes,
    line: pd.DataFrame,
    places: npt.NDArray[np.float64],
    look: dict[str, Any],
    marker: str,
) -> None:
    means, lower, upper, published = (
        100 * line[name].to_numpy(float)
        for name in ("accuracy", "lower", "upper", "published")
    )
    learnt = int((line["samples"] == 0).sum())  # the first place that has samples
    axes.plot(places[: learnt + 1], means[: learnt + 1], **look, ls=(0, (1, 1.6)), lw=1)
    axes.plot(places[learnt:], means[learnt:], **look, lw=1.4)
    axes.plot(places, means, **look, ls="", marker=marker, ms=4, zorder=4)
    axes.vlines(places, lower, upper, **look, lw=1.2, zorder=3)
    left, right = axes.get_xlim()
    for place, runs in zip(places, line["runs"], strict=True):
        dots = [100 * run for run in runs]
        beside = place + _BESIDE * (right - left)
        axes.plot(
            [beside] * len(dots), dots, **look, ls="", marker=".", ms=2.5, alpha=0.6
        )
    axes.plot(
        places, published, **look, ls="", marker="D", ms=5.5, mfc="none", zorder=5
    )


def _legend(numbers: pd.DataFrame) -> list[Line2D]:
    def mark(label: str, **look: Any) -> Line2D:  # noqa: ANN401 - as matplotlib takes them
        return Line2D([], [], color=GREY, label=label, **look)

    made = [mark("mean over runs", marker="o", ms=4, lw=1.4)]
    if numbers["lower"].notna().any():
        made.append(mark("its 95 % interval", ls="", marker="|", ms=9, mew=1.2))
    if (numbers["n_runs"] > 1).any():
        made.append(mark("a run", ls="", marker=".", ms=3))
    if numbers["published"].notna().any():
        made.append(mark("published", ls="", marker="D", ms=5.5, mfc="none"))
    return made
