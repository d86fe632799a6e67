"""How much room texts take, before anything is placed."""

from collections.abc import Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

__all__ = ["PAD", "Ruler", "line_height", "spread"]

PAD: Final = 0.08
"""Inches beside a text."""

_DPI: Final = 200
_LINE: Final = 1.2  # of the size of letters, as matplotlib sets them
_POINTS: Final = 72  # in an inch


def line_height() -> float:
    """Measure a line of text in the present style.

    Returns:
        Inches from one line to the next.
    """
    return float(_LINE * mpl.rcParams["font.size"] / _POINTS)


class Ruler:
    """Measures and breaks texts in the present style."""

    def __init__(self) -> None:
        self._renderer = RendererAgg(1, 1, _DPI)

    def width(self, text: str, **look: Any) -> float:  # noqa: ANN401 - as FontProperties takes them
        """Measure a text.

        Args:
            text: One line or several.
            **look: Where it differs from the style: ``size``, ``weight``, ``style``.

        Returns:
            Inches of its widest line.
        """
        font = FontProperties(**{"size": mpl.rcParams["font.size"], **look})
        sizes: list[float] = [
            self._renderer.get_text_width_height_descent(line, font, ismath=False)[0]
            for line in text.split("\n")
        ]
        return max(sizes) / _DPI

    def widest(self, texts: Sequence[str], **look: Any) -> float:  # noqa: ANN401 - as above
        """Measure texts.

        Args:
            texts: Any number of them.
            **look: As of ``width``.

        Returns:
            Inches of the widest; 0 where there is none.
        """
        return max((self.width(text, **look) for text in texts), default=0.0)

    def wrap(self, text: str, room: float, **look: Any) -> str:  # noqa: ANN401 - as above
        """Break a text into lines: between words, and within those that are too long.

        Args:
            text: One line.
            room: Inches that a line may take.
            **look: As of ``width``.

        Returns:
            The text with line breaks.
        """
        if self.width(text, **look) <= room:
            return text
        lines: list[str] = []
        for word in text.split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.width(longer, **look) <= room:
                lines[-1] = longer
                continue
            *whole, rest = self._pieces(word, room, look)
            lines += [*whole, rest]
        return "\n".join(lines)

    def _pieces(self, word: str, room: float, look: dict[str, Any]) -> list[str]:
        pieces = [""]
        for letter in word:
            if pieces[-1] and self.width(pieces[-1] + letter, **look) > room:
                pieces.append("")
            pieces[-1] += letter
        return pieces


def spread(
    wanted: npt.NDArray[np.float64],
    sizes: npt.NDArray[np.float64],
    low: float,
    high: float,
) -> npt.NDArray[np.float64]:
    """Place labels at the height of what they name, or as near as others let them.

    Neighbours that would overlap are pooled, and a pool is spread around the mean of
    what its members want.

    Args:
        wanted: Where the middles should be, ascending.
        sizes: How much room each takes.
        low: Where the lowest middle may be.
        high: Where the highest may be, if there is room for all.

    Returns:
        Where the middles are.
    """
    if not len(wanted):
        return wanted
    steps = np.concatenate([[0.0], np.cumsum((sizes[1:] + sizes[:-1]) / 2)])
    pools: list[list[float]] = []
    for value in wanted - steps:
        pools.append([float(value)])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    level = np.concatenate([[np.mean(pool)] * len(pool) for pool in pools])
    places: npt.NDArray[np.float64] = np.clip(level, low, max(high - steps[-1], low))
    middles: npt.NDArray[np.float64] = places + steps
    return middles
