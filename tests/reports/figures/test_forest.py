"""The forest plot shows every row, clips no word, and is the same every time."""

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.markers import CARETLEFTBASE, CARETRIGHTBASE

from reports.figures import draw_forest, forest, forest_numbers, save_figure
from reports.figures.rows import Rows
from reports.results import Results, RunState
from reports.statistics import estimate_rows
from tests.reports.figures.legible import assert_legible, words

Make = Callable[..., Results]
GOOD = (0.96, 0.962, 0.958)
BAD = (0.93, 0.932, 0.928)


def draw(results: Results, margin: float | None = None) -> Figure:
    estimates = estimate_rows(results, margin=margin)
    return draw_forest(forest_numbers(estimates.assign(published_delta=-0.01)), margin)


@pytest.mark.parametrize("n_rows", [1, 2, 17, 40])
def test_no_word_is_clipped_or_covered(make_results: Make, n_rows: int) -> None:
    rows = {f"row number {i} of the table": BAD for i in range(n_rows)}
    groups = {row: f"Group {i // 4}" for i, row in enumerate(rows)}
    results = make_results({"baseline": GOOD, **rows}, groups, n_scenes=50)
    assert_legible(draw(results, margin=0.5))


def test_the_longest_label_fits(make_results: Make) -> None:
    results = make_results({"baseline": GOOD, "W" * 80: BAD}, n_scenes=50)
    assert_legible(draw(results))


def test_a_label_may_hold_a_dollar(make_results: Make) -> None:
    results = make_results({"baseline": GOOD, "costs $5 or $x^2$ \\frac": BAD})
    assert_legible(draw(results))


def test_rows_of_one_run_and_rows_without_any(make_results: Make) -> None:
    gone = (RunState.MISSING, RunState.FAILED)
    results = make_results({"baseline": GOOD, "one": (0.95,), "none": gone})
    figure = draw(results)
    texts = [text.get_text() for text in words(figure)]
    assert_legible(figure)
    assert "no finished run" in texts
    assert "— (0/2)" in texts
    assert "one run: no verdict" in texts


@pytest.mark.parametrize("margin", [None, 0.5])
def test_a_study_that_never_ran_still_shows_its_rows(
    make_results: Make, margin: float | None
) -> None:
    gone = (RunState.MISSING,) * 2
    figure = draw(make_results({"baseline": gone, "a": gone, "b": gone}), margin)
    texts = [text.get_text() for text in words(figure)]
    assert_legible(figure)
    assert texts.count("no finished run") == 2


def test_without_a_baseline_the_rows_say_so(make_results: Make) -> None:
    figure = draw(make_results({"a": GOOD, "b": BAD}))
    texts = [text.get_text() for text in words(figure)]
    assert texts.count("no baseline to compare with") == 2


def test_a_row_far_away_becomes_an_arrow_with_its_numbers(make_results: Make) -> None:
    rows = {"near": BAD, "nearer": (0.95, 0.951, 0.949), "far": (0.2, 0.21, 0.19)}
    figure = draw(make_results({"baseline": GOOD, **rows}))
    (axes,) = figure.axes
    assert axes.get_xlim()[0] > -20
    assert any(text.get_text().startswith("−76.0 [") for text in axes.texts)
    assert_legible(figure)


def heads(figure: Figure) -> set[tuple[str, float, float]]:
    (axes,) = figure.axes
    names = {CARETLEFTBASE: "left", CARETRIGHTBASE: "right"}
    return {
        (names[line.get_marker()], *map(float, line.get_xydata()[0]))
        for line in axes.lines
        if line.get_marker() in names
    }


