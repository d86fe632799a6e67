"""Histograms of γ and β, by block and by feature map, and their spread in every row.

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
from reports.figures.spreads import draw_spreads, spreads, spreads_in_words
from reports.figures.style import COLORS, WIDTH, bare, is_narrow, style, tick_label
from reports.results import records

__all__ = [
    "channel_densities",
    "densities",
    "draw_histograms",
    "modulation_drawings",
]

_HEIGHT: Final = 1.9  # inches
_LOWER: Final = 1.35  # of more panels than two
_PAIR: Final = 2
_LEFT: Final = 0.5
_BINS: Final = 80  # at most, over what is drawn
_CHANNEL_BINS: Final = 24
_NO_WIDTH: Final = 1e-6
_OF_CHANNELS: Final = {"mean": "Mean of {}", "sd": "S.d. of {}"}
_INK: Final = "#1a1a1a"


def modulation_drawings(
    runs: Sequence[AnalysedRun], width: float = WIDTH
) -> dict[str, Drawing]:
    """Draw how γ and β are distributed: in the first row, and in all of them.

    Args:
        runs: Analysed runs, row by row, the baseline first.
        width: Of the figures, in inches.

    Returns:
        Figures by the stems of their files.
    """
    rows = by_row(runs)
    row, mine = next(iter(rows.items()))
    drawings = {}
    numbers = densities(mine)
    if len(numbers):
        drawings["modulation"] = Drawing(
            f"γ and β of {row}",
            draw_histograms(numbers, width),
            numbers,
            _in_words(numbers, row),
            "Over questions and feature maps, mean over runs; the black line is of all "
            "blocks.",
        )
        numbers = channel_densities(mine)
        drawings["modulation-channels"] = Drawing(
            f"Feature maps of {row}",
            draw_histograms(numbers, width),
            numbers,
            f"Histograms of each feature map's mean and s.d. over questions, {row}.",
            "Mean and s.d. of each feature map's γ and β over questions, mean over "
            "runs.",
        )
    if len(rows) > 1:
        numbers = spreads(stack(runs, "statistics"))
        drawings["modulation-rows"] = Drawing(
            "γ and β of every row",
            draw_spreads(numbers, width),
            numbers,
            spreads_in_words(numbers),
            "Over questions, feature maps and blocks, mean over runs: the median, the "
            "middle half (thick) and the middle 90 % (thin).",
        )
    return drawings


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
    edges = _edges(low, high, width)
    of_run = counts.groupby("trial_id")["count"].transform("sum")
    density, _ = np.histogram(
        (counts["lower"] + counts["upper"]) / 2,
        edges,
        weights=counts["count"] / of_run / width / n_runs,
    )
    return pd.DataFrame({"lower": edges[:-1], "upper": edges[1:], "density": density})


def channel_densities(runs: Sequence[AnalysedRun]) -> pd.DataFrame:
    """Count feature maps by the mean and the s.d. of their parameters.

    Args:
        runs: Of one row.

    Returns:
        As of `densities`, with one line per bin, ``layer`` 0 and panels such as
        ``s.d. of γ`` as parameters.
    """
    channels = stack(runs, "channels")
    fixed = {name for run in runs for name in run.analysis.about["fixed"]}
    frames = []
    for name in dict.fromkeys(channels["parameter"]):
        mine = channels[channels["parameter"] == name]
        for column, said in _OF_CHANNELS.items() if name not in fixed else ():
            values = mine[column].to_numpy(float)
            low, high = values.min(), max(values.max(), values.min() + _NO_WIDTH)
            width = 2.0 ** math.ceil(math.log2((high - low) / _CHANNEL_BINS))
            edges = _edges(low, high + width / 2, width)
            density, _ = np.histogram(values, edges, density=True)
            bins = {"lower": edges[:-1], "upper": edges[1:], "density": density}
            frames.append(
                pd.DataFrame({"parameter": said.format(name), "layer": 0, **bins})
            )
    return pd.concat(frames, ignore_index=True)


def _edges(low: float, high: float, width: float) -> np.ndarray:
    first, last = math.floor(low / width), math.ceil(high / width)
    return np.arange(first, max(last, first + 1) + 1) * width


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
        is_pair = len(names) <= _PAIR
        n_columns = 1 if is_pair and is_narrow(width) else min(len(names), _PAIR)
        n_rows = math.ceil(len(names) / n_columns)
        height = _HEIGHT if is_pair else _LOWER
        _, below = sheet.under("γ", width)
        tall = PAD + height + below
        sheet.fit(n_rows * tall, handles if len(handles) > 1 else [])
        across = width / n_columns - _LEFT - 2 * PAD
        for at, name in enumerate(names):
            line, column = divmod(at, n_columns)
            left = column * width / n_columns
            axes = sheet.axes(left + _LEFT, line * tall + PAD, across, height)
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
    whole = {0: {"color": _INK, "lw": 1.5}}
    return whole if len(layers) < 2 else {**whole, **looks}  # noqa: PLR2004 - one is all


def _steps(mine: pd.DataFrame) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    is_single = mine["layer"].nunique() == 2  # noqa: PLR2004 - it, and all of them
    for layer, one in mine.groupby("layer"):
        if layer != 0 and is_single:
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
