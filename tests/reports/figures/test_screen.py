"""The figure of a published table's own noise shows every row, near and far."""

import pytest
from matplotlib.collections import PolyCollection

from reports.figures import WIDTHS
from reports.figures.screen import draw_screen, screen_in_words
from reports.reproduction.screen import screen
from tests.reports.figures.legible import assert_legible
from tests.reports.reproduction.drawn import TABLE_2, TABLE_3


@pytest.mark.parametrize("width", WIDTHS.values())
def test_all_text_can_be_read_at_every_width(width: float) -> None:
    assert_legible(draw_screen(screen(TABLE_2), width))


def test_every_row_has_its_own_range_behind_it() -> None:
    (axes,) = draw_screen(screen(TABLE_2)).axes
    bands = [one for one in axes.collections if isinstance(one, PolyCollection)]
    assert len(bands) == 17


def test_a_collapsed_row_is_an_arrow_with_its_number() -> None:
    (axes,) = draw_screen(screen(TABLE_2)).axes
    assert "−76.0" in [text.get_text() for text in axes.texts]
    assert axes.get_xlim()[0] > -10


def test_the_words_say_where_each_row_lies() -> None:
    words = screen_in_words(screen(TABLE_3))
    assert "1 block: −3.9 outside, also after Holm" in words
    assert "12 blocks: −0.5 inside" in words
