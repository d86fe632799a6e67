"""All kinds of analysis, in the order in which a report shows them."""

from collections.abc import Callable, Mapping, Sequence
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
from reports.analyses.runs import AnalysedRun, Learnt, read_runs
from reports.analyses.zero_shot import summarise_zero_shot
from reports.tables.source import Source

__all__ = ["KINDS", "learnt_of"]

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
    for kind, summarise in KINDS.items():
        runs, notes = read_runs(kind, trials[has_any], folder)
        if not runs:
            continue
        try:
            made = summarise(study, runs)
        except (AnalysisError, IndexError, KeyError, TypeError, ValueError) as error:
            made = Learnt(heading=kind, notes=[_DAMAGED.format(error, kind, study)])
        tables = {
            stem: replace(table, source=source) for stem, table in made.tables.items()
        }
        found[kind] = replace(made, tables=tables, notes=(*made.notes, *notes))
    return found
