"""Feature maps before and after FiLM beside the picture that they are of.

References:
    Perez et al., *FiLM*, AAAI 2018, Figures 14 and 15.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from reports.analyses.activations import map_lines
from reports.analyses.modulation import decimal
from reports.analyses.runs import AnalysedRun
from reports.figures.measure import PAD, line_height
from reports.figures.of_study import Drawing
from reports.figures.pictured import Panel, example_pictures, frame, over_picture
from reports.figures.sheet import Sheet
from reports.figures.style import WIDTH, is_narrow, style
from reports.results import records

__all__ = ["activations_drawings", "draw_activations"]

_MAP: Final = "RdBu_r"
_BETWEEN: Final = 0.1
_WORDS: Final = 0.42  # inches for "before" and "after"
_LEAST: Final = 0.85  # inches of a map, across
_GAP: Final = 0.05
_CAPTION: Final = (
    "Red is above zero, blue below, white is zero. Each map has one scale before FiLM "
    "and one after it, over all questions, whose ends are written in it."
)


def activations_drawings(
    runs: Sequence[AnalysedRun], width: float = WIDTH
) -> dict[str, Drawing]:
    """Draw the maps of the first run.

    Args:
        runs: Analysed runs, row by row, the baseline first.
        width: Of the figures, in inches.

    Returns:
        Figures by the stems of their files.
    """
    run = runs[0]
    lines = map_lines(run)
    return {
        "activations": Drawing(
            f"Before and after FiLM: {run.row}",
            draw_activations(run, width),
            lines,
            _in_words(lines),
            _CAPTION,
        )
    }


@dataclass(frozen=True, eq=False)
class _Column:
    """A feature map under every question."""

    block: int
    channel: int
    maps: npt.NDArray[Any]  # examples, before and after, rows, columns
    lines: Sequence[Mapping[str, Any]]  # by example

    def most(self, when: int) -> float:
        return float(np.abs(self.maps[:, when]).max()) or 1.0


def draw_activations(run: AnalysedRun, width: float = WIDTH) -> Figure:
    """Draw for each question its picture, and each map before and after.

    Args:
        run: What was found in it.
        width: Of the figure, in inches.

    Returns:
        A figure of its own.
    """
    with style(width):
        sheet = Sheet(width)
        columns = _columns(run)
        examples = records(run.analysis.tables["examples"])
        pictures = example_pictures(dict(run.analysis.arrays), len(examples))
        forms = [one.shape[0] / one.shape[1] for one in pictures if one is not None]
        layout = _fitted(width, columns, max(forms, default=0.0))
        heads = [
            sheet.ruler.wrap(_said(one), width - 2 * PAD, weight="bold")
            for one in examples
        ]
        tops = np.cumsum([PAD, *(_head(head) + layout.tall + PAD for head in heads)])
        sheet.fit(float(tops[-1]), [])
        for at, (head, picture) in enumerate(zip(heads, pictures, strict=True)):
            top = float(tops[at])
            sheet.text(PAD, top, head, va="top", weight="bold", linespacing=1.2)
            top += _head(head)
            if picture is not None:
                across, down = layout.picture
                tall = across * picture.shape[0] / picture.shape[1]
                axes = sheet.axes(PAD, top + down - tall, across, tall)
                over_picture(axes, Panel(picture, None, ()))
            for place, column in enumerate(columns):
                _draw_column(sheet, column, at, place, (top, layout))
        return sheet.figure


@dataclass(frozen=True)
class _Layout:
    """Inches of what stands beside and below each other under one question.

    The picture stands to the left of the maps, in a narrow figure above them.
    """

    picture: tuple[float, float]  # across, and down
    maps_at: tuple[float, float]  # below the question, from the left
    each: tuple[float, float]  # across, and down
    per_line: int
    n_lines: int

    @property
    def title(self) -> float:
        """Of the two lines above a map."""
        return 2 * line_height() + PAD / 2

    @property
    def line(self) -> float:
        """Of maps below their titles, and what parts them from the next line."""
        return self.title + 2 * (self.each[1] + _GAP) + PAD

    @property
    def tall(self) -> float:
        """Of everything below the question."""
        return max(self.picture[1], self.maps_at[1] + self.n_lines * self.line)


def _fitted(width: float, columns: Sequence[_Column], form: float) -> _Layout:
    narrow = is_narrow(width)
    across = width * (0.45 if narrow else 0.24)
    title = 2 * line_height() + PAD / 2
    picture = (across, across * form + (0 if narrow else title)) if form else (0.0, 0.0)
    left = PAD + _WORDS + (0 if narrow or not form else across + _BETWEEN)
    room = width - left - PAD + _BETWEEN
    most = max(1, int(room / (_LEAST + _BETWEEN)))
    n_lines = -(-len(columns) // most)
    per_line = -(-len(columns) // n_lines)
    each = room / max(per_line, 2 if narrow else 4) - _BETWEEN
    rows, places = columns[0].maps.shape[2:]
    below = picture[1] + PAD if narrow and form else 0.0
    return _Layout(
        picture, (left, below), (each, each * rows / places), per_line, n_lines
    )


def _draw_column(
    sheet: Sheet,
    column: _Column,
    example: int,
    place: int,
    drawn: tuple[float, _Layout],
) -> None:
    top, layout = drawn
    line, at = divmod(place, layout.per_line)
    across, down = layout.each
    x = layout.maps_at[0] + at * (across + _BETWEEN)
    y = top + layout.maps_at[1] + line * layout.line
    said = column.lines[example]
    title = f"block {column.block}, map {column.channel}"
    numbers = f"γ {decimal(said['gamma'])}, β {decimal(said['beta'])}"
    sheet.text(x, y, f"{title}\n{numbers}", va="top", linespacing=1.2)
    y += layout.title
    for when, name in enumerate(("before", "after")):
        most = column.most(when)
        axes = sheet.axes(x, y, across, down)
        maps = column.maps[example, when]
        axes.imshow(maps, cmap=_MAP, vmin=-most, vmax=most, aspect="auto")
        frame(axes)
        axes.text(
            0.98,
            0.05,
            f"±{decimal(most, 1)}",
            transform=axes.transAxes,
            ha="right",
            size="x-small",
            color="#404040",
        )
        if at == 0:
            sheet.text(x - PAD / 2, y + down / 2, name, ha="right", va="center")
        y += down + _GAP


def _columns(run: AnalysedRun) -> list[_Column]:
    lines = run.analysis.tables["channels"]
    arrays = run.analysis.arrays
    columns = []
    for block, mine in lines.groupby("block", sort=False):
        maps = np.stack([arrays[f"{when}_{block}"] for when in ("before", "after")], 1)
        for at, channel in enumerate(mine["channel"].unique()):
            of_channel = mine[mine["channel"] == channel].sort_values("example")
            columns.append(
                _Column(
                    int(str(block)), int(channel), maps[:, :, at], records(of_channel)
                )
            )
    return columns


def _said(one: Mapping[str, Any]) -> str:
    wrong = one["label"] and one["label"] != one["given"]
    right = f", right would be {one['label']}" if wrong else ""
    return f"{one['text']} ({one['given']}{right})"


def _head(text: str) -> float:
    return line_height() * (text.count("\n") + 1) + PAD / 2


def _in_words(lines: pd.DataFrame) -> str:
    top = records(lines.loc[[lines["change"].idxmax()]])[0]
    return (
        f"Feature maps before and after FiLM, {lines['example'].nunique()} questions. "
        f"Most changed is map {top['channel']} of block {top['block']} under "
        f"“{top['text']}”, with γ {decimal(top['gamma'])} and β {decimal(top['beta'])}."
    )
