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
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.figures.style import GREY, PAD, STYLE, WIDTH, text_width, tick_label
from reports.results import records
from reports.statistics import Verdict
from reports.statistics.intervals import Basis
from reports.tables.numbers import interval, mean_and_sd, signed

__all__ = ["draw_forest", "forest_numbers"]

_ROW: Final = 0.185
_GAP: Final = 0.45  # of a row, above a group's heading
_TOP: Final = 0.22
_AXIS: Final = 0.42  # inches for ticks and the axis label
_LEGEND_ROW: Final = 0.18
_LEGEND_COLUMNS: Final = 5
_LABEL: Final = 2.7  # inches that a label may take before the figure is widened
_OFF_SCALE: Final = 6.0  # times the typical extent
_LEAST_CUT: Final = 5.0  # points that are always on the scale
_ROOM: Final = 0.25  # of the scale
_ENDS: Final = "lower", "upper"
_DASHES: Final[Any] = (0, (1.2, 0.6))
_PALE: Final = "#a8a8a8"


@dataclass(frozen=True)
class _Look:
    """How a verdict is drawn: colour and marker, never colour alone."""

    color: str
    marker: str
    label: str
    face: str = ""  # of the marker, where it is not the colour


_LOOKS: Final[Mapping[Verdict, _Look]] = {  # Okabe and Ito's colours
    Verdict.WORSE: _Look("#d55e00", "v", "worse (Holm)"),
    Verdict.BETTER: _Look("#0072b2", "^", "better (Holm)"),
    Verdict.EQUIVALENT: _Look("#009e73", "s", "equivalent"),
    Verdict.INCONCLUSIVE: _Look(GREY, "o", "inconclusive"),
    Verdict.TWO_RUNS: _Look(GREY, "o", "two runs: no verdict", face="white"),
    Verdict.ONE_RUN: _Look(_PALE, "o", "one run: no verdict", face="white"),
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
)


def forest_numbers(estimates: pd.DataFrame) -> pd.DataFrame:
    """Take the numbers that the forest plot shows.

    Args:
        estimates: One row per row of the study.

    Returns:
        The same rows, with the columns that are drawn.
    """
    return estimates[list(_NUMBERS)]


def draw_forest(numbers: pd.DataFrame, margin: float | None = None) -> Figure:
    """Draw every row's difference to the baseline.

    The thick line is the 95 % interval of the row, the thin one holds for all rows
    together; ticks under it are single runs, an open diamond is the published value.
    A line that goes on beyond the frame ends there in an arrowhead; a row far off the
    scale becomes an arrow with its numbers.

    Args:
        numbers: What to draw, as ``forest_numbers`` gives it; accuracies as fractions.
        margin: Percentage points that would matter, drawn as a band.

    Returns:
        A figure of its own, independent of any global state but the style.
    """
    with mpl.rc_context(STYLE):
        rows = records(numbers)
        compared = [row for row in rows if row["verdict"] != Verdict.BASELINE]
        baseline = next((r for r in rows if r["verdict"] == Verdict.BASELINE), None)
        layout = _Layout.of(compared)
        legend = _legend(compared)
        figure, axes = _canvas(compared, layout, len(legend))
        low, high, cut = _limits(compared, baseline, margin)
        axes.set_xlim(low, high)
        if margin is not None:
            axes.axvspan(-margin, margin, color="#ececec", lw=0, zorder=0)
        axes.axvline(0, color="black", lw=0.9, zorder=1)
        _write_labels(axes, compared, layout)
        for row, y in zip(compared, layout.rows, strict=True):
            _draw_row(axes, row, y, baseline, cut)
        _label_axis(axes, baseline)
        if legend:
            figure.legend(
                handles=legend,
                loc="lower center",
                ncols=min(_LEGEND_COLUMNS, len(legend)),
                frameon=False,
                handlelength=2.4,
                columnspacing=1.4,
                borderaxespad=0.2,
            )
        return figure


