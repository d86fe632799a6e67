"""How often the reports' statistics are wrong, beside those that others use.

Run ``python benchmarks/calibration.py > docs/calibration.md``. Studies are simulated of
which the truth is known; the procedures see what a study records. The exit status is 1
where an interval of ours misses its targets.
"""

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.optimize import brentq

from reports.statistics.corrections import holm
from reports.statistics.intervals import (
    Basis,
    Estimate,
    SceneScores,
    Spread,
    crossed,
    one_level,
    own_spread,
    welch,
)
from reports.statistics.probability import odds_of_beating
from reports.statistics.shared import moderate
from reports.statistics.variance import collapsed, split, suspects

Floats = npt.NDArray[np.float64]
COMMAND = "python benchmarks/calibration.py"
ALPHA = 0.05
FALSE_ALARMS = (0.02, 0.08)  # what we are held to
COVERAGE = 0.92
JUDGED = (3, 5, 10)  # runs at which

ACCURACY, DIFFERENCE, RUN_SD = 0.95, 0.01, 0.005
SCENE_SD, QUESTION_SD, METHOD_SD = 0.8, 1.2, 0.6  # of the logit
PER_SCENE = 10
RUNS = (1, 2, 3, 5, 10)
MOST_RUNS = max(RUNS)
RESAMPLES = 1000
PIGEONHOLE_RESAMPLES = 400

TABLE_ROWS, TABLE_SD = 17, 0.004
UNEVEN = 0.4  # s.d. of the logarithm of a row's run s.d.


# --- one comparison: two rows on the same questions


@dataclass(frozen=True)
class World:
    """Accuracies by latent logits: their means and the s.d. of a run's."""

    same: float
    lower: float
    run: float

    @classmethod
    def solve(cls) -> "World":
        """Find the logits that give the accuracies asked for."""
        of_questions = math.hypot(SCENE_SD, QUESTION_SD, METHOD_SD)

        def mean(centre: float, sd: float) -> float:
            return float(_average(lambda z: _sigmoid(centre + sd * z)))

        def centre(accuracy: float, run: float) -> float:
            sd = math.hypot(of_questions, run)
            return float(brentq(lambda x: mean(x, sd) - accuracy, -5, 15))

        def run_sd(run: float) -> float:
            of = centre(ACCURACY, run)
            by_run = np.array([mean(of + run * z, of_questions) for z in _NODES])
            return math.sqrt(float(_WEIGHTS @ (by_run - _WEIGHTS @ by_run) ** 2))

        run = float(brentq(lambda x: run_sd(x) - RUN_SD, 1e-3, 2))
        return cls(centre(ACCURACY, run), centre(ACCURACY - DIFFERENCE, run), run)


_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(81)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def _average(function: Callable[[Floats], Floats]) -> Floats:
    return _WEIGHTS @ function(_NODES)


def _sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


@dataclass(frozen=True)
class Side:
    """A row's runs: right answers by scene, and the first run's by question."""

    scores: SceneScores
    first: npt.NDArray[np.bool_]

    def of(self, k: int) -> "Side":
        """Take its first runs alone."""
        return Side(SceneScores(self.scores.right[:k], self.scores.asked), self.first)


@dataclass(frozen=True)
class Draw:
    """One simulated study: a baseline, a row as good, and a row a point worse."""

    baseline: Side
    same: Side
    lower: Side


def draw(world: World, sizes: npt.NDArray[np.int64], rng: np.random.Generator) -> Draw:
    """Simulate the answers of three rows to the same questions."""
    n = int(sizes.sum())
    shared = rng.normal(0, SCENE_SD, len(sizes)).repeat(sizes)
    shared += rng.normal(0, QUESTION_SD, n)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])

    def side(centre: float) -> Side:
        logits = centre + shared + rng.normal(0, METHOD_SD, n)
        wrong = np.exp(-logits).astype(np.float32)  # odds of a wrong answer
        runs = np.exp(rng.normal(0, world.run, (MOST_RUNS, 1))).astype(np.float32)
        chance = rng.random((MOST_RUNS, n), dtype=np.float32)
        right = chance * (1 + wrong * runs) < 1
        totals = np.add.reduceat(right, starts, axis=1, dtype=np.int64)
        scores = SceneScores(totals.astype(float), sizes.astype(float))
        return Side(scores, right[0])

    return Draw(side(world.same), side(world.same), side(world.lower))


