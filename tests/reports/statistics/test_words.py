"""Sentences say what the numbers of a table are, and none is said without cause."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from reports.results import Results
from reports.statistics import estimate_rows
from reports.statistics.words import statistics_words

Make = Callable[..., Results]
SPREAD = "Runs of a row", "Of the variance"
NEAR = (0.960, 0.962, 0.958)


def said(estimates: pd.DataFrame, *starts: str) -> list[str]:
    return [note for note in statistics_words(estimates) if note.startswith(starts)]


def one_row(**values: object) -> pd.DataFrame:
    usual = {
        "row": "a",
        "is_baseline": False,
        "is_collapsed": False,
        "variance": "separate",
        "n_runs": 3,
        "n_compared": 3,
        "p": math.nan,
        "beats_rule": "",
        "suspect_runs": (),
        "basis": "runs × scenes",
        "sd": 0.00773,
        "sd_noise": 0.0059,
        "share_runs": 0.9,
    }
    return pd.DataFrame([usual | values])


def test_one_run_per_row_has_nothing_to_say(make_results: Make) -> None:
    estimates = estimate_rows(make_results({"baseline": NEAR[:1], "a": NEAR[:1]}))
    assert statistics_words(estimates) == []


def test_genuine_spread_and_noise_are_told_apart() -> None:
    first = said(one_row(), *SPREAD)[0]
    assert first.startswith("Runs of a row differ by an s.d. of 0.77 points: 0.50 is")
    assert "0.59 is noise of this set of them" in first


def test_noise_that_exceeds_the_spread_is_no_part_of_it() -> None:
    first = said(one_row(sd=0.0030, sd_noise=0.0041), *SPREAD)[0]
    assert "an s.d. of 0.30 points, no more than this finite set of" in first
    assert "alone would make them differ (0.41): none of it is shown to be" in first
    assert "squares" not in first


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.9, "90 % comes from training runs and 10 % from the choice of scenes"),
        (0.9, "more seeds would narrow the intervals, more scenes hardly"),
        (0.1, "more scenes would narrow the intervals, more seeds hardly"),
        (0.5, "more seeds and more scenes would both narrow the intervals"),
    ],
)
def test_what_would_narrow_the_intervals_is_said(share: float, words: str) -> None:
    assert words in said(one_row(share_runs=share), *SPREAD)[1]


def test_collapsed_rows_and_rows_without_answers_do_not_speak_for_others(
    make_results: Make,
) -> None:
    assert said(one_row(is_collapsed=True), *SPREAD) == []
    accuracies = {"baseline": NEAR, "a": NEAR}
    estimates = estimate_rows(make_results(accuracies, has_answers=False))
    assert said(estimates, *SPREAD) == []


def test_what_would_be_missed_is_said_for_every_number_of_runs(
    make_results: Make,
) -> None:
    five = (*NEAR, 0.961, 0.959)
    results = make_results({"baseline": five, "a": NEAR, "b": five, "two": NEAR[:2]})
    words = said(estimate_rows(results), "With ")
    assert [said.split(" a difference")[0] for said in words] == [
        "With 3 runs",
        "With 5 runs",
    ]


def test_odds_are_said_from_ten_runs_on(make_results: Make) -> None:
    rng = np.random.default_rng(0)
    runs = {"baseline": 0.95, "far": 0.90, "few": 0.90}
    results = make_results(
        {
            row: tuple(rng.normal(mean, 0.003, 9 if row == "few" else 10))
            for row, mean in runs.items()
        }
    )
    (words,) = said(estimate_rows(results), "Probability that a run")
    assert words.endswith(": far .00 [.00, .20], differs, and may be meaningful.")


def test_a_baseline_of_many_more_runs_carries_a_warning(make_results: Make) -> None:
    seven = (*NEAR, *NEAR, 0.96)
    many = estimate_rows(make_results({"baseline": seven, "a": NEAR}))
    assert said(many, "The baseline has more")[0].startswith(
        "The baseline has more than twice"
    )
    twice = estimate_rows(make_results({"baseline": seven[:6], "a": NEAR}))
    assert said(twice, "The baseline has more") == []


def test_a_stray_run_is_named(make_results: Make) -> None:
    stray = {"baseline": NEAR, "a": NEAR, "b": NEAR, "c": (0.96, 0.91, 0.96)}
    note = said(estimate_rows(make_results(stray)), "Look at these runs")
    assert len(note) == 1
    assert "c (seed 1)" in note[0]


def test_shared_variances_carry_their_warning(make_results: Make) -> None:
    rows = {"baseline": NEAR, "a": NEAR, "b": NEAR, "lost": (0.2, 0.3, 0.2)}
    results = make_results(rows)
    assert said(estimate_rows(results), "Variances are shared") == []
    note = said(estimate_rows(results, variance="shared"), "Variances are shared")[0]
    assert note.startswith("Variances are shared")
    assert "one in fourteen to one in eight" in note  # docs/calibration.md: 7 to 13 %
    assert note.endswith("Not shared with, for they collapsed: lost.")
    del rows["lost"]
    others = said(
        estimate_rows(make_results(rows), variance="shared"), "Variances are shared"
    )[0]
    assert "collapsed" not in others