@dataclass(frozen=True)
class _Layout:
    """Where rows and headings stand, in rows from the top."""

    rows: tuple[float, ...]
    headings: tuple[tuple[str, float], ...]
    height: float

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> "_Layout":
        positions: list[float] = []
        headings: list[tuple[str, float]] = []
        y, group = 0.5, ""
        for row in rows:
            if row["group"] != group:
                group = row["group"]
                y += _GAP if positions else 0
                headings.append((group, y))
                y += 1
            positions.append(y)
            y += 1
        return cls(tuple(positions), tuple(headings), max(y, 1.5))


def _canvas(
    rows: Sequence[Mapping[str, Any]], layout: _Layout, n_legend: int
) -> tuple[Figure, Axes]:
    legend = _LEGEND_ROW * math.ceil(n_legend / _LEGEND_COLUMNS) + 0.06
    body = layout.height * _ROW
    height = _TOP + body + _AXIS + legend
    figure = Figure(figsize=(WIDTH, height))
    left = text_width(figure, [row["row"] for row in rows])
    right = text_width(figure, ["Accuracy (%)", *map(_accuracy, rows)])
    width = WIDTH + max(0.0, left - _LABEL)
    figure.set_figwidth(width)
    x, y = left / width, (_AXIS + legend) / height
    axes = figure.add_axes((x, y, 1 - x - right / width, body / height))
    axes.set_ylim(layout.height, 0)
    axes.set_yticks([])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _inch(axes: Axes) -> float:
    # As a share of the width of the axes.
    figure = axes.get_figure(root=True)
    return 1 / (figure.get_figwidth() * axes.get_position().width) if figure else 0.0


def _write_labels(
    axes: Axes, rows: Sequence[Mapping[str, Any]], layout: _Layout
) -> None:
    across = axes.get_yaxis_transform()  # x of the axes, y of the data
    pad = PAD * _inch(axes)
    for row, y in zip(rows, layout.rows, strict=True):
        axes.text(
            -pad,
            y,
            row["row"],
            ha="right",
            va="center_baseline",
            transform=across,
        )
        axes.text(1 + pad, y, _accuracy(row), va="center_baseline", transform=across)
    for heading, y in layout.headings:
        axes.text(
            0,
            y,
            heading,
            va="center_baseline",
            style="italic",
            color="#404040",
            transform=across,
        )
    axes.text(1 + pad, 1.01, "Accuracy (%)", va="bottom", transform=axes.transAxes)


def _accuracy(row: Mapping[str, Any]) -> str:
    if row["n_runs"] == 0:
        return f"— (0/{row['n_wanted']})"
    text = mean_and_sd(row["accuracy"], row["sd"])
    complete = row["n_runs"] == row["n_wanted"]
    return text if complete else f"{text} ({row['n_runs']}/{row['n_wanted']})"


