"""Whether every word of a figure stands within it, and none on another."""

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text


def words(figure: Figure) -> list[Text]:
    """List the texts that are seen, ticks on the scale among them."""
    shown = list(figure.texts)
    shown += [text for legend in figure.legends for text in legend.get_texts()]
    for axes in figure.axes:
        shown += [*axes.texts, axes.xaxis.label, axes.yaxis.label, *_ticks(axes)]
    return [text for text in shown if text.get_text().strip()]


def _ticks(axes: Axes) -> list[Text]:
    shown = []
    for axis, ends in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        low, high = sorted(ends)
        shown += [
            tick.label1
            for tick in axis.get_major_ticks()
            if tick.label1.get_visible() and low <= tick.get_loc() <= high
        ]
    return shown


def assert_legible(figure: Figure) -> None:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    boxes = [(text, text.get_window_extent(renderer)) for text in words(figure)]
    width, height = canvas.get_width_height()
    for text, box in boxes:
        assert box.x0 >= -0.5, text
        assert box.y0 >= -0.5, text
        assert box.x1 <= width + 0.5, text
        assert box.y1 <= height + 0.5, text
    for i, (first, box) in enumerate(boxes):
        for second, other in boxes[i + 1 :]:
            inner = box.padded(-1.0)
            assert not inner.overlaps(other.padded(-1.0)), (first, second)
