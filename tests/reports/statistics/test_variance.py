"""What runs differ by is told apart, and a run that stands apart is seen."""

import math

import numpy as np
import pytest

from reports.statistics.intervals import score_scenes
from reports.statistics.variance import collapsed, split, suspects

TIGHT = (0.950, 0.952, 0.948)
STRAY = (0.950, 0.952, 0.900)


def test_both_parts_of_the_spread_of_runs_are_recovered() -> None:
    rng = np.random.default_rng(0)
    n, k = 1000, 5
    scenes = np.repeat(np.arange(n // 10), 10)
    genuine, noise = [], []
    for _ in range(300):
        chances = 0.9 + rng.normal(0, 0.01, (k, 1))
        parts = split(score_scenes(rng.random((k, n)) < chances, scenes))
        genuine.append(parts.genuine**2)
        noise.append(parts.noise**2)
    assert math.sqrt(np.mean(noise)) == pytest.approx(math.sqrt(0.09 / n), rel=0.05)
    assert math.sqrt(np.mean(genuine)) == pytest.approx(0.01, rel=0.1)


def test_the_parts_add_up_to_what_is_observed() -> None:
    rng = np.random.default_rng(1)
    correct = rng.random((4, 500)) < np.array([[0.5], [0.7], [0.8], [0.9]])
    scores = score_scenes(correct, np.repeat(np.arange(50), 10))
    parts = split(scores)
    assert parts.genuine**2 + parts.noise**2 == pytest.approx(
        scores.accuracies.var(ddof=1)
    )


def test_runs_that_differ_by_noise_alone_have_no_genuine_spread() -> None:
    rng = np.random.default_rng(3)
    scenes = np.repeat(np.arange(50), 10)
    runs = rng.random((3, 500)) < 0.5
    parts = split(score_scenes(np.vstack([runs, ~runs]), scenes))
    assert parts.noise > 0
    alone = split(score_scenes(runs[:1], scenes))
    assert math.isnan(alone.genuine)
    assert math.isnan(alone.noise)


def test_of_three_runs_the_odd_one_is_seen_by_what_is_usual_in_other_rows() -> None:
    rows = {"a": TIGHT, "b": TIGHT, "c": TIGHT, "d": STRAY}
    assert suspects(rows, set()) == {"d": [2]}


def test_three_runs_alone_cannot_say_which_is_the_odd_one() -> None:
    assert suspects({"d": STRAY}, set()) == {}


def test_of_two_runs_neither_is_the_odd_one() -> None:
    rows = {"a": TIGHT, "b": TIGHT, "c": TIGHT, "d": (0.95, 0.2)}
    assert suspects(rows, set()) == {}


def test_ten_runs_alone_can() -> None:
    runs = (*(0.95 + 0.001 * i for i in range(9)), 0.90)
    assert suspects({"d": runs}, set()) == {"d": [9]}


def test_a_noisy_row_is_not_full_of_suspects() -> None:
    noisy = (0.90, 0.92, 0.94, 0.96, 0.98)
    rows = {"a": TIGHT, "b": TIGHT, "c": TIGHT, "d": noisy}
    assert suspects(rows, set()) == {}


def test_a_stray_run_does_not_hide_that_of_another_row() -> None:
    rows = {"a": TIGHT, "b": TIGHT, "c": TIGHT, "d": STRAY, "e": STRAY}
    assert suspects(rows, set()) == {"d": [2], "e": [2]}


@pytest.mark.parametrize("k", [3, 5])
def test_sound_runs_are_seldom_suspected(k: int) -> None:
    rng = np.random.default_rng(k)
    found = 0
    for _ in range(100):
        rows = {str(row): rng.normal(0.95, 0.004, k) for row in range(18)}
        found += sum(map(len, suspects(rows, set()).values()))
    assert found / (100 * 18 * k) < 0.005


def test_rows_collapse_that_lose_twenty_points_if_only_in_one_run() -> None:
    rows = {"base": TIGHT, "worse": (0.80,), "lost": (0.2, 0.3), "once": (0.95, 0.5)}
    assert collapsed(rows, "base") == {"lost", "once"}
    assert collapsed(rows, None) == {"lost", "once"}
    assert collapsed({"base": (0.9, 0.2)}, "base") == set()
    assert collapsed({"none": ()}, None) == set()
