"""Means of learning curves are over all runs, and no longer than the shortest."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd
import pytest

from reports.learning import curves_by_row, curves_by_type, curves_in_words
from reports.results import records


def recorded(
    accuracies: Mapping[str, Sequence[Sequence[float]]],
    groups: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Give the record of runs whose validation accuracies are these, epoch by epoch."""
    return pd.DataFrame(
        [
            {
                "row": row,
                "group": "" if row == "baseline" else (groups or {}).get(row, "Group"),
                "is_baseline": row == "baseline",
                "seed": seed,
                "trial_id": f"{row}-{seed}",
                "epoch": epoch,
                "train_accuracy": accuracy / 2,
                "val_accuracy": accuracy,
                "val_accuracy_count": accuracy - 0.1,
            }
            for row, runs in accuracies.items()
            for seed, run in enumerate(runs)
            for epoch, accuracy in enumerate(run, start=1)
        ]
    )


def points(numbers: pd.DataFrame, label: str, measure: str) -> list[dict]:
    mine = numbers[(numbers["label"] == label) & (numbers["measure"] == measure)]
    return records(mine)


def test_the_mean_is_over_the_runs_of_a_row_epoch_by_epoch() -> None:
    curves = recorded({"baseline": [[0.5, 0.8], [0.7, 0.9]], "a": [[0.2, 0.3]]})
    numbers = curves_by_row(curves)
    first, second = points(numbers, "baseline", "Validation")
    assert first["mean"] == pytest.approx(0.6)
    assert math.isnan(first["lower"])
    assert math.isnan(first["upper"])
    assert second["runs"] == (0.8, 0.9)
    assert points(numbers, "a", "Training")[1]["mean"] == 0.15
    assert list(numbers["panel"].unique()) == [""]
    assert set(numbers.loc[numbers["is_reference"], "label"]) == {"baseline"}


def test_a_run_that_ended_early_ends_the_mean_but_not_the_others() -> None:
    curves = recorded({"baseline": [[0.5], [0.7, 0.9]]})
    first, second = points(curves_by_row(curves), "baseline", "Validation")
    assert first["mean"] == pytest.approx(0.6)
    assert math.isnan(second["mean"])
    assert math.isnan(second["runs"][0])
    assert second["runs"][1] == 0.9


def test_the_band_is_the_t_interval_of_the_mean_from_three_runs_on() -> None:
    curves = recorded({"baseline": [[0.5], [0.6], [0.7]], "a": [[0.5], [0.6]]})
    numbers = curves_by_row(curves)
    (three,) = points(numbers, "baseline", "Validation")
    half = 4.302653 * 0.1 / math.sqrt(3)  # t of two degrees of freedom, from a table
    assert three["mean"] == pytest.approx(0.6)
    assert three["lower"] == pytest.approx(0.6 - half)
    assert three["upper"] == pytest.approx(0.6 + half)
    (two,) = points(numbers, "a", "Validation")
    assert math.isnan(two["lower"])
    assert math.isnan(two["upper"])


def test_many_rows_stand_in_panels_by_group_each_with_the_baseline() -> None:
    rows = {f"row {i}": [[0.5]] for i in range(7)}
    groups = {row: "First" if i < 3 else "Second" for i, row in enumerate(rows)}
    numbers = curves_by_row(recorded({"baseline": [[0.9]], **rows}, groups))
    labels = {
        panel: list(some["label"].unique()) for panel, some in numbers.groupby("panel")
    }
    assert labels == {
        "First": ["baseline", "row 0", "row 1", "row 2"],
        "Second": ["baseline", "row 3", "row 4", "row 5", "row 6"],
    }


def test_types_of_one_row_stand_beside_all_its_questions() -> None:
    curves = recorded({"baseline": [[0.5, 0.8]], "a": [[0.2, 0.3]]})
    numbers = curves_by_type(curves, "baseline")
    assert list(numbers["label"].unique()) == ["all questions", "count"]
    assert points(numbers, "count", "Validation")[1]["mean"] == pytest.approx(0.7)
    assert curves_by_type(curves, "b").empty
    assert curves_by_type(curves.drop(columns="val_accuracy_count"), "a").empty


def test_curves_in_words_are_their_two_ends() -> None:
    curves = recorded({"baseline": [[0.5, 0.6, 0.8], [0.5, 0.6, 0.9]], "a": [[0.2]]})
    assert curves_in_words(curves_by_row(curves)) == (
        "baseline: 50.0 % after epoch 1, 85.0 % after epoch 3; a: 20.0 % after epoch 1"
    )