# --- the procedures: whether two rows are called different

Alarm = Callable[[Side, Side], bool]


def ours(row: Side, baseline: Side) -> bool:
    return crossed(row.scores, baseline.scores).p < ALPHA


def binomial(row: Side, baseline: Side) -> bool:
    right = np.array([row.scores.right.sum(), baseline.scores.right.sum()])
    n = row.scores.asked.sum() * row.scores.n_runs
    pooled = right.sum() / (2 * n)
    se = math.sqrt(2 * pooled * (1 - pooled) / n)
    return bool(abs(right[0] - right[1]) / n > stats.norm.ppf(1 - ALPHA / 2) * se)


def mcnemar(row: Side, baseline: Side) -> bool:
    only = int((row.first & ~baseline.first).sum())
    other = int((baseline.first & ~row.first).sum())
    return (only - other) ** 2 > stats.chi2.ppf(1 - ALPHA, 1) * (only + other)


def by_scenes(row: Side, baseline: Side) -> bool:
    lower, upper = checkpoints(row, baseline).interval()
    return not lower <= 0 <= upper


def checkpoints(row: Side, baseline: Side) -> Estimate:
    """Average the runs away first, as if they were one: over scenes alone."""
    means = [
        SceneScores(side.scores.right.mean(axis=0, keepdims=True), side.scores.asked)
        for side in (row, baseline)
    ]
    return crossed(*means)


def on_run_means(
    test: Callable[[Floats, Floats], float], row: Side, baseline: Side
) -> bool:
    return test(row.scores.accuracies, baseline.scores.accuracies) < ALPHA


def paired_t(a: Floats, b: Floats) -> float:
    d = a - b
    return Estimate(
        d.mean(), d.std(ddof=1) / math.sqrt(len(d)), len(d) - 1.0, Basis.RUN_MEANS
    ).p


def mann_whitney(a: Floats, b: Floats) -> float:
    wins = (np.subtract.outer(a, b) > 0).sum() + (
        np.subtract.outer(a, b) == 0
    ).sum() / 2
    least = math.ceil(min(wins, a.size * b.size - wins))  # a tie counts against it
    return min(1.0, 2 * float(_wins(len(a), len(b))[: least + 1].sum()))


@cache
def _wins(m: int, n: int) -> Floats:
    """Give the probability of every number of pairs won, where all are equal."""
    ways = np.zeros((m + 1, m * n + 1))
    ways[0, 0] = 1
    for rank in range(m + n):  # each rank goes to either side
        for taken in range(min(m, rank + 1), 0, -1):
            below = rank - (taken - 1)  # runs of the other side that it beats
            if below <= n:
                ways[taken, below:] += ways[taken - 1, : m * n + 1 - below]
    return ways[m] / ways[m].sum()


