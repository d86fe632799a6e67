"""The runs of every combination of components that a design asked for."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from reports.results import Results
from reports.statistics.contrasts import Runs, Scale
from reports.statistics.scoring import other_questions, score_row
from studies.study import Study

__all__ = ["Combinations", "On", "combine"]

On = frozenset[str]

_CEILING: Final = 0.95
_ABOVE_GUESSING: Final = 0.05


@dataclass(frozen=True, eq=False)
class Combinations:
    """Runs by the components that are on.

    Attributes:
        labels: The components, in the order of the study.
        runs: The finished runs of the rows that have any.
        names: The row of every combination that the design asked for.
        missing: Rows without a finished run, or not judged on the baseline's questions.
        collapsed: Rows so near to guessing or to 100 % that differences shrink.
    """

    labels: tuple[str, ...]
    runs: Mapping[On, Runs]
    names: Mapping[On, str]
    missing: tuple[str, ...]
    collapsed: tuple[str, ...]

    def on(self, scale: Scale) -> "Combinations":
        """Change the runs' accuracies.

        Args:
            scale: What effects are differences of.

        Returns:
            The combinations on that scale.
        """
        runs = {on: one.on(scale) for on, one in self.runs.items()}
        return Combinations(self.labels, runs, self.names, self.missing, self.collapsed)


def combine(study: Study, results: Results) -> Combinations | None:
    """Sort the rows of a study by the components that are on.

    Args:
        study: Its definition.
        results: What was recorded of it.

    Returns:
        The combinations; None of a study whose design has no components.
    """
    if study.design is None or not study.design.components:
        return None
    names = {row.on: row.label for row in study.rows if row.on is not None}
    others = _judged_otherwise(results)
    found = {on: _runs(results, row) for on, row in names.items() if row not in others}
    runs = {on: one for on, one in found.items() if one is not None}
    guess = _guess(results)
    return Combinations(
        labels=study.design.labels,
        runs=runs,
        names=names,
        missing=tuple(row for on, row in names.items() if on not in runs),
        collapsed=tuple(
            names[on] for on, one in runs.items() if _is_collapsed(one.mean, guess)
        ),
    )


def _judged_otherwise(results: Results) -> set[str]:
    rows = results.trials.drop_duplicates("row")[["row", "is_baseline"]]
    found = pd.Series(other_questions(rows, results), index=rows.index, dtype=bool)
    return set(rows.loc[found, "row"])


def _runs(results: Results, row: str) -> Runs | None:
    trials = results.trials
    values = trials.loc[trials["row"] == row, "val_accuracy"].dropna().to_numpy(float)
    if not len(values):
        return None
    scored = score_row(results, row)
    return Runs(scored.scores.accuracies, scored.scores) if scored else Runs(values)


def _guess(results: Results) -> float:
    found = {one.questions.guess for one in results.answers.values()}
    return found.pop() if len(found) == 1 else math.nan


def _is_collapsed(accuracy: float, guess: float) -> bool:
    return accuracy >= _CEILING or accuracy <= guess + _ABOVE_GUESSING
