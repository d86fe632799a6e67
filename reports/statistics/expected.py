"""Differences that a study expects, and whether they came out.

Each is a weighted sum of rows, over training runs and scenes
(``reports.statistics.contrasts``). Two things are new here. Rows of the same trained
networks, such as one that judges weights by other questions or one that was tuned from
them, are paired by seed: only what they differ by varies. And rows may answer different
sets of questions, whose scenes are drawn by themselves: their variances add up.

Whether the expected sign came out is tested, with Holm's correction over the contrasts
of the study, from three runs of every row on.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.results import Results
from reports.statistics.corrections import ALPHA, holm
from reports.statistics.intervals import (
    Basis,
    Estimate,
    SceneScores,
    satterthwaite,
    scene_variance,
)
from reports.statistics.scoring import Scored, score_row
from reports.statistics.verdicts import RUNS_FOR_VERDICT
from studies.contrasts import Contrast
from studies.study import Study

__all__ = ["Expectation", "estimate_expected"]

_Floats = npt.NDArray[np.float64]
_COLUMNS: Final = (
    "contrast", "rows", "minus", "expected", "source", "difference", "se", "df",
    "lower", "upper", "basis", "is_paired", "n_runs", "p", "p_holm", "n_tests",
    "outcome", "why",
)  # fmt: skip


class Expectation(StrEnum):
    """What became of an expected sign."""

    CAME_OUT = "came out"
    OPPOSITE = "the other way round"
    UNSETTLED = "not settled"
    FEW_RUNS = "too few runs for a verdict"
    UNKNOWN = "not known"


def estimate_expected(study: Study, results: Results) -> pd.DataFrame:
    """Estimate the differences that a study expects.

    Args:
        study: What was asked.
        results: What was recorded.

    Returns:
        One row per contrast: ``contrast`` (its name), ``rows`` and ``minus`` (labels),
        ``expected``, ``source``, ``difference`` (a fraction) with ``se``, ``df``,
        ``lower`` and ``upper`` (95 %), ``basis``, ``is_paired`` (some rows are of the
        same networks), ``n_runs`` (of the row that has the fewest), ``p``, ``p_holm``
        (over the tested contrasts), ``n_tests``, ``outcome`` (an ``Expectation``) and
        ``why`` where nothing could be estimated.
    """
    known = _Recorded(study, results)
    lines = [{**_said(one), **known.estimate(one)} for one in study.contrasts]
    frame = pd.DataFrame(lines, columns=list(_COLUMNS))
    is_tested = frame["n_runs"] >= RUNS_FOR_VERDICT
    frame["p"] = frame["p"].astype(float).where(is_tested)
    frame["p_holm"] = holm(frame["p"])
    frame["n_tests"] = int(frame["p"].count())
    signs = [one.expected.sign for one in study.contrasts]
    frame["outcome"] = [
        str(_outcome(row, sign))
        for row, sign in zip(frame.to_dict("records"), signs, strict=True)
    ]
    return frame


def _said(contrast: Contrast) -> dict[str, Any]:
    return {
        "contrast": contrast.name,
        "rows": contrast.rows,
        "minus": contrast.minus,
        "expected": str(contrast.expected),
        "source": contrast.source,
    }


def _outcome(row: Mapping[Any, Any], sign: int) -> Expectation:
    if row["why"]:
        return Expectation.UNKNOWN
    if row["n_runs"] < RUNS_FOR_VERDICT:
        return Expectation.FEW_RUNS
    if not row["p_holm"] < ALPHA:
        return Expectation.UNSETTLED
    is_so = sign * row["difference"] > 0
    return Expectation.CAME_OUT if is_so else Expectation.OPPOSITE


@dataclass(frozen=True, eq=False)
class _Networks:
    """Rows of the same trained networks, put together seed by seed.

    Attributes:
        sums: The weighted sum of each network.
        scores: The same by scene, by the questions that are answered; None where some
            answers are not known.
    """

    sums: _Floats
    scores: Mapping[str, SceneScores] | None

    @property
    def n_runs(self) -> int:
        return len(self.sums)

    @property
    def variance(self) -> float:
        return float(self.sums.var(ddof=1)) / self.n_runs


class _Recorded:
    """Runs of a study's rows, scored once however many contrasts need them."""

    def __init__(self, study: Study, results: Results) -> None:
        self._results = results
        self._parents = {row.label: row.parent for row in study.rows}
        trials = results.trials
        done = trials[trials["val_accuracy"].notna()]
        self._runs = {
            str(row): dict(zip(mine["seed"], mine["val_accuracy"], strict=True))
            for row, mine in done.groupby("row", sort=False)
        }
        self._wanted = set(trials["row"])
        self._scored: dict[str, Scored | None] = {}

    def estimate(self, contrast: Contrast) -> dict[str, Any]:
        weights = contrast.weights
        families = list(self._families(weights))
        fewest = min((len(seeds) for _, seeds in families), default=0)
        why = self._why_not(weights, fewest)
        found = Estimate(math.nan, math.nan, math.nan, Basis.NONE)
        if not why:
            networks = [self._together(rows, seeds) for rows, seeds in families]
            found = _sum_of(networks)
        lower, upper = found.interval()
        return {
            "difference": found.value,
            "se": found.se,
            "df": found.df,
            "lower": lower,
            "upper": upper,
            "basis": str(found.basis),
            "is_paired": len(families) < len(weights),
            "n_runs": 0 if why else fewest,
            "p": found.p,
            "why": why,
        }

    # Rows by the one that was trained from nothing, with the seeds that all have.
    def _families(
        self, weights: Mapping[str, float]
    ) -> Iterator[tuple[Mapping[str, float], Sequence[int]]]:
        families: dict[str, dict[str, float]] = {}
        for row, weight in weights.items():
            families.setdefault(self._root(row), {})[row] = weight
        for rows in families.values():
            seeds = [set(self._runs.get(row, ())) for row in rows]
            yield rows, sorted(set.intersection(*seeds))

    def _root(self, row: str) -> str:
        while parent := self._parents.get(row, ""):
            row = parent
        return row

    def _why_not(self, weights: Mapping[str, float], fewest: int) -> str:
        for row in weights:
            if row not in self._wanted:
                return f"not asked: {row}"
            if row not in self._runs:
                return f"no finished run: {row}"
        return "" if fewest else "no seed that all of its rows have"

    def _together(self, rows: Mapping[str, float], seeds: Sequence[int]) -> _Networks:
        runs = [[w * self._runs[row][s] for s in seeds] for row, w in rows.items()]
        scores: dict[str, SceneScores] = {}
        for row, weight in rows.items():
            scored = self._score(row)
            if scored is None:
                return _Networks(np.sum(runs, axis=0), None)
            at = [list(self._runs[row]).index(seed) for seed in seeds]
            right = weight * scored.scores.right[at]
            if scored.digest in scores:
                right = right + scores[scored.digest].right
            scores[scored.digest] = SceneScores(right, scored.scores.asked)
        return _Networks(np.sum(runs, axis=0), scores)

    def _score(self, row: str) -> Scored | None:
        if row not in self._scored:
            self._scored[row] = score_row(self._results, row)
        return self._scored[row]