class Bootstrap:
    """Percentile bootstraps; the same resamples serve every study."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._runs: dict[tuple[int, int], list[Floats]] = {}
        self._scenes: dict[int, Floats] = {}

    def over_runs(self, row: Side, baseline: Side) -> bool:
        a, b = self._weights(row.scores.n_runs, RESAMPLES)
        means = a @ row.scores.accuracies - b @ baseline.scores.accuracies
        return _excludes_zero(means)

    def pigeonhole(self, row: Side, baseline: Side) -> bool:
        a, b = self._weights(row.scores.n_runs, PIGEONHOLE_RESAMPLES)
        asked = row.scores.asked
        n = len(asked)
        if n not in self._scenes:
            draws = self._rng.multinomial(n, np.full(n, 1 / n), PIGEONHOLE_RESAMPLES)
            self._scenes[n] = draws.astype(float)
        scenes = self._scenes[n]
        right = (a * (scenes @ row.scores.right.T)).sum(1)
        right -= (b * (scenes @ baseline.scores.right.T)).sum(1)
        return _excludes_zero(right / (scenes @ asked))

    def _weights(self, k: int, n: int) -> list[Floats]:
        if (k, n) not in self._runs:
            even = np.full(k, 1 / k)
            self._runs[k, n] = [self._rng.multinomial(k, even, n) / k for _ in "ab"]
        return self._runs[k, n]


def _excludes_zero(resampled: Floats) -> bool:
    lower, upper = np.quantile(resampled, [ALPHA / 2, 1 - ALPHA / 2])
    return bool(lower > 0 or upper < 0)


OURS = "**crossed runs × scenes t (ours)**"


def procedures(seed: int) -> dict[str, tuple[int, Alarm]]:
    """List what is compared, and the fewest runs that it takes."""
    bootstrap = Bootstrap(seed)
    return {
        "binomial, runs pooled": (1, binomial),
        "McNemar, one run each": (1, mcnemar),
        "scene-clustered, paired (runs taken as given)": (1, by_scenes),
        "Welch on run means": (
            2,
            partial(on_run_means, lambda a, b: welch(a, b).p),
        ),
        "paired t on run means, unrelated seeds": (2, partial(on_run_means, paired_t)),
        "Mann–Whitney": (2, partial(on_run_means, mann_whitney)),
        "percentile bootstrap over runs": (2, bootstrap.over_runs),
        "pigeonhole bootstrap, runs × scenes": (2, bootstrap.pigeonhole),
        OURS: (2, ours),
    }


@dataclass
class Tally:
    """What came of many simulated studies with the same number of runs and scenes."""

    n: int
    false_alarms: dict[str, int]
    found: dict[str, int]
    covered: dict[str, int]
    observed: float = 0.0  # sums of variances of runs
    noise: float = 0.0

    def rate(self, counts: Mapping[str, int], name: str) -> float:
        return counts[name] / self.n


COVERED = ("no difference", "1 point", "own accuracy")
Sizes = Callable[[np.random.Generator], npt.NDArray[np.int64]]


def even(n_scenes: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:  # noqa: ARG001 - the other kind draws
    return np.full(n_scenes, PER_SCENE)


def uneven(n_scenes: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    return rng.integers(2, 19, n_scenes)


def simulate(
    sizes: Sizes, n: int, tests: Mapping[str, tuple[int, Alarm]], seed: int
) -> dict[int, Tally]:
    """Simulate studies, and let every procedure judge each with 1, 2, … runs."""
    world, rng = World.solve(), np.random.default_rng(seed)
    tallies = {
        k: Tally(
            n,
            dict.fromkeys(tests, 0),
            dict.fromkeys(tests, 0),
            dict.fromkeys(COVERED, 0),
        )
        for k in RUNS
    }
    for _ in range(n):
        study = draw(world, sizes(rng), rng)
        for k, tally in tallies.items():
            _judge(tally, Draw(*(side.of(k) for side in _sides(study))), k, tests)
    return tallies


def _sides(study: Draw) -> tuple[Side, Side, Side]:
    return study.baseline, study.same, study.lower


def _judge(
    tally: Tally, study: Draw, k: int, tests: Mapping[str, tuple[int, Alarm]]
) -> None:
    for name, (fewest, is_alarm) in tests.items():
        if k >= fewest:
            tally.false_alarms[name] += is_alarm(study.same, study.baseline)
            tally.found[name] += is_alarm(study.lower, study.baseline)
    if k == 1:
        return
    scores = [side.scores for side in _sides(study)]
    intervals = {
        "no difference": (crossed(scores[1], scores[0]), 0.0),
        "1 point": (crossed(scores[2], scores[0]), -DIFFERENCE),
        "own accuracy": (one_level(scores[0]), ACCURACY),
    }
    for name, (estimate, truth) in intervals.items():
        lower, upper = estimate.interval()
        tally.covered[name] += lower <= truth <= upper
    parts = split(scores[0])
    tally.observed += float(scores[0].accuracies.var(ddof=1))
    tally.noise += parts.noise**2


# --- a whole table: many rows, one baseline, run means alone


@dataclass(frozen=True)
class Table:
    """A kind of table: runs per row, of the baseline, and how its rows differ."""

    k: int
    baseline: int
    is_uneven: bool = False
    is_broken: bool = False  # has a row that collapsed, too

    def draw(self, rng: np.random.Generator) -> dict[str, Floats]:
        """Simulate its runs: row 1 is a point worse, the others as good."""
        names = ["baseline", *(f"row {i + 1}" for i in range(TABLE_ROWS))]
        sds = TABLE_SD * np.exp(UNEVEN * self.is_uneven * rng.normal(size=len(names)))
        rows = {
            name: ACCURACY
            - DIFFERENCE * (name == "row 1")
            + sd * rng.normal(size=self.baseline if name == "baseline" else self.k)
            for name, sd in zip(names, sds, strict=True)
        }
        if self.is_broken:
            rows["broken"] = 0.21 + 0.04 * rng.normal(size=self.k)
        return rows


METHODS = ("Welch, uncorrected", "separate, Holm (default)", "shared, Holm")


def judge_table(rows: dict[str, Floats]) -> dict[str, pd.Series]:
    """Test every row of a table by every method."""
    lost = collapsed(rows, "baseline")
    names = [row for row in rows if row not in lost]
    moderated = moderate([own_spread(rows[row]) for row in names])
    spreads = {row: own_spread(runs) for row, runs in rows.items()}
    separate = _p_values(rows, spreads)
    borrowed = _p_values(rows, spreads | dict(zip(names, moderated, strict=True)))
    values = separate, holm(separate), holm(borrowed)
    return dict(zip(METHODS, values, strict=True))


def _p_values(rows: dict[str, Floats], spreads: Mapping[str, Spread]) -> pd.Series:
    base = rows["baseline"]
    return pd.Series(
        {
            row: welch(runs, base, (spreads[row], spreads["baseline"])).p
            for row, runs in rows.items()
            if row != "baseline"
        }
    )


def simulate_tables(
    table: Table, n: int, rng: np.random.Generator
) -> dict[str, tuple[float, float]]:
    """Count tables with a false alarm, and those that find the worse row."""
    wrong, found = dict.fromkeys(METHODS, 0), dict.fromkeys(METHODS, 0)
    for _ in range(n):
        for method, p in judge_table(table.draw(rng)).items():
            is_alarm = p.to_numpy() < ALPHA
            found[method] += bool(is_alarm[0])
            wrong[method] += bool(is_alarm[1:TABLE_ROWS].any())
    return {method: (wrong[method] / n, found[method] / n) for method in METHODS}


# --- runs that stand apart, and the odds of beating the baseline


def flagged(k: int, n: int, rng: np.random.Generator) -> list[float]:
    """Give the share of sound runs flagged, even and uneven, and of strays found."""
    shares = []
    for is_uneven in (False, True):
        count = 0
        for _ in range(n):
            rows = Table(k, k, is_uneven).draw(rng)
            count += sum(len(runs) for runs in suspects(rows, set()).values())
        shares.append(count / (n * k * (TABLE_ROWS + 1)))
    found = 0
    for _ in range(n):
        rows = Table(k, k).draw(rng)
        rows["row 2"][0] -= 8 * TABLE_SD
        found += 0 in suspects(rows, set()).get("row 2", [])
    return [*shares, found / n]


def odds_coverage(shift: float, k: int, n: int, rng: np.random.Generator) -> float:
    """Give the share of intervals that hold the true odds."""
    truth = float(stats.norm.cdf(shift / math.sqrt(2)))
    held = 0
    for _ in range(n):
        odds = odds_of_beating(rng.normal(shift, 1, k), rng.normal(0, 1, k))
        held += odds.lower <= truth <= odds.upper
    return held / n


# --- the page


def comparison_lines(
    tallies: Mapping[str, Mapping[int, Tally]], tests: Mapping[str, tuple[int, Alarm]]
) -> Iterator[str]:
    """Set out false alarms and power, as percentages."""
    heads = [f"{where}, k = {k}" for where, by in tallies.items() for k in by]
    yield _row("procedure", heads)
    yield _row("---", ["---:"] * len(heads))
    for name, (fewest, _) in tests.items():
        cells = []
        for by in tallies.values():
            for k, tally in by.items():
                wrong = tally.rate(tally.false_alarms, name)
                power = tally.rate(tally.found, name)
                cell = f"{_percent(wrong)} ({_percent(power)})"
                cells.append(cell if k >= fewest else "–")
        yield _row(name, cells)


def coverage_lines(tallies: Mapping[str, Mapping[int, Tally]]) -> Iterator[str]:
    """Set out how often our intervals hold the truth, and the split of the s.d."""
    yield _row(
        "scenes, runs",
        [
            "false alarms",
            *(f"covers: {name}" for name in COVERED),
            "observed run s.d.",
            "test-set noise",
            "genuine",
        ],
    )
    yield _row("---", ["---:"] * (4 + len(COVERED)))
    for where, by in tallies.items():
        for k, tally in by.items():
            if k > 1:
                wrong = tally.rate(tally.false_alarms, OURS)
                held = [tally.rate(tally.covered, name) for name in COVERED]
                genuine = tally.observed - tally.noise
                variances = (tally.observed, tally.noise, genuine)
                sds = (math.sqrt(max(x, 0) / tally.n) for x in variances)
                yield _row(
                    f"{where}, k = {k}",
                    [
                        *(f"{100 * x:.1f} %" for x in (wrong, *held)),
                        *(f"{100 * sd:.2f} points" for sd in sds),
                    ],
                )


def table_lines(n: int, rng: np.random.Generator) -> Iterator[str]:
    """Set out false alarms and power of whole tables."""
    kinds = {
        "even": (False, False),
        "uneven": (True, False),
        "uneven + broken": (True, True),
    }
    sizes = ((2, 2), (3, 3), (5, 5), (3, 6), (3, 10), (5, 10))
    yield _row("table", METHODS)
    yield _row("---", ["---:"] * len(METHODS))
    for kind, (is_uneven, is_broken) in kinds.items():
        for k, baseline in sizes:
            rates = simulate_tables(Table(k, baseline, is_uneven, is_broken), n, rng)
            cells = [f"{_percent(a)} ({_percent(b)})" for a, b in rates.values()]
            yield _row(f"{kind}, k = {k}, baseline {baseline}", cells)


def flag_lines(n: int, rng: np.random.Generator) -> Iterator[str]:
    """Set out how often runs are flagged."""
    yield _row("runs per row", ["sound, even", "sound, uneven", "8 s.d. astray"])
    yield _row("---", ["---:"] * 3)
    for k in (3, 5, 10):
        yield _row(f"{k}", [f"{100 * x:.2f} %" for x in flagged(k, n, rng)])


def odds_lines(n: int, rng: np.random.Generator) -> Iterator[str]:
    """Set out how often the interval of P(beats) holds the truth."""
    shifts = (0.0, 0.95, 2.5)  # P = .5, .75, .96
    yield _row("runs", [f"true P = {stats.norm.cdf(s / 2**0.5):.2f}" for s in shifts])
    yield _row("---", ["---:"] * len(shifts))
    for k in (10, 20):
        cells = [f"{100 * odds_coverage(s, k, n, rng):.1f} %" for s in shifts]
        yield _row(f"{k} v {k}", cells)


def misses(tallies: Mapping[str, Mapping[int, Tally]]) -> list[str]:
    """Name what does not meet its target."""
    found = []
    for where, by in tallies.items():
        for k in JUDGED:
            wrong = by[k].rate(by[k].false_alarms, OURS)
            if not FALSE_ALARMS[0] <= wrong <= FALSE_ALARMS[1]:
                found.append(f"{where}, k = {k}: {100 * wrong:.1f} % false alarms")
            for name in COVERED:
                held = by[k].rate(by[k].covered, name)
                if held < COVERAGE:
                    found.append(f"{where}, k = {k}: covers {name} {100 * held:.1f} %")
    return found


def _row(first: str, cells: Sequence[str]) -> str:
    return f"| {' | '.join([first, *cells])} |"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


PAGE = """# Are the reports' statistics calibrated?

