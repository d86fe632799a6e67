"""Claims held against runs, or against nothing but the published table itself."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from reports.published import PublishedTable
from reports.reproduction.claims import Claim, Outcome, Says, judge
from reports.reproduction.screen import noise_of
from reports.results import Results, records
from reports.statistics.contrasts import Runs, contrast
from reports.statistics.corrections import ALPHA
from reports.statistics.intervals import Basis
from reports.statistics.scoring import Scored, score_row
from reports.statistics.verdicts import RUNS_FOR_VERDICT

__all__ = ["from_runs", "from_table"]

_POINTS: Final = 100.0
_UNKNOWN: Final = math.nan, math.nan
_COLUMNS: Final = (
    "claim", "place", "contrast", "says", "bound", "published", "difference", "lower",
    "upper", "basis", "outcome", "why",
)  # fmt: skip


def from_runs(
    claims: Sequence[Claim],
    table: PublishedTable,
    results: Results,
    estimates: pd.DataFrame,
    margin: float | None,
) -> pd.DataFrame:
    """Hold claims against a study's runs.

    Args:
        claims: Of the paper.
        table: Where its numbers are.
        results: What was recorded.
        estimates: The study's rows, as ``estimate_rows`` gives them.
        margin: Percentage points that would matter, if the study says so.

    Returns:
        One row per claim: ``claim``, ``place``, ``contrast``, ``says``, ``bound``,
        ``published`` (the same contrast of the published accuracies), ``difference``
        with ``lower`` and ``upper`` (95 %, over runs and scenes), ``basis``,
        ``outcome``, and ``why`` where nothing could be decided.
    """
    found = _Recorded(results, {row["row"]: row for row in records(estimates)})
    bound = _bound(table)
    rows = [
        {**_said(claim, table, bound), **found.test(claim, bound, margin)}
        for claim in claims
    ]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def from_table(claims: Sequence[Claim], table: PublishedTable) -> pd.DataFrame:
    """Ask what the published table alone says of the paper's claims.

    A row of one run is taken to vary as the baseline's runs do.

    Args:
        claims: Of the paper.
        table: Where its numbers are.

    Returns:
        The same columns as ``from_runs``; ``difference`` is the published one, with an
        interval from the baseline's s.d.
    """
    noise, bound = noise_of(table), _bound(table)
    rows = []
    for claim in claims:
        said = _said(claim, table, bound)
        ends = _UNKNOWN
        if noise is not None:
            parts = [w**2 / table.rows[r].n_runs for r, w in claim.weights.items()]
            t = float(stdtrit(noise.df, 1 - ALPHA / 2))
            half = t * noise.sd * math.sqrt(sum(parts))
            ends = said["published"] - half, said["published"] + half
        rows.append(
            {
                **said,
                "difference": said["published"],
                "lower": ends[0],
                "upper": ends[1],
                "basis": "the baseline's s.d." if noise else Basis.NONE.value,
                "outcome": str(judge(claim.says, ends, bound)),
                "why": "" if noise else "the table says no s.d. of its runs",
            }
        )
    return pd.DataFrame(rows, columns=list(_COLUMNS))


# What the best model's own runs may differ by: no more than that is alike.
def _bound(table: PublishedTable) -> float:
    noise = noise_of(table)
    return noise.half if noise else math.nan


def _said(claim: Claim, table: PublishedTable, bound: float) -> dict[str, Any]:
    weighted = [w * table.rows[row].accuracy for row, w in claim.weights.items()]
    has_bound = claim.says in {Says.ALIKE, Says.NOT_LOWER}
    return {
        "claim": claim.sentence,
        "place": claim.place,
        "contrast": claim.contrast,
        "says": str(claim.says),
        "bound": bound if has_bound else math.nan,
        "published": round(sum(weighted), 9) / _POINTS,
    }


class _Recorded:
    """Runs of a study's rows, scored once however many claims need them."""

    def __init__(self, results: Results, rows: Mapping[str, Mapping[str, Any]]) -> None:
        self._results = results
        self._rows = rows
        self._scored: dict[str, Scored | None] = {}

    def test(self, claim: Claim, bound: float, margin: float | None) -> dict[str, Any]:
        why = self._why_not(claim)
        if why:
            return _undecided(why)
        cells = self._cells(tuple(claim.weights))
        estimate = contrast(cells, tuple(claim.weights.values()))
        lower, upper = estimate.interval()
        fewest = min(cell.n_runs for cell in cells)
        found = {
            "difference": estimate.value,
            "lower": lower,
            "upper": upper,
            "basis": str(estimate.basis),
        }
        if fewest < RUNS_FOR_VERDICT:
            few = "one run" if fewest == 1 else f"{fewest} runs"
            return _undecided(f"a row has {few}") | found
        least = None if margin is None else margin / _POINTS
        outcome = judge(claim.says, (lower, upper), bound, least)
        return {**found, "outcome": str(outcome), "why": ""}

    def _why_not(self, claim: Claim) -> str:
        for row in claim.weights:
            if row not in self._rows:
                return f"not asked: {row}"
            if self._rows[row]["n_runs"] == 0:
                return f"no finished run: {row}"
            if self._rows[row]["has_other_questions"]:
                return f"judged on other questions: {row}"
        return ""

    # By scene where all of them answer the same questions.
    def _cells(self, rows: Sequence[str]) -> list[Runs]:
        for row in rows:
            if row not in self._scored:
                self._scored[row] = score_row(self._results, row)
        scored = [self._scored[row] for row in rows]
        digests = {one.digest if one else "" for one in scored}
        is_alike = len(digests) == 1 and "" not in digests
        return [
            Runs(
                np.array(self._rows[row]["runs"]),
                its.scores if its and is_alike else None,
            )
            for row, its in zip(rows, scored, strict=True)
        ]


def _undecided(why: str) -> dict[str, Any]:
    return {
        "difference": math.nan,
        "lower": math.nan,
        "upper": math.nan,
        "basis": Basis.NONE.value,
        "outcome": str(Outcome.UNDECIDED),
        "why": why,
    }
