"""An interval covers the truth; the test cries wolf one time in twenty."""

import importlib.util
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from reports.statistics.intervals import (
    Basis,
    Estimate,
    crossed,
    one_level,
    prediction_interval,
    score_scenes,
    welch,
)

Answers = npt.NDArray[np.bool_]
RUN_SD = 0.25  # of the logit, so that runs matter about as much as scenes


def draw(
    k: int, n_scenes: int, rng: np.random.Generator, *, uneven: bool = False
) -> tuple[Answers, Answers, npt.NDArray[np.int64]]:
    """Draw runs of two equally good designs on shared scenes and questions."""
    sizes = rng.integers(2, 19, n_scenes) if uneven else np.full(n_scenes, 10)
    scenes = np.repeat(np.arange(n_scenes), sizes)
    shared = 1.5 + rng.normal(0, 1, n_scenes)[scenes] + rng.normal(0, 1, len(scenes))

    def design() -> Answers:
        own = shared + rng.normal(0, 0.5, len(scenes))
        logits = own + rng.normal(0, RUN_SD, (k, 1))
        return rng.random((k, len(scenes))) < 1 / (1 + np.exp(-logits))

    return design(), design(), scenes


def by_loops(a: Answers, b: Answers, scenes: npt.NDArray[np.int64]) -> Estimate:
    """Compute the crossed interval again, one number at a time."""
    labels = sorted(set(scenes.tolist()))
    size = {s: sum(1 for x in scenes if x == s) for s in labels}
    n, n_scenes = len(scenes), len(labels)

    def totals(runs: Answers) -> list[dict[int, int]]:
        return [
            {s: sum(int(run[i]) for i in range(n) if scenes[i] == s) for s in labels}
            for run in runs
        ]

    def mean(values: list[float]) -> float:
        return sum(values) / len(values)

    def variance(values: list[float]) -> float:
        return sum((v - mean(values)) ** 2 for v in values) / (len(values) - 1)

    sides = [totals(a), totals(b)]
    accuracies = [[sum(run.values()) / n for run in side] for side in sides]
    delta = mean(accuracies[0]) - mean(accuracies[1])
    rest = [
        mean([run[s] for run in sides[0]])
        - mean([run[s] for run in sides[1]])
        - delta * size[s]
        for s in labels
    ]
    of_scenes = n_scenes / (n_scenes - 1) * sum(r * r for r in rest) / n**2
    of_runs = [variance(side) / len(side) for side in accuracies]
    twice = 0.0
    for side, own in zip(sides, accuracies, strict=True):
        k = len(side)
        squares = 0.0
        for run, accuracy in zip(side, own, strict=True):
            for s in labels:
                typical = mean([other[s] for other in side])
                shift = (accuracy - mean(own)) * size[s]
                squares += (run[s] - typical - shift) ** 2
        twice += n_scenes / (n_scenes - 1) * squares / (k - 1) / (k * n * n)
    total = max(sum(of_runs) + of_scenes - twice, sum(of_runs), of_scenes)
    spread = of_scenes**2 / (n_scenes - 1) + sum(
        v * v / (len(side) - 1) for v, side in zip(of_runs, sides, strict=True)
    )
    return Estimate(delta, math.sqrt(total), total**2 / spread, Basis.CROSSED)


