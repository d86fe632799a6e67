"""Questions on a plane, by t-SNE of their γ and β, coloured by type.

References:
    Perez et al., *FiLM*, AAAI 2018, Figure 6.
"""

from collections.abc import Sequence
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports.analyses.runs import AnalysedRun
from reports.figures.measure import PAD, line_height
from reports.figures.of_study import Drawing
from reports.figures.sheet import Sheet
from reports.figures.style import WIDTH, is_narrow, style
from reports.tables.numbers import count, percent

__all__ = ["draw_embedding", "embedding_drawings"]

# A colour per operation, a sign per attribute: thirteen colours cannot be told apart.
_COLORS: Final = {
    "query": "#0072b2",
    "equal": "#d55e00",
    "exist": "#2a7f5f",
    "count": "#9a6700",
    "less_than": "#7b3294",
    "greater_than": "#c27ba0",
    "equal_integer": "#444444",
}
_OTHER: Final = "#888888"
_MARKERS: Final = {"color": "o", "shape": "^", "size": "s", "material": "D"}
_PLAIN: Final = "."
_SIZE: Final = 9.0  # square points


def embedding_drawings(
    runs: Sequence[AnalysedRun], width: float = WIDTH
) -> dict[str, Drawing]:
    """Draw the questions of the first run.

    Args:
        runs: Analysed runs, row by row, the baseline first.
        width: Of the figures, in inches.

    Returns:
        Figures by the stems of their files.
    """
    run = runs[0]
    points = run.analysis.tables["points"]
    about = run.analysis.about
    seed = "" if run.seed is None else f", seed {run.seed}"
    return {
        "embedding": Drawing(
            f"Questions by their γ and β: {run.row}{seed}",
            draw_embedding(points, width),
            points,
            _in_words(run),
            f"t-SNE of (γ, β) of {count(about['questions'], 'question')} in the first "
            "and the last block that hear the question, one run. Distances between "
            "groups, and their sizes, mean little; the table counts neighbours in the "
            "whole space.",
        )
    }


def draw_embedding(points: pd.DataFrame, width: float = WIDTH) -> Figure:
    """Draw questions as points, a panel per block.

    Args:
        points: ``layer``, ``type``, ``x`` and ``y``.
        width: Of the figure, in inches.

    Returns:
        A figure of its own.
    """
    with style(width):
        sheet = Sheet(width)
        layers = list(dict.fromkeys(points["layer"]))
        n_rows = len(layers) if is_narrow(width) else 1
        n_columns = max(len(layers) // n_rows, 1)
        across = width / max(n_columns, 2 if n_rows == 1 else 1)
        side = across - 2 * PAD
        title = line_height() + PAD
        tall = side + title + PAD
        types = sorted(set(points["type"]), key=_order)
        sheet.fit(n_rows * tall, [_handle(one) for one in types])
        for at, layer in enumerate(layers):
            line, column = divmod(at, n_columns)
            left, top = column * across + PAD, line * tall + title
            axes = sheet.axes(left, top, side, side)
            sheet.text(left, top - 0.4 * PAD, f"Block {layer}", va="bottom")
            _draw_points(axes, points[points["layer"] == layer], types)
        return sheet.figure


def _draw_points(axes: Axes, points: pd.DataFrame, types: Sequence[str]) -> None:
    for name in types:
        mine = points[points["type"] == name]
        color, marker = _look(name)
        axes.scatter(
            mine["x"], mine["y"], s=_SIZE, c=color, marker=marker, lw=0, alpha=0.75
        )
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.margins(0.04)
    for side in axes.spines.values():
        side.set(color="#bbbbbb", lw=0.7)


def _look(name: str) -> tuple[str, str]:
    operation, _, attribute = name.rpartition("_")
    if attribute in _MARKERS and operation in _COLORS:
        return _COLORS[operation], _MARKERS[attribute]
    return _COLORS.get(name, _OTHER), "o" if name in _COLORS else _PLAIN


def _handle(name: str) -> Line2D:
    color, marker = _look(name)
    label = name.replace("_", " ")
    return Line2D([], [], ls="", color=color, marker=marker, ms=4, mew=0, label=label)


def _order(name: str) -> tuple[int, str]:
    operations = list(_COLORS)
    operation = name if name in _COLORS else name.rpartition("_")[0]
    at = operations.index(operation) if operation in _COLORS else len(operations)
    return at, name


def _in_words(run: AnalysedRun) -> str:
    shares = run.analysis.tables["neighbours"].query("alike == 'type'")
    said = [
        f"block {layer}: {percent(share)} % of nearest neighbours are of the same type"
        for layer, share in zip(shares["layer"], shares["share"], strict=True)
    ]
    return f"Questions on a plane by t-SNE of γ and β, {run.row}. {'; '.join(said)}."
