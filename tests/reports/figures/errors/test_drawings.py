"""What is answered wrong is drawn as it was counted, at every width."""

import math
from io import BytesIO

import pytest
from matplotlib.figure import Figure

from reports.analyses.errors.numbers import confusion_numbers
from reports.analyses.runs import AnalysedRun
from reports.figures.errors.confusion import draw_confusion
from reports.figures.errors.drawings import errors_drawings
from reports.figures.style import WIDTHS
from tests.reports.analyses.errors.wrong_answers import a_run, asked, related

QUESTIONS = asked(
    *(
        (image, "count", str(image % 3), str(max(0, image % 3 - image // 25)), 0.01)
        for image in range(30)
    ),
    *((image, "exist", "yes", "yes" if image % 4 else "no", 0.3) for image in range(9)),
    (30, "count", "2", "red", 0.6),
)
PAIRS = related(
    *((image, "count and exist", image % 9 == 0, 0.2) for image in range(20)),
    *((image, "query and query", True, 0.2) for image in range(3)),
)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize("width", WIDTHS.values())
def test_every_figure_is_drawn_at_every_width(width: float) -> None:
    drawings = errors_drawings([a_run(QUESTIONS, PAIRS)], width)
    assert list(drawings) == [
        *("errors-counting", "errors-occlusion", "errors-consistency")
    ]
    for drawing in drawings.values():
        assert drawing.figure.get_figwidth() == width
        drawing.figure.savefig(BytesIO(), format="png")
        assert drawing.words
        assert drawing.caption


def test_cells_hold_percent_of_the_right_number() -> None:
    numbers = confusion_numbers([a_run(QUESTIONS, PAIRS)])
    shown = texts(draw_confusion(numbers))
    assert sorted(shown) == sorted(
        f"{100 * share:.0f}" for share in numbers["share"] if round(100 * share)
    )
    axes = draw_confusion(numbers).axes[0]
    given = [label.get_text() for label in axes.get_xticklabels()]
    assert given == ["0", "1", "2", "other"]


def test_what_there_is_hardly_any_of_is_not_drawn() -> None:
    drawing = errors_drawings([a_run(QUESTIONS, PAIRS)])["errors-consistency"]
    assert list(drawing.numbers["relation"]) == ["all", "count and exist"]
    assert "query" not in " ".join(texts(drawing.figure))


def without_counts() -> AnalysedRun:
    only = QUESTIONS[QUESTIONS["type"] == "exist"]
    return a_run(only.assign(hidden=math.nan))


def test_what_there_is_nothing_of_is_not_drawn() -> None:
    assert errors_drawings([without_counts()]) == {}


def test_the_first_row_is_drawn() -> None:
    other = a_run(QUESTIONS, row="other")
    drawings = errors_drawings([a_run(QUESTIONS), other])
    assert {one.heading.rpartition(": ")[2] for one in drawings.values()} == {
        "baseline"
    }