@pytest.fixture(scope="module")
def oracle(shared: Path) -> ModuleType:
    path = shared / "reference" / "statistics" / "crossed.py"
    spec = importlib.util.spec_from_file_location("crossed_oracle", path)
    if spec is None or spec.loader is None:
        pytest.skip(f"no oracle at {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("k", [2, 3, 5])
@pytest.mark.parametrize("uneven", [False, True])
def test_the_crossed_interval_equals_the_reference(
    oracle: ModuleType, k: int, uneven: bool
) -> None:
    a, b, scenes = draw(k, 40, np.random.default_rng(k), uneven=uneven)
    ours = crossed(score_scenes(a, scenes), score_scenes(b, scenes))
    theirs = oracle.crossed(a, b, scenes)
    assert (ours.value, ours.se, ours.df, ours.p) == pytest.approx(
        (theirs.delta, theirs.se, theirs.df, theirs.p), rel=1e-9
    )
    assert ours.interval() == pytest.approx((theirs.lo, theirs.hi), rel=1e-9)
    mean, _, lower, upper = oracle.one_level(a, scenes)
    own = one_level(score_scenes(a, scenes))
    assert (own.value, *own.interval()) == pytest.approx((mean, lower, upper), rel=1e-9)


def test_the_crossed_interval_equals_one_computed_by_loops() -> None:
    rng = np.random.default_rng(7)
    a, b, scenes = draw(3, 12, rng, uneven=True)
    b = b[:2]
    ours = crossed(score_scenes(a, scenes), score_scenes(b, scenes))
    loops = by_loops(a, b, scenes)
    assert (ours.value, ours.se, ours.df) == pytest.approx(
        (loops.value, loops.se, loops.df), rel=1e-9
    )


def test_a_case_small_enough_for_pencil_and_paper() -> None:
    # Two scenes of two questions. Row: runs 4/4 and 2/4; baseline: runs 2/4 and 2/4,
    # both with one right answer in each scene.
    row = np.array([[1, 1, 1, 1], [1, 0, 1, 0]], dtype=bool)
    baseline = np.array([[1, 0, 1, 0], [0, 1, 0, 1]], dtype=bool)
    scenes = np.array([0, 0, 1, 1])
    estimate = crossed(score_scenes(row, scenes), score_scenes(baseline, scenes))
    # Scenes agree exactly, so all of the variance is that of the row's two runs:
    # accuracies 1 and 1/2 have variance 1/8, over two runs 1/16; one degree of freedom.
    assert estimate.value == pytest.approx(0.25)
    assert estimate.se == pytest.approx(0.25)
    assert estimate.df == pytest.approx(1)
    assert estimate.p == pytest.approx(0.5)  # t = 1 with one degree of freedom


@pytest.mark.parametrize("k", [3, 5])
def test_equal_designs_are_called_different_one_time_in_twenty(k: int) -> None:
    rng = np.random.default_rng(100 + k)
    false_alarms, covered = 0, 0
    for _ in range(400):
        a, b, scenes = draw(k, 60, rng)
        estimate = crossed(score_scenes(a, scenes), score_scenes(b, scenes))
        lower, upper = estimate.interval()
        false_alarms += estimate.p < 0.05
        covered += lower <= 0 <= upper
    assert 0.02 <= false_alarms / 400 <= 0.08
    assert covered / 400 >= 0.92


def test_the_order_of_questions_and_the_names_of_scenes_mean_nothing() -> None:
    rng = np.random.default_rng(0)
    a, b, scenes = draw(3, 30, rng, uneven=True)
    order = rng.permutation(len(scenes))
    names = rng.permutation(1000)[:30]
    first = crossed(score_scenes(a, scenes), score_scenes(b, scenes))
    renamed = names[scenes][order]
    second = crossed(
        score_scenes(a[:, order], renamed), score_scenes(b[:, order], renamed)
    )
    assert (second.value, second.se, second.df) == pytest.approx(
        (first.value, first.se, first.df)
    )


def test_one_run_gives_an_interval_for_the_checkpoints_and_no_test() -> None:
    a, b, scenes = draw(3, 30, np.random.default_rng(0))
    estimate = crossed(score_scenes(a[:1], scenes), score_scenes(b, scenes))
    assert estimate.basis is Basis.CHECKPOINTS
    assert estimate.se > 0
    assert estimate.df == 29
    assert math.isnan(estimate.p)
    assert math.isnan(estimate.p_equivalent(0.01))


def test_welch_equals_scipy() -> None:
    a, b = np.array([0.9, 0.95, 0.97]), np.array([0.8, 0.93, 0.85, 0.88])
    ours = welch(a, b)
    theirs = stats.ttest_ind(a, b, equal_var=False)
    ends = theirs.confidence_interval(0.95)
    assert ours.p == pytest.approx(theirs.pvalue)
    assert ours.interval() == pytest.approx((ends.low, ends.high))


def test_welch_of_a_single_run_gives_the_difference_alone() -> None:
    estimate = welch(np.array([0.9]), np.array([0.8, 0.85]))
    assert estimate.value == pytest.approx(0.075)
    assert estimate.basis is Basis.NONE
    assert all(math.isnan(end) for end in estimate.interval())


def test_runs_without_any_spread_do_not_divide_by_zero() -> None:
    same = welch(np.array([0.5, 0.5, 0.5]), np.array([0.5, 0.5, 0.5]))
    assert (same.p, same.interval()) == (1.0, (0.0, 0.0))
    different = welch(np.array([0.25, 0.25]), np.array([0.5, 0.5]))
    assert (different.p, different.interval()) == (0.0, (-0.25, -0.25))


def test_equivalence_needs_the_whole_ninety_percent_interval_inside_the_margin() -> (
    None
):
    estimate = Estimate(0.002, 0.001, 10, Basis.CROSSED)
    lower, upper = estimate.interval(0.90)
    assert estimate.p_equivalent(max(-lower, upper)) == pytest.approx(0.05)
    assert estimate.p_equivalent(0.001) > 0.5


def test_the_paper_s_baseline_range_has_ten_ablations_inside_and_seven_outside() -> (
    None
):
    # 97.4 ± .4 over five runs (Table 2): five numbers with that mean and deviation.
    pattern = np.array([-2.0, -1, 0, 1, 2])
    runs = 97.4 + 0.4 * pattern / pattern.std(ddof=1)
    lower, upper = prediction_interval(runs)
    assert (lower, upper) == pytest.approx((96.18, 98.62), abs=0.005)
    rows = (96.9, 95.9, 95.9, 96.3, 96.3, 96.6, 97.7, 97.1, 95.0)
    rows += (96.8, 96.5, 97.3, 21.4, 95.3, 94.0, 93.7, 97.6)
    assert sum(lower <= row <= upper for row in rows) == 10
    assert len(rows) == 17
