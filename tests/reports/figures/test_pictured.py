"""Figures on pictures: legible at every width, and where winners are they are clear."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from matplotlib.figure import Figure

from reports.analyses.runs import AnalysedRun
from reports.figures.activations import activations_drawings
from reports.figures.location import location_drawings
from reports.figures.of_study import Drawing
from reports.figures.pictured import Panel, draw_panels, over_picture
from reports.figures.style import WIDTHS, style
from reports.figures.zero_shot import zero_shot_drawings
from tests.reports.analyses.seen import (
    activations,
    location,
    without_pictures,
    zero_shot,
)
from tests.reports.figures.legible import assert_legible

Draw = Callable[[Sequence[AnalysedRun], float], Mapping[str, Drawing]]
DRAWN: Mapping[str, tuple[Draw, list[AnalysedRun]]] = {
    "location": (location_drawings, [location("baseline", 0), location("baseline", 1)]),
    "a single example": (location_drawings, [location("baseline", 0, n=1)]),
    "no pictures": (location_drawings, [without_pictures(location("baseline", 0))]),
    "activations": (activations_drawings, [activations()]),
    "four blocks": (activations_drawings, [activations(blocks=4, kept=2)]),
    "one map": (activations_drawings, [activations(blocks=1, kept=1, n=1)]),
    "maps without pictures": (activations_drawings, [without_pictures(activations())]),
    "zero-shot": (
        zero_shot_drawings,
        [zero_shot("baseline", 0, 4), zero_shot("no FiLM in ResBlock 4", 0, 0)],
    ),
}


CASES = [(name, WIDTHS["column"]) for name in DRAWN if name != "four blocks"]
CASES += [(name, WIDTHS["page"]) for name in ("location", "four blocks", "zero-shot")]


@pytest.mark.parametrize(("name", "width"), CASES)
def test_every_word_stands_within_the_figure_and_none_on_another(
    name: str, width: float
) -> None:
    draw, runs = DRAWN[name]
    drawings = draw(runs, width)
    assert drawings
    for drawing in drawings.values():
        with style(width):  # letters as wide as in a file
            assert_legible(drawing.figure)
        assert drawing.words
        assert len(drawing.numbers)


def shown(counts: np.ndarray) -> np.ndarray:
    axes = Figure().add_axes((0.0, 0.0, 1.0, 1.0))
    picture = np.zeros((8, 12, 3), np.uint8)
    over_picture(axes, Panel(picture, counts, ()))
    (image,) = axes.get_images()
    return np.asarray(image.get_alpha())


def test_the_picture_is_clear_where_most_win_and_fades_where_none_does() -> None:
    counts = np.zeros((4, 6), int)
    counts[1, 4] = 9
    alpha = shown(counts)
    assert alpha.shape == (8, 12)
    row, column = np.unravel_index(alpha.argmax(), alpha.shape)
    assert (row // 2, column // 2) == (1, 4)
    assert alpha[6:, :4].max() == pytest.approx(0.18)
    assert 0.18 <= alpha.min() <= alpha.max() <= 1


def test_where_all_places_win_alike_nothing_fades() -> None:
    assert (shown(np.full((4, 6), 3)) == 1).all()


def test_without_a_picture_the_map_stands_alone() -> None:
    axes = Figure().add_axes((0.0, 0.0, 1.0, 1.0))
    over_picture(axes, Panel(None, np.arange(24).reshape(4, 6), ()))
    (image,) = axes.get_images()
    assert image.get_array() is not None
    assert np.asarray(image.get_array()).shape == (4, 6)


def test_panels_of_any_number_are_drawn_in_a_grid() -> None:
    counts = np.arange(24).reshape(4, 6)
    for n in (1, 5):
        panels = [Panel(None, counts, ("Is there a cube?", "yes"))] * n
        figure = draw_panels(panels, WIDTHS["page"])
        assert len(figure.axes) == n
        with style():
            assert_legible(figure)


def test_a_rule_that_applies_nowhere_is_not_drawn() -> None:
    run = zero_shot("baseline", 0, 0, applies=False)
    assert zero_shot_drawings([run], WIDTHS["page"]) == {}


def test_the_same_analysis_gives_the_same_numbers() -> None:
    run = zero_shot("baseline", 0, 4)
    numbers = zero_shot_drawings([run], WIDTHS["page"])["zero-shot"].numbers
    assert numbers["subset"].tolist() == ["applies", "all"]
    assert numbers["swapped"].tolist() == pytest.approx([0.7, 0.725])
