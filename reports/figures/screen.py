"""Which rows of a published table leave the range of the baseline's own runs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from reports.figures.measure import PAD
from reports.figures.rows import RowPlan, draw_arrow, scale_x
from reports.figures.sheet import Sheet
from reports.figures.style import BLUE, GREY, ORANGE, WIDTH, style
from reports.results import records
from reports.statistics.corrections import ALPHA
from reports.tables.numbers import mean_and_sd, signed

__all__ = ["draw_screen", "screen_in_words"]

_BAND: Final = "#ececec"
_CUT: Final = 20.0  # points beyond which a row is an arrow
_SMALL: Final = 0.875  # of the size of letters


@dataclass(frozen=True)
class _Look:
    color: str
    marker: str
    label: str
    is_filled: bool


_INSIDE: Final = _Look(GREY, "o", "inside", is_filled=False)
_OUTSIDE: Final = _Look(BLUE, "D", "outside", is_filled=False)
_HOLM: Final = _Look(ORANGE, "s", "outside, also after Holm", is_filled=True)


def draw_screen(screened: pd.DataFrame, width: float = WIDTH) -> Figure:
    """Draw every published difference to the baseline, and the baseline's own range.

    A row that collapsed is an arrow with its number.

    Args:
        screened: ``row``, ``group``, ``is_baseline``, ``accuracy``, ``sd``, ``delta``,
            ``lower`` and ``upper`` (what ``delta`` may be by chance), ``p_holm`` and
            ``is_inside``; fractions.
        width: Of the figure, in inches.

    Returns:
        A figure of its own, independent of any global state but the style.
    """
    with style(width):
        rows = [row for row in records(screened) if not row["is_baseline"]]
        baseline = next(row for row in records(screened) if row["is_baseline"])
        sheet = Sheet(width)
        plan = RowPlan.of(
            sheet.ruler,
            width,
            [row["row"] for row in rows],
            [row["group"] for row in rows],
            ("Accuracy (%)", [mean_and_sd(row["accuracy"], row["sd"]) for row in rows]),
        )
        best = mean_and_sd(baseline["accuracy"], baseline["sd"])
        said = f"Published difference to the baseline, {best} (points)"
        name, below = sheet.under(said, width - 2 * PAD)
        sheet.fit(plan.top + plan.body + below, _legend(rows))
        axes = plan.draw(sheet, 0, 0, width)
        axes.set_xlim(*_limits(rows))
        axes.axvline(0, color="black", lw=0.9, zorder=1)
        places = zip(rows, plan.rows.middles, plan.rows.heights, strict=True)
        for row, y, tall in places:
            _draw_row(axes, row, y, tall)
        scale_x(axes, width)
        sheet.name_below(axes, name, (PAD, width - PAD))
        return sheet.figure


def screen_in_words(screened: pd.DataFrame) -> str:
    """Say what the figure shows.

    Args:
        screened: As ``draw_screen`` takes it.

    Returns:
        Every row with its difference and where it lies.
    """
    parts = [
        f"{row['row']}: {signed(row['delta'])} {_look(row).label}"
        for row in records(screened)
        if not row["is_baseline"]
    ]
    return (
        "Published differences to the baseline, in points, against the range of one "
        f"more run of the baseline. {'; '.join(parts)}."
    )


def _look(row: Mapping[str, Any]) -> _Look:
    if row["is_inside"]:
        return _INSIDE
    return _HOLM if row["p_holm"] < ALPHA else _OUTSIDE


def _limits(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    drawn = [100 * row["delta"] for row in rows if not _is_far(row)]
    ends = [100 * row[end] for row in rows for end in ("lower", "upper")]
    known = [x for x in (*drawn, *ends) if not math.isnan(x)]
    pad = 0.06 * (max(known) - min(known))
    return min(known) - pad, max(known) + pad


def _is_far(row: Mapping[str, Any]) -> bool:
    return abs(100 * float(row["delta"])) > _CUT


def _draw_row(axes: Axes, row: Mapping[str, Any], y: float, tall: float) -> None:
    ends = 100 * row["lower"], 100 * row["upper"]
    axes.fill_betweenx([y - tall / 2, y + tall / 2], *ends, color=_BAND, lw=0, zorder=0)
    look = _look(row)
    if _is_far(row):
        size = _SMALL * mpl.rcParams["font.size"]
        is_left = row["delta"] < 0
        draw_arrow(axes, y, signed(row["delta"]), look.color, size, is_left=is_left)
        return
    face = look.color if look.is_filled else "white"
    axes.plot(
        100 * row["delta"], y, look.marker, color=look.color, mfc=face, ms=5, zorder=3
    )


def _legend(rows: Sequence[Mapping[str, Any]]) -> list[Line2D | Patch]:
    used = {_look(row).label for row in rows}
    handles: list[Line2D | Patch] = [
        Line2D(
            [],
            [],
            ls="",
            marker=look.marker,
            color=look.color,
            mfc=look.color if look.is_filled else "white",
            ms=5,
            label=look.label,
        )
        for look in (_INSIDE, _OUTSIDE, _HOLM)
        if look.label in used
    ]
    label = "95 % range of one more run of the baseline"
    return [*handles, Patch(facecolor=_BAND, edgecolor="none", label=label)]