def test_a_line_that_leaves_the_frame_ends_in_an_arrowhead(make_results: Make) -> None:
    rows = {"sure": BAD, "unsure": (0.9, 0.99)}
    estimates = estimate_rows(make_results({"baseline": GOOD, **rows}))
    numbers = forest_numbers(estimates.assign(published_delta=-0.01))
    figure = draw_forest(numbers)
    low, high = figure.axes[0].get_xlim()
    ends = numbers.set_index("row").loc["unsure", ["lower", "upper"]] * 100
    assert ends["lower"] < low
    assert ends["upper"] > high
    _, unsure = Rows.of([""] * 2).middles
    assert heads(figure) == {("left", low, unsure), ("right", high, unsure)}
    assert_legible(figure)


def test_a_line_within_the_frame_has_no_arrowhead(make_results: Make) -> None:
    assert not heads(draw(make_results({"baseline": GOOD, "bad": BAD})))


def test_where_no_row_is_tested_nothing_is_called_simultaneous(
    make_results: Make,
) -> None:
    tested = draw(make_results({"baseline": GOOD, "a": BAD}))
    untested = draw(make_results({"baseline": GOOD, "a": BAD[:2]}))
    assert "simultaneous 95 %" in [text.get_text() for text in words(tested)]
    assert "simultaneous 95 %" not in [text.get_text() for text in words(untested)]
    assert_legible(untested)


def test_every_kind_of_line_is_named(make_results: Make) -> None:
    alone = [text.get_text() for text in words(draw(make_results({"baseline": GOOD})))]
    assert "95 % interval" not in alone
    texts = words(draw(make_results({"baseline": GOOD, "a": BAD})))
    assert {"95 % interval", "simultaneous 95 %"} <= {one.get_text() for one in texts}


def test_no_two_verdicts_look_the_same() -> None:
    looks = [(look.color, look.marker, look.face) for look in forest._LOOKS.values()]
    assert len(set(looks)) == len(looks)


def test_the_band_is_drawn_when_a_margin_is_stated(make_results: Make) -> None:
    results = make_results({"baseline": GOOD, "a": BAD})
    assert not draw(results).axes[0].patches
    (band,) = draw(results, margin=0.5).axes[0].patches
    assert (band.get_x(), band.get_width()) == (-0.5, 1.0)


def test_a_verdict_has_its_own_colour_and_its_own_marker(make_results: Make) -> None:
    results = make_results({"baseline": GOOD, "bad": BAD, "same": GOOD[::-1]})
    (axes,) = draw(results).axes
    looks = {
        (line.get_marker(), to_hex(line.get_color()))
        for line in axes.lines
        if line.get_marker() in {"v", "o"}
    }
    assert len({marker for marker, _ in looks}) == len({color for _, color in looks})
    assert looks == {("v", "#d55e00"), ("o", "#707070")}


def test_every_run_is_a_tick(make_results: Make) -> None:
    results = make_results({"baseline": GOOD, "bad": BAD})
    (axes,) = draw(results).axes
    (ticks,) = axes.collections
    at = sorted(segment[0][0] for segment in ticks.get_segments())
    assert at == pytest.approx([-3.2, -3.0, -2.8])


@pytest.mark.parametrize("name", ["forest.png", "forest.pdf"])
def test_the_same_numbers_give_the_same_bytes(
    make_results: Make, tmp_path: Path, name: str
) -> None:
    results = make_results({"baseline": GOOD, "γ := σ(γ)": BAD})
    paths = [tmp_path / f"{i}-{name}" for i in range(2)]
    for path in paths:
        save_figure(draw(results, margin=0.5), path)
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert len(first) > 5000


def test_the_pdf_embeds_letters_as_truetype(make_results: Make, tmp_path: Path) -> None:
    save_figure(draw(make_results({"baseline": GOOD, "a": BAD})), tmp_path / "f.pdf")
    assert b"/Type3" not in (tmp_path / "f.pdf").read_bytes()


def test_drawing_leaves_the_user_s_settings_alone(make_results: Make) -> None:
    before = dict(mpl.rcParams)
    draw(make_results({"baseline": GOOD, "a": BAD}))
    assert dict(mpl.rcParams) == before
