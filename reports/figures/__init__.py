"""Figures: each draws a frame of numbers, and estimates nothing.

Text is measured before the axes are placed, so that labels of any length fit at the
true width of a column. The same frame gives the same bytes.
"""

from reports.figures.beats import beats_numbers, draw_beats
from reports.figures.curves import draw_curves
from reports.figures.effects import draw_effects, effect_numbers
from reports.figures.forest import draw_forest, forest_numbers
from reports.figures.interactions import draw_interactions
from reports.figures.noise import draw_noise
from reports.figures.of_study import (
    Drawing,
    reproduction_figure,
    save_drawing,
    study_figures,
)
from reports.figures.reproduction import draw_reproduction, reproduction_numbers
from reports.figures.style import FORMATS, WIDTHS, save_figure
from reports.figures.types import draw_types, type_numbers
from reports.figures.words import (
    beats_in_words,
    effects_in_words,
    forest_in_words,
    interactions_in_words,
    noise_in_words,
    reproduction_in_words,
    types_in_words,
)

__all__ = [
    "FORMATS",
    "WIDTHS",
    "Drawing",
    "beats_in_words",
    "beats_numbers",
    "draw_beats",
    "draw_curves",
    "draw_effects",
    "draw_forest",
    "draw_interactions",
    "draw_noise",
    "draw_reproduction",
    "draw_types",
    "effect_numbers",
    "effects_in_words",
    "forest_in_words",
    "forest_numbers",
    "interactions_in_words",
    "noise_in_words",
    "reproduction_figure",
    "reproduction_in_words",
    "reproduction_numbers",
    "save_drawing",
    "save_figure",
    "study_figures",
    "type_numbers",
    "types_in_words",
]
