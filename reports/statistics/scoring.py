"""From recorded answers to the counts by scene that the statistics work on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.results import Answers, Questions, Results
from reports.statistics.intervals import (
    NOTHING,
    Estimate,
    SceneScores,
    Spread,
    crossed,
    score_scenes,
    welch,
)

__all__ = ["Scored", "compare", "other_questions", "score_row", "score_types"]


@dataclass(frozen=True, eq=False)
class Scored:
    """A row's answers by scene, and which questions they answer."""

    scores: SceneScores
    digest: str


def score_row(results: Results, row: str) -> Scored | None:
    """Count the right answers of a row's finished runs.

    Args:
        results: What was recorded.
        row: Its name.

    Returns:
        The counts; None where an answer is missing, the runs answer different
        questions, or there is but one scene.
    """
    found = _answers(results, row)
    if found is None:
        return None
    questions, correct = found
    return _scored(questions, correct, np.ones(questions.n_questions, dtype=bool))


def score_types(results: Results, row: str) -> dict[str, Scored]:
    """Count the right answers of a row's finished runs by type of question.

    Args:
        results: What was recorded.
        row: Its name.

    Returns:
        Counts by type, over the scenes that have such questions; those types are left
        out of which nothing can be said.
    """
    found = _answers(results, row)
    if found is None:
        return {}
    questions, correct = found
    scored = {
        name: _scored(questions, correct, is_of)
        for name, is_of in questions.of_type.items()
    }
    return {name: each for name, each in scored.items() if each is not None}


def compare(
    scored: tuple[Scored | None, Scored | None],
    runs: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
    spreads: tuple[Spread, Spread] | None = None,
) -> Estimate:
    """Compare a row with another, by answers to the same questions where there are any.

    Args:
        scored: Answers of either.
        runs: Accuracies of the runs of either.
        spreads: How much the runs of either differ, where more than they tells.

    Returns:
        Accuracy of the first minus that of the second; nothing where either has no
        runs.
    """
    mine, its = scored
    if mine and its and mine.digest == its.digest:
        return crossed(mine.scores, its.scores, spreads)
    if not len(runs[0]) or not len(runs[1]):
        return NOTHING
    return welch(*runs, spreads)


def other_questions(rows: pd.DataFrame, results: Results) -> list[bool]:
    """Find the rows that were not judged on the baseline's questions.

    Args:
        rows: Every row, with ``row`` and ``is_baseline``.
        results: What was recorded.

    Returns:
        For each, whether its runs, or those of the baseline, do not answer one set of
        questions.
    """
    asked = {row: _asked(results, row) for row in rows["row"]}
    of_baseline = {
        digest for row in rows.loc[rows["is_baseline"], "row"] for digest in asked[row]
    }
    reference = of_baseline or next(filter(None, asked.values()), set())
    return [len(asked[row]) > 0 and len(asked[row] | reference) > 1 for row in asked]


def _answers(
    results: Results, row: str
) -> tuple[Questions, npt.NDArray[np.bool_]] | None:
    found = [results.answers.get(key) for key in _finished(results, row)]
    known = [answer for answer in found if answer is not None]
    digests = {answer.questions.digest for answer in known}
    if len(known) < len(found) or len(digests) != 1:
        return None
    return known[0].questions, np.stack([answer.correct for answer in known])


def _scored(
    questions: Questions, correct: npt.NDArray[np.bool_], of: npt.NDArray[np.bool_]
) -> Scored | None:
    scores = score_scenes(correct[:, of], questions.scenes[of])
    if scores.n_scenes < 2:  # noqa: PLR2004 - a variance needs two
        return None
    return Scored(scores, questions.digest)


def _asked(results: Results, row: str) -> set[str]:
    found: list[Answers | None] = [
        results.answers.get(key) for key in _finished(results, row)
    ]
    return {one.questions.digest for one in found if one is not None}


def _finished(results: Results, row: str) -> list[Any]:
    trials = results.trials
    return list(
        trials.loc[(trials["row"] == row) & trials["val_accuracy"].notna(), "trial_id"]
    )
