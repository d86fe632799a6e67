"""The figures of analyses, by kind and by the stems of their files."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from reports.analyses.runs import AnalysedRun, Learnt
from reports.figures.activations import activations_drawings
from reports.figures.embedding import embedding_drawings
from reports.figures.errors.drawings import errors_drawings
from reports.figures.intervention import intervention_drawings
from reports.figures.location import location_drawings
from reports.figures.modulation import modulation_drawings
from reports.figures.of_study import Drawing
from reports.figures.style import WIDTH
from reports.figures.zero_shot import zero_shot_drawings

__all__ = ["analysis_drawings", "learnt_drawings"]

_FIGURES: Final[
    Mapping[str, Callable[[Sequence[AnalysedRun], float], dict[str, Drawing]]]
] = {
    "modulation": modulation_drawings,
    "embedding": embedding_drawings,
    "intervention": intervention_drawings,
    "location": location_drawings,
    "activations": activations_drawings,
    "zero-shot": zero_shot_drawings,
    "errors": errors_drawings,
}


def analysis_drawings(
    kind: str, runs: Sequence[AnalysedRun], width: float = WIDTH
) -> dict[str, Drawing]:
    """Draw one kind of analysis.

    Args:
        kind: Which.
        runs: What was found, row by row, the baseline first.
        width: Of the figures, in inches.

    Returns:
        Figures by the stems of their files.
    """
    return _FIGURES[kind](runs, width)


def learnt_drawings(
    learnt: Mapping[str, Learnt], width: float = WIDTH
) -> dict[str, Drawing]:
    """Draw every analysis of a study.

    Args:
        learnt: What each kind says.
        width: Of the figures, in inches.

    Returns:
        Figures by the stems of their files, which begin with the kind and are not
        those of tables: both have numbers beside them.
    """
    return {
        f"{stem}-figure" if stem in found.tables else stem: drawing
        for kind, found in learnt.items()
        if found.runs
        for stem, drawing in analysis_drawings(kind, found.runs, width).items()
    }
