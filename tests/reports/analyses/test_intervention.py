"""What is lost without γ or β is estimated within runs, and said with its interval."""

import math

import numpy as np
import pytest
from scipy import stats

from reports.analyses.intervention import (
    intervention_numbers,
    noise_numbers,
    summarise_intervention,
)
from tests.reports.analyses.analysed import intervened

RUNS = [
    intervened("baseline", 0, {"": 0.9, "γ": 0.3, "β": 0.8}),
    intervened("baseline", 1, {"": 0.9, "γ": 0.4, "β": 0.85}),
    intervened("baseline", 2, {"": 0.95, "γ": 0.35, "β": 0.8}),
]


def test_differences_are_means_over_runs() -> None:
    numbers = intervention_numbers(RUNS).set_index(["parameter", "layer"])
    mean = (0.6 + 0.5 + 0.6) / 3
    assert numbers.loc[("γ", 0), "delta"] == pytest.approx(-mean)
    assert numbers.loc[("γ − β", 0), "delta"] == pytest.approx(-(0.5 + 0.45 + 0.45) / 3)
    assert math.isnan(numbers.loc[("", 0), "delta"])
    assert (numbers["n_runs"] == 3).all()


def test_an_interval_is_no_narrower_than_over_runs_alone() -> None:
    numbers = intervention_numbers(RUNS).set_index(["parameter", "layer"])
    line = numbers.loc[("γ − β", 0)]
    runs = np.array([-0.5, -0.45, -0.45])
    half = stats.t.ppf(0.975, 2) * runs.std(ddof=1) / math.sqrt(3)
    assert line["lower"] < line["delta"] < line["upper"]
    assert line["upper"] - line["lower"] > 0.5 * half
    assert line["basis"] == "runs × scenes"


def test_one_run_has_an_interval_over_scenes() -> None:
    numbers = intervention_numbers(RUNS[:1]).set_index(["parameter", "layer"])
    line = numbers.loc[("γ", 0)]
    assert line["basis"] == "these checkpoints"
    assert line["lower"] < -0.6 < line["upper"]


def test_where_no_answer_changes_no_interval_claims_to_know_that_none_would() -> None:
    runs = [intervened("baseline", 0, {"": 0.9, "γ": 0.3, "β": 0.9})]
    line = intervention_numbers(runs).set_index(["parameter", "layer"]).loc[("β", 0)]
    assert line["delta"] == 0
    assert math.isnan(line["lower"])
    assert math.isnan(line["upper"])
    first, *_ = summarise_intervention("quick", runs).sentences
    assert first.endswith(
        "with β at its training mean, accuracy changes by 0.0 points."
    )


def test_noise_begins_with_the_network_as_it_is() -> None:
    numbers = noise_numbers(RUNS).set_index(["parameter", "noise"])
    assert numbers.loc[("γ", 0.0), "mean"] == pytest.approx(
        (0.9 + 0.9 + 0.95) / 3, abs=0.01
    )
    assert numbers.loc[("β", 2.0), "mean"] == pytest.approx(0.7 - 0.01)
    of_runs = np.array([0.8, 0.79, 0.78])
    half = stats.t.ppf(0.975, 2) * of_runs.std(ddof=1) / math.sqrt(3)
    upper = numbers.loc[("γ", 1.0), "upper"]
    assert upper == pytest.approx(of_runs.mean() + half)


def test_two_runs_have_no_band() -> None:
    assert noise_numbers(RUNS[:2])["lower"].isna().all()


def test_one_run_has_a_band_over_draws_of_the_noise() -> None:
    numbers = noise_numbers(RUNS[:1]).set_index(["parameter", "noise"])
    assert numbers.loc[("γ", 1.0), "lower"] == numbers.loc[("γ", 1.0), "mean"]
    assert math.isnan(numbers.loc[("γ", 0.0), "lower"])  # it is not drawn


@pytest.mark.parametrize(
    ("gamma", "beta", "said"),
    [
        (0.2, 0.8, "γ matters more than β at test time, as in the paper"),
        (0.8, 0.2, "β matters more than γ at test time, which is not what the paper"),
        (0.5, 0.5, "whether γ or β matters more at test time is not shown"),
    ],
)
def test_a_sentence_says_which_matters_more(
    gamma: float, beta: float, said: str
) -> None:
    runs = [
        intervened("baseline", seed, {"": 0.9, "γ": gamma, "β": beta + seed / 60})
        for seed in range(-1, 2)
    ]
    sentences = summarise_intervention("quick", runs).sentences
    assert said in sentences[-1]
    assert "over runs and scenes" in sentences[-1]


def test_runs_of_other_questions_are_left_out_and_counted() -> None:
    other = intervened("baseline", 3, {})
    other.analysis.arrays["scenes"][0] = 99
    learnt = summarise_intervention("quick", [*RUNS, other])
    assert learnt.tables["intervention"].frame["n_runs"].eq(3).all()
    assert learnt.notes == ["1 run of other questions left out of the means"]


def test_blocks_are_shown_of_the_first_row_alone() -> None:
    others = [intervened("β := 0", seed, {"γ": 0.1}) for seed in range(2)]
    table = summarise_intervention("quick", [*RUNS, *others]).tables["intervention"]
    first, second = table.sections
    assert (first.heading, second.heading) == ("baseline (3 runs)", "β := 0 (2 runs)")
    assert [line[0].text for line in first.lines][-3:] == [
        "γ replaced by its mean, block 1",
        "γ replaced by its mean, block 2",
        "γ replaced − β replaced",
    ]
    assert len(second.lines) == 5
