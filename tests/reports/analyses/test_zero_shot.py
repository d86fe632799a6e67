"""Accuracy with and without the arithmetic, over runs and scenes, in words."""

import math

import numpy as np
import pytest
from scipy import stats

from reports.analyses.zero_shot import summarise_zero_shot, zero_shot_numbers
from reports.tables import to_text
from tests.reports.analyses.seen import without_pictures, zero_shot


def test_accuracies_of_questions_put_together_of_the_others_and_of_all() -> None:
    numbers = zero_shot_numbers([zero_shot("baseline", 0, 4)]).set_index("subset")
    assert numbers["share"].tolist() == [0.5, 0.5, 1.0]
    assert numbers["accuracy"].tolist() == pytest.approx([0.5, 0.75, 0.625])
    assert numbers["swapped"].tolist() == pytest.approx([0.7, 0.75, 0.725])
    assert numbers.loc["applies", "delta"] == pytest.approx(0.2)
    assert numbers.loc["all", "delta"] == pytest.approx(0.1)
    assert math.isnan(numbers.loc["others", "delta"])  # nothing is changed


def test_the_interval_of_one_run_is_that_of_the_mean_of_its_scenes() -> None:
    run = zero_shot("baseline", 0, 4)
    numbers = zero_shot_numbers([run]).set_index("subset")
    answers = run.analysis.tables["answers"].query("applies")
    gain = answers["correct_swapped"].astype(float) - answers["correct"].astype(float)
    by_scene = gain.groupby(answers["image"]).mean()  # as many questions in each
    low, high = stats.t.interval(
        0.95, len(by_scene) - 1, by_scene.mean(), stats.sem(by_scene)
    )
    assert numbers.loc["applies", "lower"] == pytest.approx(low)
    assert numbers.loc["applies", "upper"] == pytest.approx(high)
    assert numbers.loc["applies", "basis"] == "these checkpoints"


def test_of_several_runs_the_interval_is_over_runs_and_scenes() -> None:
    runs = [zero_shot("baseline", seed, won) for seed, won in enumerate((2, 4, 6))]
    numbers = zero_shot_numbers(runs).set_index("subset")
    assert numbers.loc["applies", "n_runs"] == 3
    assert numbers.loc["applies", "delta"] == pytest.approx(0.2)
    assert numbers.loc["applies", "basis"] == "runs × scenes"
    assert numbers.loc["applies", "lower"] < 0.1


def test_what_came_out_stands_beside_what_the_paper_found_on_condition_b() -> None:
    found = summarise_zero_shot("cogent", [zero_shot("baseline", 0, 4)])
    (first, missed) = found.sentences
    assert first.startswith(
        "baseline: γ and β of 50.0 % of the questions of valB can be put together. On "
        "these accuracy goes from 50.0 to 70.0 % (+20.0 points, ["
    )
    assert "from 71.5 to 80.7 %" in first
    assert missed.startswith("4.8 % of the questions that name such a pair could not")
    text = to_text(found.tables["zero-shot"])
    assert "these checkpoints" in text
    elsewhere = summarise_zero_shot("c", [zero_shot("baseline", 0, 4, split="val")])
    assert "Perez" not in elsewhere.sentences[0]


def test_where_no_answer_changes_no_interval_claims_to_know_that_none_would() -> None:
    found = summarise_zero_shot("quick", [zero_shot("baseline", 0, 0)])
    numbers = found.tables["zero-shot"].frame.set_index("subset")
    assert numbers.loc["applies", "delta"] == 0
    assert np.isnan(numbers.loc["applies", ["lower", "upper"]].astype(float)).all()
    assert "to 50.0 % (0.0 points), on all" in found.sentences[0]


def test_a_rule_that_applies_nowhere_is_said_and_nothing_is_estimated() -> None:
    run = zero_shot("baseline", 0, 0, applies=False)
    found = summarise_zero_shot("quick", [run])
    assert found.sentences == ("baseline: the rule applies to no question of valB.",)
    assert np.isnan(found.tables["zero-shot"].frame["delta"].iloc[0])


def test_runs_of_other_questions_are_left_out_and_counted() -> None:
    runs = [zero_shot("baseline", 0, 4), zero_shot("baseline", 1, 4, split="val")]
    found = summarise_zero_shot("quick", runs)
    assert found.tables["zero-shot"].frame["n_runs"].tolist() == [1, 1, 1]
    assert "1 run of other questions left out" in found.notes


def test_absent_pictures_are_said() -> None:
    run = without_pictures(zero_shot("baseline", 0, 4))
    found = summarise_zero_shot("quick", [run])
    assert any("--images FOLDER" in note for note in found.tables["zero-shot"].notes)
