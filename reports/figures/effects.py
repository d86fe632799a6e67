"""What components do, alone and together: sorted effects, and Shapley values beside."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports.figures.measure import PAD
from reports.figures.rows import RowPlan, scale_x
from reports.figures.sheet import Sheet
from reports.figures.style import BLUE, GREY, ORANGE, WIDTH, is_narrow, style
from reports.results import records
from reports.statistics.corrections import ALPHA
from reports.tables.numbers import count, signed

__all__ = ["draw_effects", "effect_numbers"]

_MOST: Final = 40  # terms that are drawn, the largest
_SHARE: Final = 0.56  # of the width, for effects where Shapley values stand beside them
_LOGIT: Final = "logit"
_SHAPLEY: Final = "Shapley value"
_EFFECT: Final = "effect"
_ROOM: Final = 0.06  # of the scale, at its ends
_COLUMNS: Final = (
    *("panel", "label", "order", "value", "lower", "upper", "p_holm", "n_runs"),
    *("basis", "scale"),
)


def effect_numbers(terms: pd.DataFrame, shapley: pd.DataFrame) -> pd.DataFrame:
    """Put effects and Shapley values into one frame, the largest first.

    Args:
        terms: Effects, as ``estimate_effects`` gives them.
        shapley: Shapley values, likewise; may be empty.

    Returns:
        One row per mark: ``panel`` (effect or Shapley value), ``label``, ``value``,
        ``lower``, ``upper``, ``p_holm``, ``scale`` and what else is known of it.
    """
    scale = next(iter(terms["scale"]), "")
    parts = [
        terms.rename(columns={"term": "label", "effect": "value"}).assign(
            panel=_EFFECT
        ),
        shapley.rename(columns={"component": "label"}).assign(
            panel=_SHAPLEY, scale=scale
        ),
    ]
    ordered = [_largest_first(part.reindex(columns=list(_COLUMNS))) for part in parts]
    filled = [part for part in ordered if len(part)]
    if not filled:
        return pd.DataFrame(columns=list(_COLUMNS))
    return pd.DataFrame(
        [line for part in filled for line in records(part)], columns=list(_COLUMNS)
    )


def draw_effects(numbers: pd.DataFrame, width: float = WIDTH) -> Figure:
    """Draw effects with their 95 % intervals, sorted by size.

    Args:
        numbers: What to draw, as ``effect_numbers`` gives it.
        width: Of the figure, in inches; in a narrow one Shapley values stand below.

    Returns:
        A figure of its own, independent of any global state but the style.
    """
    with style(width):
        sheet = Sheet(width)
        panels = _panels(sheet, numbers)
        is_beside = len(panels) > 1 and not is_narrow(width)
        heights = [panel.height for panel in panels]
        sheet.fit(
            max(heights, default=PAD) if is_beside else sum(heights, PAD),
            _legend(numbers),
            _left_out(numbers),
        )
        x = y = 0.0
        for panel in panels:
            panel.draw(sheet, x, y)
            x, y = (x + panel.width, y) if is_beside else (x, y + panel.height)
        return sheet.figure


@dataclass(frozen=True)
class _Panel:
    """Marks on one scale, measured."""

    rows: Sequence[Mapping[str, Any]]
    plan: RowPlan
    name: str
    width: float
    height: float

    def draw(self, sheet: Sheet, x: float, y: float) -> None:
        axes = self.plan.draw(sheet, x, y, self.width)
        ends = [
            _scaled(row, row[end])
            for row in self.rows
            for end in ("value", "lower", "upper")
        ]
        known = [0.0, *(end for end in ends if not math.isnan(end))]
        room = max(_ROOM * (max(known) - min(known)), 0.1)
        axes.set_xlim(min(known) - room, max(known) + room)
        scale_x(axes, self.width)
        axes.axvline(0, color="black", lw=0.9, zorder=1)
        for row, height in zip(self.rows, self.plan.rows.middles, strict=True):
            _draw_row(axes, row, height)
        sheet.name_below(axes, self.name, (x + PAD, x + self.width - PAD))


def _panels(sheet: Sheet, numbers: pd.DataFrame) -> list[_Panel]:
    groups = [
        (str(name), records(part.head(_MOST)))
        for name, part in numbers.groupby("panel", sort=False)
    ]
    shares = [1.0]
    if len(groups) > 1:
        shares = [1.0, 1.0] if is_narrow(sheet.width) else [_SHARE, 1 - _SHARE]
    return [
        _panel(sheet, name, rows, share * sheet.width)
        for (name, rows), share in zip(groups, shares, strict=False)
    ]


def _panel(
    sheet: Sheet, name: str, rows: Sequence[Mapping[str, Any]], width: float
) -> _Panel:
    unit = "logits" if rows[0]["scale"] == _LOGIT else "points"
    title = f"{name} ({unit})"
    if name == _EFFECT:
        title = f"Effect of switching on ({unit})"
    plan = RowPlan.of(
        sheet.ruler,
        width,
        [str(row["label"]) for row in rows],
        [""] * len(rows),
        ("", [_written(row) for row in rows]),
    )
    wrapped, below = sheet.under(title, width - 2 * PAD)
    return _Panel(rows, plan, wrapped, width, plan.top + plan.body + below)


def _scaled(row: Mapping[str, Any], value: float) -> float:
    return value if row["scale"] == _LOGIT else 100 * value


def _written(row: Mapping[str, Any]) -> str:
    if row["scale"] == _LOGIT:
        return signed(row["value"] / 100, 2)
    return signed(row["value"])


# Direction by colour and shape; filled where Holm's p is below .05.
def _draw_row(axes: Axes, row: Mapping[str, Any], y: float) -> None:
    value, lower, upper = (
        _scaled(row, row[name]) for name in ("value", "lower", "upper")
    )
    if math.isnan(value):
        return
    color = ORANGE if value < 0 else BLUE
    axes.plot([lower, upper], [y, y], color=color, lw=1.8, zorder=2)
    is_tested = not math.isnan(row["p_holm"])
    is_found = row["panel"] == _SHAPLEY or row["p_holm"] < ALPHA
    axes.plot(
        value,
        y,
        _shape(row["panel"], value),
        color=color,
        mfc=color if is_found or not is_tested else "white",
        mec="white" if is_found else color,
        mew=0.5 if is_found else 0.9,
        ms=5.5,
        zorder=3,
    )


def _shape(panel: str, value: float) -> str:
    if panel == _SHAPLEY:
        return "D"
    return "v" if value < 0 else "^"


def _legend(numbers: pd.DataFrame) -> list[Line2D]:
    tested = numbers["p_holm"].dropna().astype(float)
    handles = []
    if len(tested):
        n = count(len(tested), "term")
        both = [(f"changes accuracy (Holm, {n})", GREY, tested < ALPHA)]
        both.append(("not shown to", "white", tested >= ALPHA))
        handles = [
            Line2D(
                [], [], color=GREY, marker="^", mfc=face, ms=5.5, lw=1.8, label=label
            )
            for label, face, which in both
            if which.any()
        ]
    if (numbers["panel"] == _SHAPLEY).any():
        handles.append(
            Line2D([], [], color=BLUE, marker="D", ms=4.5, lw=1.8, label=_SHAPLEY)
        )
    return handles if len(handles) > 1 else []


def _left_out(numbers: pd.DataFrame) -> str:
    n = int((numbers["panel"] == _EFFECT).sum())
    return f"{n - _MOST} smaller effects are not drawn." if n > _MOST else ""


def _largest_first(part: pd.DataFrame) -> pd.DataFrame:
    order = (
        part["value"].astype(float).abs().sort_values(ascending=False, kind="stable")
    )
    return part.loc[order.index]
