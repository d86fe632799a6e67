"""Histograms of γ and β, by layer.

References:
    Perez et al., *FiLM*, AAAI 2018, Figures 5 and 16 to 18.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.analyses.modulation import decimal
from reports.analyses.runs import AnalysedRun, by_row, stack
from reports.figures.measure import PAD
from reports.figures.of_study import Drawing
from reports.figures.sheet import Sheet
from reports.figures.style import COLORS, WIDTH, bare, is_narrow, style, tick_label
from reports.results import records

__all__ = ["densities", "draw_histograms", "modulation_drawings"]

_HEIGHT: Final = 1.9  # inches
_LEFT: Final = 0.5
_BINS: Final = 80  # at most, over what is drawn
_INK: Final = "#1a1a1a"


def modulation_drawings(
    runs: Sequence[AnalysedRun], width: float = WIDTH
) -> dict[str, Drawing]:
    """Draw how γ and β of the first row are distributed.

    Args:
        runs: Analysed runs, row by row, the baseline first.
        width: Of the figures, in inches.

    Returns:
        Figures by the stems of their files.
    """
    row, mine = next(iter(by_row(runs).items()))
    numbers = densities(mine)
    if numbers.empty:
        return {}
    return {
        "modulation": Drawing(
            f"γ and β: {row}",
            draw_histograms(numbers, width),
            numbers,
            _in_words(numbers, row),
            "Over questions and feature maps, mean over runs. The black line is of "
            "all blocks.",
        )
    }


def densities(runs: Sequence[AnalysedRun]) -> pd.DataFrame:
    """Average histograms over runs, in bins that all of them share.

    Args:
        runs: Of one row.

    Returns:
        ``parameter``, ``layer`` (0 for all), ``lower`` and ``upper`` end of the bin,
        and ``density``, which integrates to 1. What is fixed is left out.
    """
    counts = stack(runs, "histograms")
    fixed = {name for run in runs for name in run.analysis.about["fixed"]}
    drawn = counts[~counts["parameter"].isin(fixed)]
    frames = [
        _density(mine, len(runs)).assign(
            parameter=mine["parameter"].iloc[0], layer=mine["layer"].iloc[0]
        )
        for _, mine in drawn.groupby(["parameter", "layer"], sort=False)
    ]
    columns = ["parameter", "layer", "lower", "upper", "density"]
    return pd.concat(frames)[columns] if frames else pd.DataFrame(columns=columns)


# Every run has bins of a width 2ᵏ at multiples of it: the coarsest are of all runs.
def _density(counts: pd.DataFrame, n_runs: int) -> pd.DataFrame:
    low, high = counts["lower"].min(), counts["upper"].max()
    width = float((counts["upper"] - counts["lower"]).max())
    while (high - low) / width > _BINS:
        width *= 2
    edges = np.arange(math.floor(low / width), math.ceil(high / width) + 1) * width
    of_run = counts.groupby("trial_id")["count"].transform("sum")
    density, _ = np.histogram(
        (counts["lower"] + counts["upper"]) / 2,
        edges,
        weights=counts["count"] / of_run / width / n_runs,
    )
    return pd.DataFrame({"lower": edges[:-1], "upper": edges[1:], "density": density})


def draw_histograms(numbers: pd.DataFrame, width: float = WIDTH) -> Figure:
    """Draw histograms of parameters beside each other, layers over each other.

    Args:
        numbers: As of `densities`.
        width: Of the figure, in inches.

    Returns:
        A figure of its own.
    """
    with style(width):
        sheet = Sheet(width)
        names = list(dict.fromkeys(numbers["parameter"]))
        layers = sorted(set(numbers["layer"]) - {0})
        looks = _looks(layers)
        handles = [
            Line2D([], [], label=f"block {layer}" if layer else "all blocks", **look)
            for layer, look in looks.items()
        ]
        n_rows = len(names) if is_narrow(width) else 1
        n_columns = len(names) // n_rows
        _, below = sheet.under("γ", width)
        tall = PAD + _HEIGHT + below
        sheet.fit(n_rows * tall, handles)
        across = width / n_columns - _LEFT - 2 * PAD
        for at, name in enumerate(names):
            line, column = divmod(at, n_columns)
            left = column * width / n_columns
            axes = sheet.axes(left + _LEFT, line * tall + PAD, across, _HEIGHT)
            for layer, steps in _steps(numbers[numbers["parameter"] == name]):
                axes.stairs(steps["density"], steps["edges"], **looks[layer])
            axes.axvline(0, color="#999999", lw=0.6, zorder=0)
            axes.set_ylim(0, None)
            axes.margins(x=0.02)
            axes.set_ylabel("Density")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
                axis.set_major_formatter(FuncFormatter(tick_label))
            bare(axes)
            sheet.name_below(axes, str(name), (left + PAD, left + width / n_columns))
        return sheet.figure


def _looks(layers: Sequence[int]) -> dict[int, dict[str, Any]]:
    looks: dict[int, dict[str, Any]] = {
        layer: {"color": COLORS[at % len(COLORS)], "lw": 1.0}
        for at, layer in enumerate(layers)
    }
    return {0: {"color": _INK, "lw": 1.5}, **looks} if len(layers) != 1 else looks


def _steps(mine: pd.DataFrame) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    is_single = mine["layer"].nunique() == 2  # noqa: PLR2004 - it, and all of them
    for layer, one in mine.groupby("layer"):
        if layer == 0 and is_single:
            continue
        edges = [*one["lower"], one["upper"].iloc[-1]]
        yield (
            int(str(layer)),
            {"density": one["density"].to_numpy(), "edges": np.array(edges)},
        )


def _in_words(numbers: pd.DataFrame, row: str) -> str:
    parts = []
    for name, mine in numbers[numbers["layer"] == 0].groupby("parameter", sort=False):
        top = records(mine.loc[[mine["density"].idxmax()]])[0]
        parts.append(
            f"{name} from {decimal(mine['lower'].min(), 1)} to "
            f"{decimal(mine['upper'].max(), 1)}, most of it around "
            f"{decimal((top['lower'] + top['upper']) / 2, 1)}"
        )
    return f"Histograms of γ and β by block, {row}. {'; '.join(parts)}."