Written by `{command} > docs/calibration.md`, in {seconds:.0f} s
of one core. Studies are simulated of which the truth is known; the engine of
`reports/statistics/` and what others use see what a study records. Percentages are over
{n} simulated studies, so that a rate near 5 % is known to within about ±1.

## One row against the baseline

Answers come from latent logits: a scene's difficulty, a question's, what a method finds
hard, and a training run's own shift; runs of a design differ by a true s.d. of .5
points around 95 %, and seeds are unrelated. A cell is the percentage of studies in
which two *equally good* designs are called different at a nominal 5 %, and in brackets
that in which a design that is truly 1 point worse is found. Scenes have 10 questions
each.

{comparison}

Tests that take the runs as given become surer with every question about the difference
between two checkpoints, which is not what a study asks; percentile bootstraps are far
too narrow with few runs. The reports' interval of a difference holds its promise from
two runs on (though the reports give two runs no verdict: their power is next to none);
their interval of a single accuracy keeps to the target below from three runs on.

## Our intervals

Nominal: 5 % and 95 %. In the last rows scenes have 2 to 18 questions. The true run
s.d. is {run_sd:.2f} points: what should remain as genuine of the observed s.d. when
test-set noise is taken off (squares subtracted, pooled over studies).

{coverage}

Targets at 3, 5 and 10 runs: false alarms between 2 and 8 %, coverage at least 92 %:
{verdict}

