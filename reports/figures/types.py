"""Where it hurts: every row's difference to the baseline on each type of question."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from reports.figures.measure import PAD, Ruler, line_height
from reports.figures.rows import RowPlan
from reports.figures.sheet import Sheet
from reports.figures.style import GREY, WIDTH, style
from reports.results import records
from reports.statistics.corrections import ALPHA
from reports.tables.marks import marked
from reports.tables.numbers import count, percent, signed

__all__ = ["draw_types", "type_numbers"]

_LINEAR: Final = 1.0  # points up to which colours are in proportion
_LEAST: Final = 20.0  # points that the darkest colour stands for at least
_DEEPEST: Final = 0.92  # of the map: its very ends are nearly black
_DARK: Final = 0.179  # luminance below which white is read better than black
_LIGHT: Final = 0.54  # from which grey letters have a contrast of 4.5
_WIDEST: Final = 0.95  # inches of a cell
_NUMBERS: Final = (
    *("row", "group", "is_baseline", "type", "n_runs", "accuracy"),
    *("delta", "lower", "upper", "basis", "p", "p_bh", "also_changed"),
)

Cells = Mapping[tuple[str, str], Mapping[str, Any]]


def type_numbers(
    cells: pd.DataFrame, also_changed: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Take the numbers that the heat map shows.

    Args:
        cells: As ``estimate_cells`` gives them.
        also_changed: What rows changed beside what they study, in words.

    Returns:
        One row per row of the study and type of question.
    """
    also = also_changed or {}
    numbers = cells.assign(also_changed=[also.get(row, "") for row in cells["row"]])
    return numbers[list(_NUMBERS)]


def draw_types(numbers: pd.DataFrame, width: float = WIDTH) -> Figure:
    """Draw a table of differences whose cells are coloured by them.

    Colours grow with the logarithm beyond a point, so that small differences are seen
    beside a row that collapsed. Bold numbers are those that the correction over all
    cells (Benjamini and Hochberg) leaves below .05.

    Args:
        numbers: What to draw, as ``type_numbers`` gives it; accuracies as fractions.
        width: Of the figure, in inches.

    Returns:
        A figure of its own, independent of any global state but the style.
    """
    with style(width):
        sheet = Sheet(width)
        types = list(dict.fromkeys(numbers["type"]))
        rows = records(numbers.drop_duplicates("row"))
        rows.sort(key=lambda row: bool(row["group"] or not row["is_baseline"]))
        plan = RowPlan.of(
            sheet.ruler,
            width,
            [_label(row) for row in rows],
            [row["group"] for row in rows],
        )
        each = min((width - plan.left - PAD) / len(types), _WIDEST)
        names, above = _columns(sheet.ruler, types, each)
        note, below = sheet.under(_note(numbers), width - 2 * PAD)
        sheet.fit(above + plan.body + below - line_height(), [])
        across = plan.left + each * len(types) + plan.right
        start = (width - across) / 2
        axes = plan.draw(sheet, start, above - plan.top, across)
        axes.set_xlim(0, len(types))
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        _name_columns(axes, names, above)
        cells = {(one["row"], one["type"]): one for one in records(numbers)}
        order = [row["row"] for row in rows]
        _draw_cells(
            axes,
            cells,
            dict(
                zip(
                    order,
                    zip(plan.rows.middles, plan.rows.heights, strict=True),
                    strict=True,
                )
            ),
            types,
        )
        sheet.text(width / 2, above + plan.body + PAD, note, ha="center", va="top")
        return sheet.figure


# Of a row that others are compared with, the figure shows what it has itself.
def _label(row: Mapping[str, Any]) -> str:
    if row["is_baseline"]:
        return f"{row['row']} (%)"
    return marked(row["row"], row["also_changed"])


# Side by side where there is room, and upright otherwise.
def _columns(
    ruler: Ruler, types: Sequence[str], each: float
) -> tuple[dict[str, str], float]:
    names = [name.replace("_", " ") for name in types]
    words = [word for name in names for word in name.split()]
    if ruler.widest(words) <= each - 0.5 * PAD:
        lines = [ruler.wrap(name, each - 0.5 * PAD) for name in names]
        most = max(name.count("\n") + 1 for name in lines)
        return dict(zip(types, lines, strict=True)), most * line_height() + 2 * PAD
    return dict(zip(types, names, strict=True)), ruler.widest(names) + 2 * PAD


def _name_columns(axes: Axes, names: Mapping[str, str], above: float) -> None:
    lines = max(name.count("\n") + 1 for name in names.values())
    is_upright = above > lines * line_height() + 2.5 * PAD
    for number, name in enumerate(names.values()):
        axes.annotate(
            name,
            (number + 0.5, 1),
            (0, 72 * 0.6 * PAD),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            va="bottom",
            linespacing=1.0,
            rotation="vertical" if is_upright else "horizontal",
        )


def _draw_cells(
    axes: Axes,
    cells: Cells,
    rows: Mapping[str, tuple[float, float]],
    types: Sequence[str],
) -> None:
    found = [abs(100 * cell["delta"]) for cell in cells.values()]
    most = max([_LEAST, *(size for size in found if not math.isnan(size))])
    norm = SymLogNorm(_LINEAR, vmin=-most / _DEEPEST, vmax=most / _DEEPEST, base=10)
    colors = mpl.colormaps["PuOr"]
    for row, (y, tall) in rows.items():
        for number, kind in enumerate(types):
            cell = cells.get((row, kind))
            x = number + 0.5
            if cell is None or cell["is_baseline"] or math.isnan(cell["delta"]):
                text = "—" if cell is None else _without(cell)
                color = "black" if cell and cell["is_baseline"] else GREY
                axes.text(x, y, text, ha="center", va="center_baseline", color=color)
                continue
            fill = colors(float(norm(100 * cell["delta"])))
            axes.add_patch(
                Rectangle(
                    (number, y - tall / 2), 1, tall, facecolor=fill, ec="white", lw=0.5
                )
            )
            is_found = cell["p_bh"] < ALPHA
            axes.text(
                x,
                y,
                signed(cell["delta"]),
                ha="center",
                va="center_baseline",
                weight="bold" if is_found else "normal",
                color=_ink(fill, is_found=is_found),
            )


def _without(cell: Mapping[str, Any]) -> str:
    return percent(cell["accuracy"]) if cell["is_baseline"] else "—"


# Letters have to be read on their colour; those of cells that are not found stand back.
def _ink(fill: Sequence[float], *, is_found: bool) -> str:
    light = [
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB
        for one in fill[:3]
    ]
    luminance = sum(
        part * weight
        for part, weight in zip(light, (0.2126, 0.7152, 0.0722), strict=True)
    )
    if luminance < _DARK:
        return "white"
    return "black" if is_found or luminance < _LIGHT else "#4d4d4d"


def _note(numbers: pd.DataFrame) -> str:
    tested = int(numbers["p_bh"].notna().sum())
    if not tested:
        return "Difference to the baseline (points)"
    return (
        "Difference to the baseline (points); bold: false discovery rate below .05 "
        f"over {count(tested, 'cell')}"
    )
