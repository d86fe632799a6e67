"""Does it replicate: reproduced against published, and how the two differ.

References:
    Bland and Altman, *Statistical methods for assessing agreement between two methods
    of clinical measurement*, The Lancet 327, 1986.
"""

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import AxLine, Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.figures.measure import PAD, line_height
from reports.figures.sheet import Sheet
from reports.figures.style import (
    BLUE,
    GREY,
    ORANGE,
    WIDTH,
    bare,
    is_narrow,
    style,
    tick_label,
)
from reports.reproduction.agreement import Agreement, Summary
from reports.results import records

__all__ = ["Place", "draw_reproduction", "order_in_words", "reproduction_numbers"]

_HEIGHT: Final = 2.6  # inches of a panel
_LEFT: Final = 0.52
_SMALL: Final = 0.875  # of the size of letters
_NUMBERS: Final = (
    *("row", "group", "n_runs", "published_delta", "delta", "lower", "upper"),
    *("mean", "difference", "bias", "limit_lower", "limit_upper"),
    *("place", "is_collapsed"),
)
_PLACES: Final = (  # of a name beside its point, in points: the first that is free
    (5, 0, "left", "center"),
    (-5, 0, "right", "center"),
    (0, 6, "center", "bottom"),
    (0, -6, "center", "top"),
)


class Place(StrEnum):
    """Where a published value lies."""

    INSIDE = "inside our 95 % prediction interval"
    OUTSIDE = "outside of it"
    NOWHERE = "no prediction interval"


def reproduction_numbers(agreement: Agreement) -> pd.DataFrame:
    """Take what both panels show.

    Args:
        agreement: A study's rows beside published ones.

    Returns:
        The rows that both have, but for the baseline, with ``mean`` and ``difference``
        of the two, the ``place`` of the published value, and ``bias`` and
        ``limit_lower``, ``limit_upper`` over the rows that did not collapse.
    """
    rows, said = agreement.rows, agreement.summary
    is_known = rows["delta"].notna() & rows["published_delta"].notna()
    is_kept = is_known & ~rows["is_baseline"].astype(bool)
    kept = rows.loc[is_kept].reset_index(drop=True)
    return kept.assign(
        mean=(kept["delta"] + kept["published_delta"]) / 2,
        difference=kept["delta"] - kept["published_delta"],
        place=[str(_place(row)) for row in records(kept)],
        bias=said.bias,
        limit_lower=said.limits[0],
        limit_upper=said.limits[1],
    )[list(_NUMBERS)]


def _place(row: Mapping[str, Any]) -> Place:
    if math.isnan(row["predicted_lower"]):
        return Place.NOWHERE
    return Place.INSIDE if row["is_inside"] else Place.OUTSIDE


def order_in_words(summary: Summary) -> str:
    """Say how alike the orders of rows are, beside what chance would make of them.

    Args:
        summary: What is said over all rows.

    Returns:
        A line, for instance ``Kendall τ-b .89; a perfect reproduction .81 [.68, .91]``;
        empty where there is no order.
    """
    if math.isnan(summary.tau):
        return ""
    line = f"Kendall τ-b {_correlation(summary.tau)}"
    if summary.ceiling is None:
        return line
    best = summary.ceiling
    ends = f"[{_correlation(best.lower)}, {_correlation(best.upper)}]"
    return f"{line}; a perfect reproduction {_correlation(best.mean)} {ends}"


def _correlation(value: float) -> str:
    text = f"{abs(value):.2f}".removeprefix("0")
    return f"−{text}" if value < 0 and float(text) else text


def draw_reproduction(
    numbers: pd.DataFrame, order: str = "", width: float = WIDTH
) -> Figure:
    """Draw differences to the baseline, ours against the published, and Bland–Altman.

    Rows that collapsed are left out and named, as one of them would make any
    correlation; rows whose published value is outside the prediction interval have a
    shape of their own, and their names where there is room.

    Args:
        numbers: What to draw, as ``reproduction_numbers`` gives it.
        order: A line on the order of rows, to stand above the first panel.
        width: Of the figure, in inches; in a narrow one the panels stand one below the
            other.

    Returns:
        A figure of its own, independent of any global state but the style.
    """
    with style(width):
        sheet = Sheet(width)
        each = width if is_narrow(width) else width / 2
        title = sheet.ruler.wrap(order, each - PAD)
        above = PAD + line_height() * (title.count("\n") + 1) * bool(title)
        names = "Published difference (points)", "Mean of both (points)"
        below = sheet.under(names[0], each)[1]
        panel = above + _HEIGHT + below
        is_stacked = is_narrow(width)
        sheet.fit(2 * panel if is_stacked else panel, _legend(numbers), _note(numbers))
        rows = [row for row in records(numbers) if not row["is_collapsed"]]
        corners = (0.0, 0.0), ((0.0, panel) if is_stacked else (each, 0.0))
        for draw, name, (x, y) in zip(
            (_draw_both, _draw_differences), names, corners, strict=True
        ):
            across = each - _LEFT - PAD
            axes = sheet.axes(x + _LEFT, y + above, across, _HEIGHT)
            _scale(axes)
            draw(axes, rows)
            sheet.name_below(axes, name, (x, x + each))
        if title:
            sheet.text(_LEFT, above - PAD / 2, title, va="bottom", linespacing=1.0)
        return sheet.figure


