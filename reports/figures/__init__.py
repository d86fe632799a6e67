"""Figures: each draws a frame of numbers, and estimates nothing.

Text is measured before the axes are placed, so that labels of any length fit. The same
frame gives the same bytes.
"""

from reports.figures.curves import draw_curves
from reports.figures.forest import draw_forest, forest_numbers
from reports.figures.style import save_figure

__all__ = ["draw_curves", "draw_forest", "forest_numbers", "save_figure"]
