"""Lines are named where they end, instead of in a legend."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from reports.figures.measure import PAD, line_height, spread

__all__ = ["End", "name_ends", "room_for_ends"]

_BETWEEN: Final = 0.02  # inches between names


@dataclass(frozen=True)
class End:
    """The end of a line, in data of its axes, and its name."""

    name: str
    x: float
    y: float
    color: str


def room_for_ends(name: str) -> float:
    """Measure the height of a name.

    Args:
        name: With line breaks.

    Returns:
        Inches.
    """
    return line_height() * (name.count("\n") + 1) + _BETWEEN


def name_ends(axes: Axes, ends: Sequence[End]) -> None:
    """Write names at the right, each as near to its line's end as others let it.

    Args:
        axes: Axes whose limits are fixed.
        ends: What to name.
    """
    figure = axes.get_figure(root=True)
    if figure is None or not ends:
        return
    box = axes.get_position()
    width, height = (
        figure.get_figwidth() * box.width,
        figure.get_figheight() * box.height,
    )
    low, high = axes.get_ylim()
    left, right = axes.get_xlim()
    ordered = sorted(ends, key=lambda end: end.y)
    sizes = [room_for_ends(end.name) * (high - low) / height for end in ordered]
    wanted = np.array([end.y for end in ordered])
    # No name of several lines goes farther above or below than one of a single line.
    more = [(size - room_for_ends("") * (high - low) / height) / 2 for size in sizes]
    across = axes.get_yaxis_transform()  # x of the axes, y of the data
    x = 1 + PAD / width
    for end, place in zip(
        ordered,
        spread(wanted, np.array(sizes), low + more[0], high - more[-1]),
        strict=True,
    ):
        axes.plot(
            [(end.x - left) / (right - left), x],
            [end.y, place],
            color=end.color,
            lw=0.5,
            alpha=0.7,
            transform=across,
            clip_on=False,
        )
        axes.text(
            x + 0.3 * PAD / width,
            place,
            end.name,
            color=end.color,
            va="center" if "\n" in end.name else "center_baseline",
            linespacing=1.0,
            transform=across,
        )
