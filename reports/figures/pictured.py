"""Panels with a picture, a map over it, and words below, measured before they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.measure import PAD, line_height
from reports.figures.sheet import Sheet
from reports.figures.style import WIDTH, is_narrow, style

__all__ = ["Panel", "draw_panels", "example_pictures", "frame", "over_picture"]

_BETWEEN: Final = 0.14
_NEVER_WHITE: Final = 0.18  # of the picture is seen where nothing wins
_HEAT: Final = "magma"
_EDGE: Final = "#808080"
_DEPTH: Final = 0.25  # of a line, below its letters' feet


@dataclass(frozen=True, eq=False)
class Panel:
    """A picture, where it is looked at, and what is said of it.

    Attributes:
        picture: Height first, channels last, 8 bit; None where there is none.
        counts: Winners by place; None draws the picture alone.
        lines: Words below it, each broken where it is too long; the first in bold.
    """

    picture: npt.NDArray[np.uint8] | None
    counts: npt.NDArray[Any] | None
    lines: tuple[str, ...]


def draw_panels(
    panels: Sequence[Panel], width: float = WIDTH, *, columns: int = 3, notes: str = ""
) -> Figure:
    """Draw panels in a grid.

    Args:
        panels: One at least.
        width: Of the figure, in inches.
        columns: How many panels stand beside each other in a wide figure; in a narrow
            one two at most.
        notes: Words below all.

    Returns:
        A figure of its own.
    """
    with style(width):
        sheet = Sheet(width)
        most = min(columns, 2) if is_narrow(width) else columns
        n = min(most, len(panels))
        each = (width - 2 * PAD - (n - 1) * _BETWEEN) / (
            2 if n == 1 and not is_narrow(width) else n
        )
        texts = [
            [_wrap(sheet, line, each, at) for at, line in enumerate(p.lines)]
            for p in panels
        ]
        rows = [range(at, min(at + n, len(panels))) for at in range(0, len(panels), n)]
        heights = [
            (
                max(each * _form(panels[at]) for at in row),
                max(_inches(texts[at]) for at in row),
            )
            for row in rows
        ]
        sheet.fit(PAD + sum(sum(pair) + PAD for pair in heights), [], notes)
        top = PAD
        for row, (tall, below) in zip(rows, heights, strict=True):
            for place, at in enumerate(row):
                x = PAD + place * (each + _BETWEEN)
                high = each * _form(panels[at])
                over_picture(sheet.axes(x, top, each, high), panels[at])
                _write(sheet, texts[at], x, top + tall + PAD / 2)
            top += tall + below + PAD
        return sheet.figure


def over_picture(axes: Axes, panel: Panel) -> None:
    """Draw a picture that fades where nothing wins; without a picture, the map alone.

    The map is scaled to its least and greatest count and interpolated linearly, as in
    the authors' code.

    Args:
        axes: Where.
        panel: What.
    """
    extent = (0.0, 1.0, 0.0, 1.0)
    if panel.picture is not None:
        alpha = None
        if panel.counts is not None:
            alpha = _NEVER_WHITE + (1 - _NEVER_WHITE) * _heat(
                panel.counts, panel.picture.shape[:2]
            )
        axes.imshow(panel.picture, alpha=alpha, extent=extent, aspect="auto")
    elif panel.counts is not None:
        axes.imshow(panel.counts, cmap=_HEAT, vmin=0, extent=extent, aspect="auto")
    frame(axes)


def example_pictures(
    arrays: dict[str, npt.NDArray[Any]], n_examples: int
) -> list[npt.NDArray[np.uint8] | None]:
    """Take the pictures of examples out of an analysis.

    Args:
        arrays: Of the analysis.
        n_examples: How many there are.

    Returns:
        The pictures, None for each that is absent.
    """
    return [arrays.get(f"picture_{at}") for at in range(n_examples)]


def frame(axes: Axes) -> None:
    """Leave a thin frame, without ticks.

    Args:
        axes: Where.
    """
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_linewidth(0.5)
        side.set_color(_EDGE)


# From 0 to 1, a pixel each; the middle of a place has the place's own value.
def _heat(counts: npt.NDArray[Any], size: tuple[int, ...]) -> npt.NDArray[np.float64]:
    values = counts.astype(float)
    span = values.max() - values.min()
    scaled = (values - values.min()) / span if span > 0 else np.ones_like(values)
    for axis, wanted in enumerate(size[:2]):
        have = scaled.shape[axis]
        at = (np.arange(wanted) + 0.5) * have / wanted - 0.5
        scaled = np.apply_along_axis(
            lambda line, at=at: np.interp(at, np.arange(len(line)), line), axis, scaled
        )
    return scaled


def _form(panel: Panel) -> float:
    shown = panel.counts if panel.picture is None else panel.picture
    if shown is None:
        return 2 / 3
    return float(shown.shape[0] / shown.shape[1])


def _wrap(sheet: Sheet, line: str, room: float, at: int) -> str:
    return sheet.ruler.wrap(line, room, **_look(at))


def _look(at: int) -> dict[str, Any]:
    return {"weight": "bold"} if at == 0 else {}


def _inches(lines: Sequence[str]) -> float:
    return PAD / 2 + line_height() * sum(line.count("\n") + 1 for line in lines)


def _write(sheet: Sheet, lines: Sequence[str], x: float, y: float) -> None:
    for at, line in enumerate(lines):
        for part in line.split("\n"):
            y += line_height()
            sheet.text(x, y - _DEPTH * line_height(), part, va="baseline", **_look(at))
