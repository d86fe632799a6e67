"""Accuracy when γ or β are disturbed: noise curves, and replacement block by block.

References:
    Perez et al., *FiLM*, AAAI 2018, Figure 7.
"""

import math
from collections.abc import Sequence
from typing import Final

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.analyses.intervention import BOTH, intervention_numbers, noise_numbers
from reports.analyses.runs import AnalysedRun, by_row
from reports.figures.measure import PAD, line_height
from reports.figures.noise import draw_noise
from reports.figures.of_study import Drawing
from reports.figures.sheet import Sheet
from reports.figures.style import BLUE, ORANGE, WIDTH, bare, style, tick_label
from reports.figures.words import noise_in_words
from reports.results import records
from reports.tables.numbers import signed

__all__ = ["draw_replacements", "intervention_drawings"]

_LOOKS: Final = {"γ": (ORANGE, "o"), "β": (BLUE, "s"), BOTH: ("#1a1a1a", "D")}
_ROW: Final = 0.3  # inches
_APART: Final = 0.24  # of a row, between parameters
_NOISE: Final = (
    "Shades are 95 % intervals over runs (from 3 runs on; of one run, over draws of "
    "the noise). The noise is equally large in all feature maps and blocks, while γ "
    "and β themselves differ in how much they vary."
)
_REPLACED: Final = (
    "Each parameter replaced by its mean over training questions, in one block or in "
    "all; lines are 95 % intervals over runs and scenes."
)


def intervention_drawings(
    runs: Sequence[AnalysedRun], width: float = WIDTH
) -> dict[str, Drawing]:
    """Draw what disturbing γ and β does in the first row.

    Args:
        runs: Analysed runs, row by row, the baseline first.
        width: Of the figures, in inches.

    Returns:
        Figures by the stems of their files.
    """
    row, mine = next(iter(by_row(runs).items()))
    replaced = intervention_numbers(mine)
    whole = {
        line["parameter"]: line["accuracy"]
        for line in records(replaced[replaced["layer"] == 0])
    }
    curves = noise_numbers(mine)
    drawings = {}
    if len(curves):
        at_mean = {name: whole[name] for name in dict.fromkeys(curves["parameter"])}
        drawings["intervention"] = Drawing(
            f"Noise on γ and β: {row}",
            draw_noise(curves, at_mean, width),
            curves,
            noise_in_words(curves, at_mean),
            _NOISE,
        )
    drawn = replaced[replaced["parameter"].isin(list(_LOOKS))]
    if len(drawn):
        drawings["intervention-blocks"] = Drawing(
            f"γ and β replaced block by block: {row}",
            draw_replacements(drawn, width),
            drawn,
            _in_words(drawn, row),
            _REPLACED,
        )
    return drawings


def draw_replacements(numbers: pd.DataFrame, width: float = WIDTH) -> Figure:
    """Draw what replacing parameters costs, a line per block.

    Args:
        numbers: ``parameter``, ``layer``, ``delta``, ``lower`` and ``upper``.
        width: Of the figure, in inches.

    Returns:
        A figure of its own.
    """
    with style(width):
        sheet = Sheet(width)
        layers = list(dict.fromkeys(numbers["layer"]))
        names = list(map(_where, layers))
        left = sheet.ruler.widest(names) + 3 * PAD
        said = "Change of accuracy (percentage points)"
        title, below = sheet.under(said, width - left - PAD)
        parameters = [one for one in _LOOKS if one in set(numbers["parameter"])]
        handles = [_handle(one) for one in parameters]
        tall = max(_ROW, 1.5 * line_height()) * len(layers)
        sheet.fit(PAD + tall + below, handles)
        axes = sheet.axes(left, PAD, width - left - 2 * PAD, tall)
        axes.axvline(0, color="#999999", lw=0.7, zorder=0)
        for line in records(numbers):
            place = parameters.index(line["parameter"]) - (len(parameters) - 1) / 2
            at = layers.index(line["layer"]) + _APART * place
            color, marker = _LOOKS[line["parameter"]]
            ends = [100 * line[name] for name in ("lower", "upper")]
            if not any(map(math.isnan, ends)):
                axes.plot(ends, [at, at], color=color, lw=1.1)
            axes.plot(
                100 * line["delta"], at, color=color, marker=marker, ms=4, mew=0, ls=""
            )
        axes.set_ylim(len(layers) - 0.5, -0.5)
        axes.set_yticks(range(len(layers)), names)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(tick_label))
        bare(axes, "top", "right", "left")
        sheet.name_below(axes, title, (left, width - PAD))
        return sheet.figure


def _handle(parameter: str) -> Line2D:
    color, marker = _LOOKS[parameter]
    said = f"{parameter} replaced"
    return Line2D([], [], color=color, marker=marker, ms=4, mew=0, label=said)


def _in_words(numbers: pd.DataFrame, row: str) -> str:
    parts = [
        f"{line['parameter']} in {_where(line['layer'])}: {signed(line['delta'])}"
        for line in records(numbers)
    ]
    return (
        f"Change of accuracy, in points, with parameters at their training means, "
        f"{row}. {'; '.join(parts)}."
    )


def _where(layer: int) -> str:
    return f"block {layer}" if layer else "all blocks"
