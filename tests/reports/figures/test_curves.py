"""Learning curves name every line, clip no word, and are the same every time."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from reports.figures import draw_curves, save_figure
from reports.figures.measure import spread
from reports.learning import curves_by_row
from tests.reports.figures.legible import assert_legible


def numbers_of(
    ends: dict[str, float], n_epochs: int = 8, n_runs: int = 3, group: str = "Group"
) -> pd.DataFrame:
    """Let every row rise to its end."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "row": row,
            "group": "" if row == "baseline" else group.format(number // 4),
            "is_baseline": row == "baseline",
            "seed": seed,
            "epoch": epoch,
            "train_accuracy": end - 0.3 / epoch,
            "val_accuracy": end - 0.3 / epoch + rng.normal(0, 0.005),
        }
        for number, (row, end) in enumerate(ends.items())
        for seed in range(n_runs)
        for epoch in range(1, n_epochs + 1)
    ]
    return curves_by_row(pd.DataFrame(rows))


def labels(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts if text.get_text()]


def thick(axes: Axes) -> list[Line2D]:
    return [line for line in axes.lines if line.get_linewidth() == 1.4]


@pytest.mark.parametrize("n_rows", [0, 1, 6, 7, 30])
@pytest.mark.parametrize("group", ["Group", "Group {}"])
def test_no_word_is_clipped_or_covered(n_rows: int, group: str) -> None:
    rows = {f"row number {i} of the table": 0.9 + 0.001 * i for i in range(n_rows)}
    figure = draw_curves(numbers_of({"baseline": 0.95, **rows}, group=group))
    assert_legible(figure)
    named = {label for axes in figure.axes for label in labels(axes)}
    assert named - {group.format(i) for i in range(8)} == {"baseline", *rows}


@pytest.mark.parametrize("n_epochs", [1, 2, 80])
def test_any_number_of_epochs_fits(n_epochs: int) -> None:
    figure = draw_curves(numbers_of({"baseline": 0.95, "W" * 80: 0.4}, n_epochs))
    assert_legible(figure)
    for axes in figure.axes:
        low, high = axes.get_xlim()
        assert low < 1 <= n_epochs < high


def test_a_label_may_hold_a_dollar() -> None:
    assert_legible(draw_curves(numbers_of({"baseline": 0.9, "$5 or $x^2$": 0.8})))


def test_training_and_validation_share_their_scale() -> None:
    training, validation = draw_curves(numbers_of({"baseline": 0.9})).axes
    assert training.get_ylim() == validation.get_ylim()
    assert labels(training) == []


def test_lines_are_the_numbers_in_percent_and_runs_are_thin() -> None:
    numbers = numbers_of({"baseline": 0.95, "a": 0.8})
    _, axes = draw_curves(numbers).axes
    mine = numbers[(numbers["label"] == "a") & (numbers["measure"] == "Validation")]
    (line,) = [one for one in thick(axes) if one.get_color() != "black"]
    np.testing.assert_allclose(line.get_xdata(), mine["epoch"])
    np.testing.assert_allclose(line.get_ydata(), 100 * mine["mean"])
    thin = [line for line in axes.lines if line.get_linewidth() == 0.4]
    assert len(thin) == 2 * 3
    single = draw_curves(numbers_of({"baseline": 0.95, "a": 0.8}, n_runs=1))
    assert not [one for one in single.axes[1].lines if one.get_linewidth() == 0.4]


def test_no_two_lines_of_a_panel_look_the_same() -> None:
    rows = {f"row {i}": 0.9 for i in range(29)}
    axes = draw_curves(numbers_of({"baseline": 0.95, **rows}, n_runs=1)).axes[1]
    looks = {(one.get_color(), str(one._dash_pattern)) for one in thick(axes)}
    assert len(looks) == len(thick(axes)) == 30


def test_where_rows_end_close_together_the_scale_leaves_the_beginning_out() -> None:
    near = draw_curves(numbers_of({"baseline": 0.95, "a": 0.94})).axes[1]
    far = draw_curves(numbers_of({"baseline": 0.95, "a": 0.5})).axes[1]
    assert 75 < near.get_ylim()[0] < 85
    assert far.get_ylim()[0] < 20


def test_labels_are_moved_no_further_than_they_must() -> None:
    def placed(wanted: list[float], size: float = 1.0) -> list[float]:
        sizes = np.full(len(wanted), size)
        return spread(np.array(wanted), sizes, 0.0, 10.0).tolist()

    assert placed([1, 5, 9]) == [1, 5, 9]
    assert placed([1, 5, 5, 5]) == [1, 4, 5, 6]
    assert placed([9.5, 9.8]) == [9, 10]
    assert placed([]) == []
    tall = spread(np.array([5.0, 5.0]), np.array([1.0, 3.0]), 0.0, 10.0)
    assert tall.tolist() == [4, 6]


@pytest.mark.parametrize("name", ["curves.png", "curves.pdf"])
def test_the_same_numbers_give_the_same_bytes(tmp_path: Path, name: str) -> None:
    numbers = numbers_of({"baseline": 0.95, "γ := σ(γ)": 0.8})
    paths = [tmp_path / f"{i}-{name}" for i in range(2)]
    for path in paths:
        save_figure(draw_curves(numbers), path)
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert len(first) > 5000


def test_drawing_leaves_the_user_s_settings_alone() -> None:
    before = dict(mpl.rcParams)
    draw_curves(numbers_of({"baseline": 0.95}))
    assert dict(mpl.rcParams) == before