def _scale(axes: Axes) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(FuncFormatter(tick_label))
    bare(axes)


# Room around what is drawn; NaN is left out.
def _limits(values: Sequence[float]) -> tuple[float, float]:
    known = [0.0, *(value for value in values if not math.isnan(value))]
    pad = max(0.07 * (max(known) - min(known)), 0.1)
    return min(known) - pad, max(known) + pad


_LOOKS: Final[Mapping[str, Mapping[str, Any]]] = {
    Place.INSIDE: {"marker": "o", "color": BLUE, "mec": "white", "mew": 0.5, "ms": 5},
    Place.OUTSIDE: {
        "marker": "D",
        "color": ORANGE,
        "mfc": "white",
        "mew": 1.1,
        "ms": 4.4,
    },
    Place.NOWHERE: {
        "marker": "s",
        "color": GREY,
        "mfc": "white",
        "mew": 0.9,
        "ms": 4.2,
    },
}


def _draw_both(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    published = [100 * row["published_delta"] for row in rows]
    ours = [100 * row[name] for row in rows for name in ("delta", "lower", "upper")]
    axes.set_xlim(*_limits(published))
    axes.set_ylim(*_limits([*ours, *published]))
    axes.axhline(0, color="black", lw=0.6, zorder=1)
    axes.axvline(0, color="black", lw=0.6, zorder=1)
    axes.axline((0, 0), slope=1, color=GREY, lw=0.9, ls=":", zorder=1)
    axes.set_ylabel("Reproduced difference (points)")
    for row, x in zip(rows, published, strict=True):
        look = _LOOKS[row["place"]]
        ends = [100 * row["lower"], 100 * row["upper"]]
        axes.plot([x, x], ends, color=look["color"], lw=1.4, alpha=0.45, zorder=2)
        axes.plot(x, 100 * row["delta"], ls="", zorder=3, **look)
    _name(
        axes,
        rows,
        [(x, 100 * r["delta"]) for x, r in zip(published, rows, strict=True)],
    )


def _draw_differences(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    axes.set_ylabel("Reproduced − published (points)")
    points = [(100 * row["mean"], 100 * row["difference"]) for row in rows]
    lines = (
        [100 * rows[0][n] for n in ("bias", "limit_lower", "limit_upper")]
        if rows
        else []
    )
    axes.set_xlim(*_limits([x for x, _ in points]))
    axes.set_ylim(*_limits([*(y for _, y in points), *lines]))
    axes.axhline(0, color="black", lw=0.6, zorder=1)
    for line, dashes in zip(lines, ("-", (0, (5, 2)), (0, (5, 2))), strict=False):
        if not math.isnan(line):
            axes.axhline(line, color=BLUE, lw=1.1, ls=dashes, zorder=1)
    for row, (x, y) in zip(rows, points, strict=True):
        axes.plot(x, y, ls="", zorder=3, **_LOOKS[row["place"]])
    _name(axes, rows, points)


# Where there is room beside the point: the note names them all.
def _name(
    axes: Axes,
    rows: Sequence[Mapping[str, Any]],
    points: Sequence[tuple[float, float]],
) -> None:
    figure = axes.get_figure(root=True)
    if figure is None:
        return
    renderer = FigureCanvasAgg(figure).get_renderer()
    taken = [
        line.get_window_extent(renderer)
        for line in axes.lines
        if not isinstance(line, AxLine)  # the diagonal is thin, and everywhere
    ]
    frame = axes.get_window_extent(renderer)
    for row, point in zip(rows, points, strict=True):
        if row["place"] != Place.OUTSIDE:
            continue
        for dx, dy, ha, va in _PLACES:
            text = axes.annotate(
                row["row"],
                point,
                (dx, dy),
                textcoords="offset points",
                ha=ha,
                va=va,
                color=ORANGE,
                fontsize=_SMALL * mpl.rcParams["font.size"],
            )
            box = text.get_window_extent(renderer)
            is_within = frame.x0 <= box.x0 and box.x1 <= frame.x1
            is_within &= frame.y0 <= box.y0 and box.y1 <= frame.y1
            if is_within and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()


def _legend(numbers: pd.DataFrame) -> list[Line2D]:
    drawn = numbers[~numbers["is_collapsed"].astype(bool)]
    handles = [
        Line2D([], [], ls="", label=place, **_LOOKS[place])
        for place in Place
        if (drawn["place"] == place).any()
    ]
    handles.append(Line2D([], [], color=GREY, lw=0.9, ls=":", label="equal"))
    handles.append(Line2D([], [], color=BLUE, lw=1.1, label="bias"))
    if drawn["limit_lower"].notna().any():
        label = "95 % limits of agreement"
        handles.append(Line2D([], [], color=BLUE, lw=1.1, ls=(0, (5, 2)), label=label))
    return handles


def _note(numbers: pd.DataFrame) -> str:
    collapsed = numbers["is_collapsed"].astype(bool)
    outside = ~collapsed & (numbers["place"] == Place.OUTSIDE)
    parts = [
        ("Left out, as collapsed", collapsed),
        ("Outside the prediction interval", outside),
    ]
    said = [
        f"{words}: {'; '.join(numbers.loc[which, 'row'])}."
        for words, which in parts
        if which.any()
    ]
    return " ".join(said)
