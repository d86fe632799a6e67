"""Claims are held against runs over runs and scenes, and say why nothing is decided."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from reports.reproduction.claims import CLAIMS, Claim, Outcome, Says
from reports.reproduction.evidence import from_runs
from reports.results import Results
from reports.statistics import estimate_rows
from tests.reports.reproduction.drawn import (
    SD,
    TABLE_2,
    TABLE_3,
    TRUTH,
    draw_runs,
    results_of,
)

Make = Callable[..., Results]
GAMMA = Claim("γ matters.", "Section 4.3", ("γ := 1",), ("baseline",), Says.LOWER)
BEYOND = Claim("γ matters more.", "Section 4.3", ("γ := 1",), ("β := 0",), Says.LOWER)
CLEAR = {
    "baseline": (0.90, 0.91, 0.92),
    "γ := 1": (0.80, 0.81, 0.82),
    "β := 0": (0.86, 0.87, 0.88),
}


def outcome_of(claim: Claim, results: Results) -> Mapping[str, object]:
    found = from_runs((claim,), TABLE_2, results, estimate_rows(results), 0.5)
    return {str(key): value for key, value in found.iloc[0].items()}


def test_a_claim_on_two_rows_is_over_runs_and_scenes(make_results: Make) -> None:
    found = outcome_of(BEYOND, make_results(CLEAR))
    assert found["outcome"] == Outcome.REPRODUCED
    assert found["basis"] == "runs × scenes"
    assert found["difference"] == pytest.approx(-0.06, abs=1e-3)
    assert found["published"] == pytest.approx(-0.010)


def test_against_the_baseline_it_is_the_row_s_own_interval(make_results: Make) -> None:
    results = make_results(CLEAR)
    row = estimate_rows(results).set_index("row").loc["γ := 1"]
    found = outcome_of(GAMMA, results)
    assert found["lower"] == pytest.approx(row["lower"])
    assert found["upper"] == pytest.approx(row["upper"])


def test_a_study_in_which_the_opposite_holds_does_not_reproduce_it(
    make_results: Make,
) -> None:
    swapped = {**CLEAR, "γ := 1": (0.95, 0.96, 0.97)}
    assert outcome_of(GAMMA, make_results(swapped))["outcome"] == (
        Outcome.NOT_REPRODUCED
    )


def test_without_answers_it_is_over_run_means(make_results: Make) -> None:
    found = outcome_of(GAMMA, make_results(CLEAR, has_answers=False))
    assert found["basis"] == "run means"
    assert found["outcome"] == Outcome.REPRODUCED


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"γ := 1": (0.80,)}, "a row has one run"),
        ({"γ := 1": (0.80, 0.81)}, "a row has 2 runs"),
    ],
)
def test_too_few_runs_decide_nothing(
    make_results: Make, change: Mapping[str, object], why: str
) -> None:
    found = outcome_of(GAMMA, make_results({**CLEAR, **change}))
    assert (found["outcome"], found["why"]) == (Outcome.UNDECIDED, why)


def test_a_row_that_was_not_asked_decides_nothing(make_results: Make) -> None:
    results = make_results({"baseline": (0.9, 0.91, 0.92), "other": (0.8, 0.81, 0.82)})
    found = outcome_of(GAMMA, results)
    assert (found["outcome"], found["why"]) == (
        Outcome.UNDECIDED,
        "not asked: γ := 1",
    )


def test_many_close_runs_bear_out_every_claim_that_the_numbers_make() -> None:
    runs = draw_runs(TRUTH, 40, np.random.default_rng(0))
    results = results_of(runs)
    found = from_runs(
        CLAIMS["architecture"], TABLE_2, results, estimate_rows(results), None
    )
    assert (found["outcome"] == Outcome.REPRODUCED).all()


def test_rows_alike_refute_that_one_block_is_worse() -> None:
    rng = np.random.default_rng(0)
    runs = draw_runs(dict.fromkeys(TABLE_3.rows, 0.97), 10, rng, SD / 4)
    results = results_of(runs)
    found = from_runs(CLAIMS["depth"], TABLE_3, results, estimate_rows(results), 0.5)
    assert list(found["outcome"]) == [Outcome.REPRODUCED, Outcome.NOT_REPRODUCED]
