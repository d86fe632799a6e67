"""The forest plot: every row's difference to the baseline, and how sure it is."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import CARETLEFTBASE, CARETRIGHTBASE
from matplotlib.patches import Patch

from reports.figures.measure import PAD, Ruler
from reports.figures.rows import RowPlan, draw_arrow, inch, scale_x
from reports.figures.sheet import Sheet
from reports.figures.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PALE,
    WIDTH,
    style,
    tick_label,
)
from reports.results import records
from reports.statistics import Basis, Verdict
from reports.tables.marks import CONFOUND_MARK, marked
from reports.tables.numbers import interval, mean_and_sd, signed

__all__ = ["draw_forest", "forest_numbers"]

_OFF_SCALE: Final = 6.0  # times the typical extent
_LEAST_CUT: Final = 5.0  # points that are always on the scale
_ROOM: Final = 0.25  # of the scale
_ENDS: Final = "lower", "upper"
_DASHES: Final[Any] = (0, (1.2, 0.6))
_SMALL: Final = 0.875  # of the size of letters


@dataclass(frozen=True)
class _Look:
    """How a verdict is drawn: colour and marker, never colour alone."""

    color: str
    marker: str
    label: str
    face: str = ""  # of the marker, where it is not the colour


_LOOKS: Final[Mapping[Verdict, _Look]] = {  # Okabe and Ito's colours
    Verdict.WORSE: _Look(ORANGE, "v", "worse (Holm)"),
    Verdict.BETTER: _Look(BLUE, "^", "better (Holm)"),
    Verdict.EQUIVALENT: _Look(GREEN, "s", "equivalent"),
    Verdict.INCONCLUSIVE: _Look(GREY, "o", "inconclusive"),
    Verdict.TWO_RUNS: _Look(GREY, "o", "two runs: no verdict", face="white"),
    Verdict.ONE_RUN: _Look(PALE, "o", "one run: no verdict", face="white"),
}
_WITHOUT: Final[Mapping[Verdict, str]] = {
    Verdict.NO_RESULT: "no finished run",
    Verdict.OTHER_QUESTIONS: "judged on other questions",
}
_NUMBERS: Final = (
    "row",
    "group",
    "n_runs",
    "n_wanted",
    "accuracy",
    "sd",
    "runs",
    "delta",
    "lower",
    "upper",
    "simultaneous_lower",
    "simultaneous_upper",
    "basis",
    "verdict",
    "published_delta",
    "also_changed",
)


def forest_numbers(estimates: pd.DataFrame) -> pd.DataFrame:
    """Take the numbers that the forest plot shows.

    Args:
        estimates: One row per row of the study; what was published, and what a row
            also changed, may be missing.

    Returns:
        The same rows, with the columns that are drawn.
    """
    numbers = estimates.reindex(columns=list(_NUMBERS))
    numbers["also_changed"] = [
        words if isinstance(words, str) else "" for words in numbers["also_changed"]
    ]
    return numbers


def draw_forest(
    numbers: pd.DataFrame, margin: float | None = None, width: float = WIDTH
) -> Figure:
    """Draw every row's difference to the baseline.

    The thick line is the 95 % interval of the row, the thin one holds for all rows
    together; ticks under it are single runs, an open diamond is the published value.
    A line that goes on beyond the frame ends there in an arrowhead; a row far off the
    scale becomes an arrow with its numbers.

    Args:
        numbers: What to draw, as ``forest_numbers`` gives it; accuracies as fractions.
        margin: Percentage points that would matter, drawn as a band.
        width: Of the figure, in inches.

    Returns:
        A figure of its own, independent of any global state but the style.
    """
    with style(width):
        rows = records(numbers)
        compared = [row for row in rows if row["verdict"] != Verdict.BASELINE]
        baselines = [row for row in rows if row["verdict"] == Verdict.BASELINE]
        sheet = Sheet(width)
        plan = RowPlan.of(
            sheet.ruler,
            width,
            [_label(row) for row in compared],
            [row["group"] for row in compared],
            ("Accuracy (%)", [_accuracy(row) for row in compared]),
        )
        name, below = sheet.under(_axis_name(baselines), width - 2 * PAD)
        sheet.fit(
            plan.top + plan.body + below, _legend(compared, margin), _note(compared)
        )
        axes = plan.draw(sheet, 0, 0, width)
        low, high, cut = _limits(compared, margin)
        axes.set_xlim(low, high)
        if margin is not None:
            axes.axvspan(-margin, margin, color="#ececec", lw=0, zorder=0)
        axes.axvline(0, color="black", lw=0.9, zorder=1)
        for row, y in zip(compared, plan.rows.middles, strict=True):
            _draw_row(axes, row, y, cut)
        scale_x(axes, width)
        sheet.name_below(axes, name, (PAD, width - PAD))
        return sheet.figure


def _label(row: Mapping[str, Any]) -> str:
    label = marked(row["row"], row["also_changed"])
    return f"{label} ‡" if row["basis"] == Basis.RUN_MEANS else label


def _note(rows: Sequence[Mapping[str, Any]]) -> str:
    notes = []
    if any(row["also_changed"] for row in rows):
        notes.append(f"{CONFOUND_MARK} also trained otherwise than the baseline")
    if any(row["basis"] == Basis.RUN_MEANS for row in rows):
        notes.append("‡ interval over training runs alone")
    return "; ".join(notes)


def _accuracy(row: Mapping[str, Any]) -> str:
    if row["n_runs"] == 0:
        return f"— (0/{row['n_wanted']})"
    text = mean_and_sd(row["accuracy"], row["sd"])
    complete = row["n_runs"] == row["n_wanted"]
    return text if complete else f"{text} ({row['n_runs']}/{row['n_wanted']})"


def _limits(
    rows: Sequence[Mapping[str, Any]], margin: float | None
) -> tuple[float, float, float]:
    # Lower end, upper end, and the difference beyond which a row is an arrow.
    drawn = [row for row in rows if not math.isnan(row["delta"])]
    extents = sorted(abs(_points(row["delta"])) for row in drawn)
    typical = extents[(len(extents) - 1) // 2] if extents else 0.0
    cut = max(_LEAST_CUT, _OFF_SCALE * typical)
    inside = [0.0, *([-margin, margin] if margin is not None else [])]
    for row in drawn:
        if abs(_points(row["delta"])) <= cut:
            ends = [row["delta"], row["lower"], row["upper"], row["published_delta"]]
            inside += [_points(end) for end in ends] + _run_ticks(row)
    inside = [x for x in inside if abs(x) <= 2 * cut]  # NaN fails, too
    low, high = min(inside), max(inside)
    pad = max(0.05 * (high - low), 0.25)
    together = [_points(row[f"simultaneous_{end}"]) for row in drawn for end in _ENDS]
    room = _ROOM * (high - low)  # for the ends of the thin lines; longer ones are cut
    low = min([low, *(x for x in together if low - room <= x)])
    high = max([high, *(x for x in together if x <= high + room)])
    return low - pad, high + pad, cut


def _draw_row(axes: Axes, row: Mapping[str, Any], y: float, cut: float) -> None:
    if math.isnan(row["delta"]):
        _say_nothing(axes, row, y)
        return
    look = _LOOKS[row["verdict"]]
    delta = _points(row["delta"])
    if abs(delta) > cut:
        size = _SMALL * mpl.rcParams["font.size"]
        text = _far_away(row, 1 / inch(axes) - 0.2, size)
        draw_arrow(axes, y, text, look.color, size, is_left=row["delta"] < 0)
    else:
        _draw_line(axes, row, y, look)
        ticks = _run_ticks(row)
        axes.vlines(ticks, y + 0.2, y + 0.45, color=look.color, lw=0.8, zorder=2)
        axes.plot(
            delta,
            y,
            look.marker,
            color=look.color,
            mfc=look.face or look.color,
            mec=look.color if look.face else "white",
            mew=0.8 if look.face else 0.5,
            ms=5.5,
            zorder=4,
        )
    published = _points(row["published_delta"])
    axes.plot(published, y, "D", mfc="none", mec="black", mew=0.9, ms=4.2, zorder=5)


def _draw_line(axes: Axes, row: Mapping[str, Any], y: float, look: _Look) -> None:
    together = [_points(row[f"simultaneous_{end}"]) for end in _ENDS]
    alone = [_points(row[end]) for end in _ENDS]
    axes.plot(together, [y, y], color=look.color, lw=0.9, zorder=2)
    dashes: Any = _DASHES if row["basis"] == Basis.CHECKPOINTS else "-"
    axes.plot(alone, [y, y], color=look.color, lw=2.6, ls=dashes, zorder=3)
    low, high = axes.get_xlim()
    ends = [*alone, *together]
    if any(x < low for x in ends):
        _draw_head(axes, low, y, CARETLEFTBASE, look)
    if any(x > high for x in ends):
        _draw_head(axes, high, y, CARETRIGHTBASE, look)


def _draw_head(axes: Axes, x: float, y: float, marker: int, look: _Look) -> None:
    shape: Any = marker  # matplotlib types its named markers as text
    axes.plot(x, y, marker=shape, ls="", color=look.color, mew=0, ms=5, clip_on=False)


# As much as there is room for.
def _far_away(row: Mapping[str, Any], room: float, size: float) -> str:
    said = [f"{signed(row['delta'])} {interval(row['lower'], row['upper'])}".rstrip()]
    if not math.isnan(row["published_delta"]):
        said.insert(0, f"{said[0]}, published {signed(row['published_delta'])}")
    ruler = Ruler()
    fitting = (text for text in said if ruler.width(text, size=size) <= room)
    return next(fitting, signed(row["delta"]))


def _say_nothing(axes: Axes, row: Mapping[str, Any], y: float) -> None:
    axes.text(
        0.01,
        y,
        _WITHOUT.get(row["verdict"], "no baseline to compare with"),
        va="center_baseline",
        color=GREY,
        fontsize=_SMALL * mpl.rcParams["font.size"],
        transform=axes.get_yaxis_transform(),
    )


# Runs of a row that is compared: less the accuracy of what it is compared with.
def _run_ticks(row: Mapping[str, Any]) -> list[float]:
    if row["n_runs"] < 2:  # noqa: PLR2004 - one run is the marker itself
        return []
    baseline = row["accuracy"] - row["delta"]
    return [_points(run - baseline) for run in row["runs"]]


# Where rows are judged by several sets of questions, each has a baseline on its own.
def _axis_name(baselines: Sequence[Mapping[str, Any]]) -> str:
    against = "the baseline"
    if len(baselines) > 1:
        against += " on the same questions"
    elif baselines and baselines[0]["n_runs"]:
        (one,) = baselines
        against = f"baseline {mean_and_sd(one['accuracy'], one['sd'])}"
    return f"Change in validation accuracy vs. {against} (points)"


def _legend(
    rows: Sequence[Mapping[str, Any]], margin: float | None
) -> list[Line2D | Patch]:
    drawn = [row for row in rows if not math.isnan(row["delta"])]
    verdicts = {row["verdict"] for row in drawn}
    handles: list[Line2D | Patch] = [
        Line2D(
            [],
            [],
            color=look.color,
            marker=look.marker,
            mfc=look.face or look.color,
            mec=look.color if look.face else "white",
            lw=2.6,
            ls=_DASHES if verdict is Verdict.ONE_RUN else "-",
            ms=5.5,
            label=look.label,
        )
        for verdict, look in _LOOKS.items()
        if verdict in verdicts
    ]
    if any(not math.isnan(row["published_delta"]) for row in drawn):
        handles.append(_diamond())
    if any(not math.isnan(row["lower"]) for row in drawn):
        handles.append(Line2D([], [], color=GREY, lw=2.6, label="95 % interval"))
    if any(not math.isnan(row["simultaneous_lower"]) for row in drawn):
        handles.append(Line2D([], [], color=GREY, lw=0.9, label="simultaneous 95 %"))
    if any(row["n_runs"] > 1 for row in drawn):
        handles.append(_tick())
    if margin is not None:
        label = f"margin ±{tick_label(margin)}"
        handles.append(Patch(facecolor="#ececec", edgecolor="none", label=label))
    return handles


def _diamond() -> Line2D:
    return Line2D(
        [], [], ls="", marker="D", mfc="none", mec="black", ms=4.2, label="published"
    )


def _tick() -> Line2D:
    return Line2D([], [], ls="", marker="|", color=GREY, ms=5, label="single runs")


def _points(fraction: float) -> float:
    return 100 * fraction
