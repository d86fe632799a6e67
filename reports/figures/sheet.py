"""A figure as a sheet that is measured in inches from its upper left corner."""

import math
from collections.abc import Sequence
from typing import Any, Final

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from reports.figures.measure import PAD, Ruler, line_height

__all__ = ["Sheet"]

_TICKS: Final = 0.24  # inches for ticks and their numbers
_NOTE: Final = 0.86  # of the size of letters


class Sheet:
    """A figure of a fixed width, whose height follows from what stands on it."""

    def __init__(self, width: float) -> None:
        self.figure = Figure(figsize=(width, 1.0))
        self.ruler = Ruler()

    @property
    def width(self) -> float:
        """Inches across."""
        return float(self.figure.get_figwidth())

    @property
    def height(self) -> float:
        """Inches down."""
        return float(self.figure.get_figheight())

    def fit(self, body: float, legend: Sequence[Artist], notes: str = "") -> None:
        """Fix the height, with the legend and notes below the body.

        Everything else is placed afterwards.

        Args:
            body: Inches of what stands above.
            legend: What the legend explains; empty for none.
            notes: Further words, in smaller letters.
        """
        size = _NOTE * mpl.rcParams["font.size"]
        text = self.ruler.wrap(notes, self.width - 2 * PAD, size=size) if notes else ""
        inches = _NOTE * line_height() * (text.count("\n") + 1) + PAD if text else 0.0
        made = self._legend(legend) if legend else None
        tall = self._tall(made) + 0.5 * PAD if made else 0.0
        self.figure.set_figheight(body + tall + inches)
        if made:
            made.set_bbox_to_anchor((0.5, inches / self.height))
        if text:
            self.text(PAD, self.height - 0.4 * PAD, text, va="bottom", size=size)

    # In as few lines as there is room for, and as few columns as those need.
    def _legend(self, handles: Sequence[Artist]) -> Legend:
        room = self.figure.dpi * (self.width - PAD)
        for lines in range(1, len(handles) + 1):
            made = self.figure.legend(
                handles=list(handles),
                loc="lower center",
                ncols=math.ceil(len(handles) / lines),
                frameon=False,
                handlelength=2.4,
                columnspacing=1.4,
                labelspacing=0.35,
                borderaxespad=0.0,
                borderpad=0.2,
            )
            if made.get_window_extent().width <= room:
                break
            if lines < len(handles):
                made.remove()
        return made

    def _tall(self, made: Legend) -> float:
        return float(made.get_window_extent().height / self.figure.dpi)

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Add axes.

        Args:
            x: Inches from the left.
            y: Inches from the top.
            width: Inches.
            height: Inches.

        Returns:
            The axes.
        """
        across, down = self.width, self.height
        box = (x / across, 1 - (y + height) / down, width / across, height / down)
        return self.figure.add_axes(box)

    def text(self, x: float, y: float, text: str, **look: Any) -> None:  # noqa: ANN401 - as matplotlib takes them
        """Write a text.

        Args:
            x: Inches from the left.
            y: Inches from the top.
            text: The words.
            **look: As of matplotlib's text.
        """
        self.figure.text(x / self.width, 1 - y / self.height, text, **look)

    def under(self, text: str, room: float) -> tuple[str, float]:
        """Break the name of a horizontal axis, and measure what stands under it.

        Args:
            text: The name.
            room: Inches across that it may take.

        Returns:
            The name with line breaks, and inches of it and of the ticks' numbers.
        """
        wrapped = self.ruler.wrap(text, room)
        lines = wrapped.count("\n") + 1
        return wrapped, _TICKS + line_height() * lines + PAD

    def name_below(self, axes: Axes, text: str, span: tuple[float, float]) -> None:
        """Write the name of a horizontal axis, in its middle where there is room.

        Args:
            axes: The axes.
            text: The name, as ``under`` broke it.
            span: Inches from the left where it may begin, and where it has to end.
        """
        box = axes.get_position()
        middle = self.width * (box.x0 + box.x1) / 2
        half = self.ruler.width(text) / 2
        middle = min(max(middle, span[0] + half), span[1] - half)
        y = self.height * (1 - box.y0) + _TICKS
        self.text(middle, y, text, ha="center", va="top")
