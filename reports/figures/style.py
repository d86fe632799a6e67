"""What all figures share: letters, colours, widths, and bytes that do not change."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.errors import ReportError

__all__ = [
    "BLACK",
    "BLUE",
    "COLORS",
    "DASHES",
    "FORMATS",
    "GREEN",
    "GREY",
    "ORANGE",
    "PALE",
    "WIDTH",
    "WIDTHS",
    "bare",
    "is_narrow",
    "save_figure",
    "style",
    "tick_label",
]

FORMATS: Final = ".png", ".pdf", ".svg"
"""Files of a figure: to look at, to print, to edit."""

WIDTHS: Final[Mapping[str, float]] = MappingProxyType(
    {"column": 3.25, "text": 5.5, "page": 6.75}
)
"""Inches: a column of two, a page of one column, a page of two."""

WIDTH: Final = WIDTHS["page"]

# Okabe and Ito's colours, which also the colour-blind tell apart; each has a dash or a
# marker of its own beside it.
ORANGE: Final = "#d55e00"
BLUE: Final = "#0072b2"
GREEN: Final = "#009e73"
BLACK: Final = "black"
GREY: Final = "#707070"
PALE: Final = "#a8a8a8"
COLORS: Final = ORANGE, BLUE, GREEN, "#a8517f", "#9a6700", GREY
DASHES: Final[Sequence[Any]] = (
    (0, (5, 1.4)),
    (0, (5, 1.2, 1, 1.2)),
    (0, (1.4, 1)),
    (0, (8, 1.5)),
    (0, (5, 1.2, 1, 1.2, 1, 1.2)),
)

_FAMILY: Final = ["STIXGeneral", "DejaVu Sans"]  # both come with matplotlib
_STYLE: Final[Any] = {  # matplotlib types the keys one by one
    "font.family": _FAMILY,
    "figure.dpi": 150,  # where a notebook shows it
    "axes.labelsize": "medium",
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "legend.fontsize": "medium",
    "pdf.fonttype": 42,  # TrueType, which every venue takes
    "svg.fonttype": "path",  # looks the same without the letters installed
    "svg.hashsalt": "film",  # names of parts would be random otherwise
    "text.hinting": "no_hinting",  # letters as wide on a screen as in print
    "text.parse_math": False,  # a label may hold a dollar
    "lines.solid_capstyle": "butt",
}
_LETTERS: Final = 8.0, 7.0  # points, in wide and in narrow figures
_NARROW: Final = 4.5  # inches
_DPI: Final = 200


def is_narrow(width: float) -> bool:
    """Whether a figure stands in one column of two.

    Args:
        width: Of the figure, in inches.

    Returns:
        Whether what stands beside each other elsewhere has to stand below.
    """
    return width < _NARROW


@contextmanager
def style(width: float = WIDTH) -> Iterator[None]:
    """Draw in the letters of a report, and leave the user's settings alone.

    Args:
        width: Of the figure, in inches.

    Yields:
        While the style holds.
    """
    size = _LETTERS[is_narrow(width)]
    with mpl.rc_context({**_STYLE, "font.size": size}):
        yield


def bare(axes: Axes, *sides: str) -> None:
    """Leave out sides of a frame.

    Args:
        axes: Where.
        sides: Their names; top and right where none is given.
    """
    for side in sides or ("top", "right"):
        axes.spines[side].set_visible(False)
    # Ticks are made late: they would take the letters of whoever shows the figure.
    axes.tick_params(labelfontfamily=_FAMILY, labelsize=mpl.rcParams["font.size"])


def save_figure(figure: Figure, path: Path, source: str = "") -> None:
    """Write a figure; equal figures give equal bytes.

    Args:
        figure: The figure.
        path: Where to, ending in ``.png``, ``.pdf`` or ``.svg``.
        source: What it was drawn from, kept in the file: the hash of the study.

    Raises:
        ReportError: The file has another ending.
    """
    said = f"film study {source}" if source else None
    # No clock, and no version of matplotlib.
    metadata: Mapping[str, dict[str, str | None]] = {
        ".png": {"Software": None, **({"Comment": said} if said else {})},
        ".pdf": {
            "CreationDate": None,
            "Creator": None,
            "Producer": None,
            "Keywords": said,
        },
        ".svg": {"Date": None, "Creator": None, "Identifier": said},
    }
    if path.suffix not in metadata:
        raise ReportError(
            f"a figure cannot be written to {path.name}: its name has to end in "
            f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        )
    with style():
        figure.savefig(path, dpi=_DPI, metadata=metadata[path.suffix])


def tick_label(x: float, _: int | None = None) -> str:
    """Write a number at an axis.

    Args:
        x: The number.

    Returns:
        The same with a true minus sign.
    """
    return f"{x:g}".replace("-", "−")
