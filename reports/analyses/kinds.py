"""All kinds of analysis, in the order in which a report shows them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pandas as pd

from film.errors import AnalysisError
from reports.analyses.activations import summarise_activations
from reports.analyses.embedding import summarise_embedding
from reports.analyses.errors.summary import summarise_errors
from reports.analyses.intervention import summarise_intervention
from reports.analyses.location import summarise_location
from reports.analyses.modulation import summarise_modulation
from reports.analyses.runs import AnalysedRun, Learnt, by_row, read_runs
from reports.analyses.zero_shot import summarise_zero_shot
from reports.tables.source import Source

__all__ = ["KINDS", "learnt_of", "summarise"]

KINDS: Final[Mapping[str, Callable[[str, Sequence[AnalysedRun]], Learnt]]] = {
    "modulation": summarise_modulation,
    "embedding": summarise_embedding,
    "intervention": summarise_intervention,
    "location": summarise_location,
    "activations": summarise_activations,
    "zero-shot": summarise_zero_shot,
    "errors": summarise_errors,
}
"""From a study's name and its runs to what is said of them, by kind."""

_FOLDER: Final = "analysis"
_DAMAGED: Final = (
    "An analysis is not as it was written ({}); `film analyse {} --study {}` makes it "
    "again."
)


def summarise(kind: str, study: str, runs: Sequence[AnalysedRun]) -> Learnt:
    """Say what one kind of analysis found.

    Args:
        kind: Which of `KINDS`.
        study: Its name.
        runs: Analysed runs, row by row, the baseline first.

    Returns:
        Tables and sentences, and of which questions they are where that is not plain.
    """
    made = KINDS[kind](study, runs)
    return replace(made, notes=(*made.notes, *_held_out(made.runs)))


def _held_out(runs: Sequence[AnalysedRun]) -> Iterator[str]:
    for row, (run, *_) in by_row(runs).items():
        about = run.analysis.about
        if about.get("held_out"):
            yield (
                f"{row}: of {about['split']}, the first {about['held_out']:,} questions"
                " and all others about their pictures are left out: runs of the study "
                "learn from them."
            )


def learnt_of(
    study: str, trials: pd.DataFrame, folder: Path | None, source: Source
) -> dict[str, Learnt]:
    """Gather every analysis that was made of a study's runs.

    Args:
        study: Its name.
        trials: The wanted trials, with ``row``, ``seed`` and ``trial_id``.
        folder: That of the trials' folders; None where it is not known.
        source: What the tables follow from.

    Returns:
        What each kind says, by kind; nothing where nothing was made.
    """
    if folder is None:
        return {}
    has_any = [(folder / one / _FOLDER).is_dir() for one in trials["trial_id"]]
    if not any(has_any):
        return {}
    found: dict[str, Learnt] = {}
    for kind in KINDS:
        runs, notes = read_runs(kind, trials[has_any], folder)
        if not runs:
            continue
        try:
            made = summarise(kind, study, runs)
        except (AnalysisError, IndexError, KeyError, TypeError, ValueError) as error:
            made = Learnt(heading=kind, notes=[_DAMAGED.format(error, kind, study)])
        tables = {
            stem: replace(table, source=source) for stem, table in made.tables.items()
        }
        found[kind] = replace(made, tables=tables, notes=(*made.notes, *notes))
    return found