## A whole table

{rows} rows against one baseline, on run means; runs differ by .4 points. A cell is the
percentage of tables with *any* false alarm, and in brackets that in which one row that
is truly 1 point worse is found. Uneven: a row's run s.d. varies (s.d. of its logarithm
{uneven}); broken: one row more has collapsed. The report's default gives two runs no
verdict, whatever its test says here.

{tables}

Shared variances (`--variance shared`) buy power at 2 to 4 runs with false alarms where
rows truly differ in their spread: the report prints that warning. A baseline with more
than twice the runs of the rows gives false alarms in both modes: the report says so.

## Runs that stand apart

Percentage of runs flagged as more than 3 s.d. from their siblings, in tables of
{table_rows} rows: sound runs (.27 % would be exact), and a run 8 s.d. astray.

{flags}

## P(a run beats a baseline run)

How often its interval, which the report gives from ten runs on, holds the truth
(nominal 95 %).

{odds}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2000, help="to simulate")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    start = time.process_time()
    tests = procedures(given.seed)
    run = partial(simulate, n=given.studies, seed=given.seed)
    tallies = {f"{n:,} scenes": run(partial(even, n), tests=tests) for n in (100, 1000)}
    # Rivals are judged on the usual scenes alone.
    alone = {OURS: tests[OURS]}
    every = tallies | {"200 uneven scenes": run(partial(uneven, 200), tests=alone)}
    rng = np.random.default_rng([given.seed, 1])
    missed = misses(every)
    parts = {
        "comparison": "\n".join(comparison_lines(tallies, tests)),
        "coverage": "\n".join(coverage_lines(every)),
        "tables": "\n".join(table_lines(given.studies, rng)),
        "flags": "\n".join(flag_lines(given.studies // 4, rng)),
        "odds": "\n".join(odds_lines(given.studies, rng)),
    }
    page = PAGE.format(
        command=COMMAND,
        seconds=time.process_time() - start,
        n=f"{given.studies:,}",
        run_sd=100 * RUN_SD,
        rows=TABLE_ROWS,
        table_rows=TABLE_ROWS + 1,
        uneven=f"{UNEVEN:g}".removeprefix("0"),
        verdict="met." if not missed else f"MISSED: {'; '.join(missed)}.",
        **parts,
    )
    print(page, end="")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
