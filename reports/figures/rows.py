"""Axes with a line per row of a table: labels to the left, numbers to the right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.figures.measure import PAD, Ruler, line_height
from reports.figures.sheet import Sheet
from reports.figures.style import bare, is_narrow, tick_label

__all__ = ["RowPlan", "Rows", "draw_arrow", "inch", "scale_x"]

_ROW: Final = 1.67  # lines of text
_GAP: Final = 0.45  # of a row, above a group's heading
_LABEL: Final = 0.4  # of the width, at most
_HEADING: Final = "#404040"


@dataclass(frozen=True)
class Rows:
    """Where rows and headings stand, in rows from the top."""

    middles: tuple[float, ...]
    heights: tuple[float, ...]
    headings: tuple[tuple[str, float], ...]
    height: float

    @classmethod
    def of(cls, groups: Sequence[str], lines: Sequence[int] = ()) -> "Rows":
        """Place rows, with a heading where a group begins.

        Args:
            groups: The group of each row; empty for none.
            lines: How many lines each label takes; one where it is not given.

        Returns:
            The places.
        """
        middles: list[float] = []
        heights: list[float] = []
        headings: list[tuple[str, float]] = []
        y, last = 0.0, ""
        for number, group in enumerate(groups):
            if group != last:
                last = group
                y += _GAP if middles else 0
                if group:
                    tall = _tall(group.count("\n") + 1)
                    headings.append((group, y + tall / 2))
                    y += tall
            tall = _tall(lines[number] if lines else 1)
            middles.append(y + tall / 2)
            heights.append(tall)
            y += tall
        return cls(tuple(middles), tuple(heights), tuple(headings), max(y, 1.0))


@dataclass(frozen=True)
class RowPlan:
    """Row labels and numbers, measured before their axes exist.

    Attributes:
        rows: Where they stand.
        labels: With line breaks.
        column: What stands at the right of each row.
        title: What stands above that.
        left: Inches of the labels.
        right: Inches of the numbers.
    """

    rows: Rows
    labels: tuple[str, ...]
    column: tuple[str, ...]
    title: str
    left: float
    right: float

    @classmethod
    def of(
        cls,
        ruler: Ruler,
        width: float,
        labels: Sequence[str],
        groups: Sequence[str],
        column: tuple[str, Sequence[str]] = ("", ()),
    ) -> "RowPlan":
        """Measure.

        Args:
            ruler: Of the figure.
            width: Inches of labels, axes and numbers together.
            labels: One for each row.
            groups: One for each row; empty for none.
            column: What stands at the right, and its title.

        Returns:
            The plan.
        """
        headings = [ruler.wrap(one, width - 2 * PAD, style="italic") for one in groups]
        wrapped = [ruler.wrap(label, _LABEL * width - 2 * PAD) for label in labels]
        title, numbers = column
        right = ruler.widest([title, *numbers])
        return cls(
            rows=Rows.of(headings, [label.count("\n") + 1 for label in wrapped]),
            labels=tuple(wrapped),
            column=tuple(numbers),
            title=title,
            left=ruler.widest(wrapped) + 2 * PAD,
            right=right + 2 * PAD if numbers else PAD,
        )

    @property
    def body(self) -> float:
        """Inches from the first row to the last."""
        return self.rows.height * _ROW * line_height()

    @property
    def top(self) -> float:
        """Inches above the first row."""
        return line_height() + PAD if self.title else 0.5 * PAD

    def draw(self, sheet: Sheet, x: float, y: float, width: float) -> Axes:
        """Add the axes, with labels and numbers beside them.

        Args:
            sheet: Where.
            x: Inches from the left.
            y: Inches from the top.
            width: Inches of labels, axes and numbers together.

        Returns:
            Axes whose heights are rows from the top.
        """
        across = width - self.left - self.right
        axes = sheet.axes(x + self.left, y + self.top, across, self.body)
        axes.set_ylim(self.rows.height, 0)
        axes.set_yticks([])
        bare(axes, "left", "right", "top")
        self._write(axes, sheet.ruler, across)
        return axes

    def _write(self, axes: Axes, ruler: Ruler, across: float) -> None:
        place = axes.get_yaxis_transform()  # x of the axes, y of the data
        pad = PAD / across
        for label, y in zip(self.labels, self.rows.middles, strict=True):
            is_one = "\n" not in label
            axes.text(
                -pad,
                y,
                label,
                ha="right",
                va="center_baseline" if is_one else "center",
                linespacing=1.0,
                transform=place,
            )
        for number, y in zip(self.column, self.rows.middles, strict=False):
            axes.text(1 + pad, y, number, va="center_baseline", transform=place)
        for heading, y in self.rows.headings:
            room = across + self.right - PAD
            # A long heading begins further to the left.
            start = min(0.0, (room - ruler.width(heading, style="italic")) / across)
            axes.text(
                start,
                y,
                heading,
                va="center" if "\n" in heading else "center_baseline",
                style="italic",
                linespacing=1.0,
                color=_HEADING,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
                transform=place,
            )
        if self.title:
            above = PAD / 2 / self.body
            axes.text(
                1 + pad, 1 + above, self.title, va="bottom", transform=axes.transAxes
            )


def draw_arrow(
    axes: Axes, y: float, text: str, color: str, size: float, *, is_left: bool
) -> None:
    """Draw an arrow to what is off the scale, and say how far.

    Args:
        axes: With a line per row.
        y: The row's middle.
        text: What stands beside the arrow.
        color: Of both.
        size: Of the letters, in points.
        is_left: Whether it lies to the left of the scale.
    """
    side, away = (0.0, 1.0) if is_left else (1.0, -1.0)
    across = axes.get_yaxis_transform()
    axes.annotate(
        "",
        xy=(side, y),
        xytext=(side + 0.17 * away * inch(axes), y),
        xycoords=across,
        arrowprops={
            "arrowstyle": "-|>",
            "color": color,
            "lw": 1.4,
            "shrinkA": 0,
            "shrinkB": 0,
            "mutation_scale": 8,
        },
    )
    axes.text(
        side + 0.2 * away * inch(axes),
        y,
        text,
        ha="left" if away > 0 else "right",
        va="center_baseline",
        color=color,
        fontsize=size,
        transform=across,
    )


def _tall(lines: int) -> float:
    return 1 + (lines - 1) / _ROW


def inch(axes: Axes) -> float:
    """Measure axes.

    Args:
        axes: Of a figure.

    Returns:
        An inch as a share of their width.
    """
    figure = axes.get_figure(root=True)
    return 1 / (figure.get_figwidth() * axes.get_position().width) if figure else 0.0


def scale_x(axes: Axes, width: float) -> None:
    """Number a horizontal axis.

    Args:
        axes: Whose.
        width: Of the figure, in inches.
    """
    steps = 4 if is_narrow(width) else 8
    axes.xaxis.set_major_locator(MaxNLocator(nbins=steps, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(tick_label))
