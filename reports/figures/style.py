"""What all figures share: letters, colours, and bytes that do not change."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["GREY", "PAD", "STYLE", "WIDTH", "save_figure", "text_width", "tick_label"]

STYLE: Final[Any] = {  # matplotlib types the keys one by one
    "font.family": ["STIXGeneral", "DejaVu Sans"],
    "font.size": 8,
    "pdf.fonttype": 42,  # TrueType, which every venue takes
    "text.parse_math": False,  # a label may hold a dollar
    "lines.solid_capstyle": "butt",
}
WIDTH: Final = 6.75  # inches: a page of two columns; more for very long labels
PAD: Final = 0.08  # inches beside a text
GREY: Final = "#707070"
_METADATA: Final[dict[str, dict[str, None]]] = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure; equal figures give equal bytes.

    Args:
        figure: The figure.
        path: Where to, ending in ``.png`` or ``.pdf``.
    """
    with mpl.rc_context(STYLE):
        figure.savefig(path, dpi=200, metadata=_METADATA[path.suffix])


def text_width(figure: Figure, texts: Sequence[str]) -> float:
    """Measure texts in the figure's letters.

    Args:
        figure: Where they will stand.
        texts: The texts.

    Returns:
        Inches of the widest, with room on both sides.
    """
    renderer = FigureCanvasAgg(figure).get_renderer()
    widest = 0.0
    for text in texts:
        artist = figure.text(0, 0, text)
        widest = max(widest, artist.get_window_extent(renderer).width)
        artist.remove()
    return widest / figure.dpi + 2 * PAD


def tick_label(x: float, _: int | None = None) -> str:
    """Write a number at an axis.

    Args:
        x: The number.

    Returns:
        The same with a true minus sign.
    """
    return f"{x:g}".replace("-", "−")