def _sum_of(networks: Sequence[_Networks]) -> Estimate:
    value = float(sum(one.sums.mean() for one in networks))
    scenes, scene_df, interaction = _from_scenes(networks)
    if min(one.n_runs for one in networks) == 1:
        basis = Basis.NONE if math.isnan(scenes) else Basis.CHECKPOINTS
        return Estimate(value, math.sqrt(scenes), scene_df, basis, scene_part=scenes)
    parts = [(one.variance, one.n_runs - 1.0) for one in networks]
    runs = sum(part for part, _ in parts)
    if math.isnan(scenes):
        df = satterthwaite(runs, parts)
        return Estimate(value, math.sqrt(runs), df, Basis.RUN_MEANS, run_part=runs)
    variance = max(runs + scenes - interaction, runs, scenes)
    df = satterthwaite(variance, [*parts, (scenes, scene_df)])
    return Estimate(value, math.sqrt(variance), df, Basis.CROSSED, runs, scenes)


# Variance that comes from scenes, its degrees of freedom, and what runs and scenes both
# contain; each set of questions has scenes of its own.
def _from_scenes(networks: Sequence[_Networks]) -> tuple[float, float, float]:
    known = [one.scores for one in networks if one.scores is not None]
    if len(known) < len(networks):
        return math.nan, math.nan, math.nan
    parts = []
    interaction = 0.0
    for digest in dict.fromkeys(name for scores in known for name in scores):
        mine = [scores[digest] for scores in known if digest in scores]
        asked = mine[0].asked
        right = np.sum([one.right.mean(0) for one in mine], axis=0)
        rest = right - right.sum() / asked.sum() * asked
        parts.append((scene_variance(rest, asked), len(asked) - 1.0))
        interaction += sum(one.interaction() for one in mine if one.n_runs > 1)
    variance = sum(part for part, _ in parts)
    return variance, satterthwaite(variance, parts), interaction