def _limits(
    rows: Sequence[Mapping[str, Any]],
    baseline: Mapping[str, Any] | None,
    margin: float | None,
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
            inside += [_points(end) for end in ends] + _run_ticks(row, baseline)
    inside = [x for x in inside if abs(x) <= 2 * cut]  # NaN fails, too
    low, high = min(inside), max(inside)
    pad = max(0.05 * (high - low), 0.25)
    together = [_points(row[f"simultaneous_{end}"]) for row in drawn for end in _ENDS]
    room = _ROOM * (high - low)  # for the ends of the thin lines; longer ones are cut
    low = min([low, *(x for x in together if low - room <= x)])
    high = max([high, *(x for x in together if x <= high + room)])
    return low - pad, high + pad, cut


def _draw_row(
    axes: Axes,
    row: Mapping[str, Any],
    y: float,
    baseline: Mapping[str, Any] | None,
    cut: float,
) -> None:
    if math.isnan(row["delta"]):
        _say_nothing(axes, row, y)
        return
    look = _LOOKS[row["verdict"]]
    delta = _points(row["delta"])
    if abs(delta) > cut:
        _draw_arrow(axes, row, y, look)
    else:
        _draw_line(axes, row, y, look)
        ticks = _run_ticks(row, baseline)
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
    style: Any = _DASHES if row["basis"] == Basis.CHECKPOINTS else "-"
    axes.plot(alone, [y, y], color=look.color, lw=2.6, ls=style, zorder=3)
    low, high = axes.get_xlim()
    ends = [*alone, *together]
    if any(x < low for x in ends):
        _draw_head(axes, low, y, CARETLEFTBASE, look)
    if any(x > high for x in ends):
        _draw_head(axes, high, y, CARETRIGHTBASE, look)


def _draw_head(axes: Axes, x: float, y: float, marker: int, look: _Look) -> None:
    style: Any = marker  # matplotlib types its named markers as text
    axes.plot(x, y, marker=style, ls="", color=look.color, mew=0, ms=5, clip_on=False)


def _draw_arrow(axes: Axes, row: Mapping[str, Any], y: float, look: _Look) -> None:
    side, away = (0.0, 1.0) if row["delta"] < 0 else (1.0, -1.0)
    across = axes.get_yaxis_transform()
    inch = away * _inch(axes)
    axes.annotate(
        "",
        xy=(side, y),
        xytext=(side + 0.17 * inch, y),
        xycoords=across,
        arrowprops={
            "arrowstyle": "-|>",
            "color": look.color,
            "lw": 1.4,
            "shrinkA": 0,
            "shrinkB": 0,
            "mutation_scale": 8,
        },
    )
    text = f"{signed(row['delta'])} {interval(row['lower'], row['upper'])}".rstrip()
    axes.text(
        side + 0.2 * inch,
        y,
        text,
        ha="left" if away > 0 else "right",
        va="center_baseline",
        color=look.color,
        fontsize=7,
        transform=across,
    )


def _say_nothing(axes: Axes, row: Mapping[str, Any], y: float) -> None:
    text = "no finished run" if row["n_runs"] == 0 else "no baseline to compare with"
    axes.text(
        0.01,
        y,
        text,
        va="center_baseline",
        color=GREY,
        fontsize=7,
        transform=axes.get_yaxis_transform(),
    )


def _run_ticks(
    row: Mapping[str, Any], baseline: Mapping[str, Any] | None
) -> list[float]:
    if baseline is None or row["n_runs"] < 2:  # noqa: PLR2004 - one run is the marker itself
        return []
    return [_points(run - baseline["accuracy"]) for run in row["runs"]]


def _label_axis(axes: Axes, baseline: Mapping[str, Any] | None) -> None:
    against = "the baseline"
    if baseline is not None and baseline["n_runs"]:
        against = f"baseline {mean_and_sd(baseline['accuracy'], baseline['sd'])}"
    axes.set_xlabel(f"Change in validation accuracy vs. {against} (points)", size=8.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(tick_label))


def _legend(rows: Sequence[Mapping[str, Any]]) -> list[Line2D]:
    drawn = [row for row in rows if not math.isnan(row["delta"])]
    verdicts = {row["verdict"] for row in drawn}
    handles = [
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
    if any(not math.isnan(row["simultaneous_lower"]) for row in drawn):
        handles.append(Line2D([], [], color=GREY, lw=0.9, label="simultaneous 95 %"))
    if any(row["n_runs"] > 1 for row in drawn):
        handles.append(_tick())
    return handles


def _diamond() -> Line2D:
    return Line2D(
        [], [], ls="", marker="D", mfc="none", mec="black", ms=4.2, label="published"
    )


def _tick() -> Line2D:
    return Line2D([], [], ls="", marker="|", color=GREY, ms=5, label="single runs")


def _points(fraction: float) -> float:
    return 100 * fraction
