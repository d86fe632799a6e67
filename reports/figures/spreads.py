"""How far γ and β reach in every row: quantiles beside each other."""

from collections.abc import Sequence
from typing import Final

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.analyses.modulation import decimal
from reports.figures.measure import PAD, line_height
from reports.figures.sheet import Sheet
from reports.figures.style import BLUE, ORANGE, bare, style, tick_label
from reports.results import records

__all__ = ["draw_spreads", "spreads", "spreads_in_words"]

_PARAMETERS: Final = {"γ": ORANGE, "β": BLUE}
_QUANTILES: Final = ["q05", "q25", "q50", "q75", "q95"]
_LABEL: Final = 0.34  # of the width, at most
_ROW: Final = 0.2  # inches


def spreads(statistics: pd.DataFrame) -> pd.DataFrame:
    """Average quantiles over runs.

    Args:
        statistics: Of runs, as `film.analysis.modulation` gives them, with ``row``.

    Returns:
        ``row``, ``parameter`` and quantiles ``q05`` to ``q95``, over all blocks.
    """
    whole = statistics[statistics["layer"] == 0]
    keys = ["row", "parameter"]
    return whole.groupby(keys, sort=False)[_QUANTILES].mean().reset_index()


def draw_spreads(numbers: pd.DataFrame, width: float) -> Figure:
    """Draw quantiles of γ and of β, a line per row.

    Args:
        numbers: As of `spreads`.
        width: Of the figure, in inches.

    Returns:
        A figure of its own.
    """
    with style(width):
        sheet = Sheet(width)
        rows = list(dict.fromkeys(numbers["row"]))
        names = [sheet.ruler.wrap(str(row), _LABEL * width) for row in rows]
        left = sheet.ruler.widest(names) + 2 * PAD
        _, below = sheet.under("γ", width)
        tops = _tops(names)
        sheet.fit(PAD + tops[-1] + below, [])
        across = (width - left) / len(_PARAMETERS) - 2 * PAD
        for at, (parameter, color) in enumerate(_PARAMETERS.items()):
            x = left + at * (across + 2 * PAD)
            axes = sheet.axes(x, PAD, across, tops[-1])
            axes.axvline(0, color="#999999", lw=0.6, zorder=0)
            for line in records(numbers[numbers["parameter"] == parameter]):
                place = rows.index(line["row"])
                y = (tops[place] + tops[place + 1]) / 2
                axes.plot([line["q05"], line["q95"]], [y, y], color=color, lw=0.9)
                axes.plot([line["q25"], line["q75"]], [y, y], color=color, lw=3.2)
                axes.plot(line["q50"], y, "o", color=color, ms=3.4, mfc="white")
            axes.set_ylim(tops[-1], 0)
            axes.set_yticks([])
            axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
            axes.xaxis.set_major_formatter(FuncFormatter(tick_label))
            bare(axes, "top", "right", "left")
            sheet.name_below(axes, parameter, (x, x + across))
        for at, name in enumerate(names):
            middle = PAD + (tops[at] + tops[at + 1]) / 2
            sheet.text(left - 1.5 * PAD, middle, name, ha="right", va="center")
        return sheet.figure


def spreads_in_words(numbers: pd.DataFrame) -> str:
    """Say the same for those who cannot see it.

    Args:
        numbers: As of `spreads`.

    Returns:
        Every row's medians and middle 90 %.
    """
    parts = [
        f"{line['row']}: {line['parameter']} {decimal(line['q50'], 1)} "
        f"({decimal(line['q05'], 1)} to {decimal(line['q95'], 1)})"
        for line in records(numbers)
    ]
    return f"Medians and the middle 90 % of γ and β, by row. {'; '.join(parts)}."


# Where each row begins, and where the last one ends, in inches.
def _tops(names: Sequence[str]) -> list[float]:
    tops = [0.0]
    for name in names:
        lines = name.count("\n") + 1
        tops.append(tops[-1] + max(_ROW, lines * line_height() + 0.5 * PAD))
    return tops
