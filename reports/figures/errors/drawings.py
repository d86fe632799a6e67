"""The figures of what the first row answers wrong.

References:
    Perez et al., *FiLM*, AAAI 2018, Section 4.2 and appendix (error analysis).
"""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from reports.analyses.errors.numbers import (
    ALL,
    comparable,
    confusion_numbers,
    consistency_numbers,
    counting_numbers,
    occlusion_numbers,
)
from reports.analyses.errors.summary import hidden_range
from reports.analyses.runs import AnalysedRun, by_row
from reports.figures.errors.confusion import draw_confusion
from reports.figures.errors.consistency import draw_consistency, relation_name
from reports.figures.errors.occlusion import draw_occlusion
from reports.figures.of_study import Drawing
from reports.figures.style import WIDTH
from reports.results import records
from reports.tables.numbers import percent

__all__ = ["errors_drawings"]

_FEWEST: Final = 20  # pairs and triples that a share is drawn of
_COUNTING: Final = (
    "Percent of the questions with that right number, of all runs together. Blue is "
    "right, orange is wrong; cells without a number are less than half a percent."
)
_OCCLUSION: Final = (
    "Points are accuracies with 95 % intervals; dashes are what all questions "
    "of the same kind with the same right answer have, whatever is hidden. Of the "
    "objects that an answer needs the most hidden one counts."
)
_CONSISTENCY: Final = (
    "Pairs and triples of questions about one picture that logic relates. Diamonds: "
    "how many would contradict each other if errors were independent. What there are "
    f"fewer than {_FEWEST} of is in the table alone."
)


def errors_drawings(
    runs: Sequence[AnalysedRun], width: float = WIDTH
) -> dict[str, Drawing]:
    """Draw what the first row answers wrong.

    Args:
        runs: Analysed runs, row by row, the baseline first.
        width: Of the figures, in inches.

    Returns:
        Figures by the stems of their files; those of which there is nothing are
        absent.
    """
    row, every = next(iter(by_row(runs).items()))
    mine = comparable(every)
    confusion, hidden = confusion_numbers(mine), occlusion_numbers(mine)
    related = consistency_numbers(mine)
    drawings = {}
    if len(confusion):
        drawings["errors-counting"] = Drawing(
            f"Answers to “how many”: {row}",
            draw_confusion(confusion, width),
            confusion,
            _counting_words(counting_numbers(mine), row),
            _COUNTING,
        )
    if len(hidden):
        drawings["errors-occlusion"] = Drawing(
            f"Accuracy by what is hidden: {row}",
            draw_occlusion(hidden, width),
            hidden,
            _occlusion_words(hidden, row),
            _OCCLUSION,
        )
    if len(related := related[related["n_groups"] >= _FEWEST]):
        drawings["errors-consistency"] = Drawing(
            f"Contradictions: {row}",
            draw_consistency(related, width),
            related,
            _consistency_words(related, row),
            _CONSISTENCY,
        )
    return drawings


def _counting_words(numbers: pd.DataFrame, row: str) -> str:
    parts = [
        f"{line['label']}: {percent(line['accuracy'])} %"
        for line in records(numbers)
        if line["label"] != ALL
    ]
    return f"Accuracy of counts by the right number, {row}. {'; '.join(parts)}."


def _occlusion_words(numbers: pd.DataFrame, row: str) -> str:
    parts = [
        f"{hidden_range(line['least'], line['most'])}: {percent(line['accuracy'])} %"
        for line in records(numbers[numbers["type"] == ALL])
    ]
    return f"Accuracy by what is hidden, {row}. {'; '.join(parts)}."


def _consistency_words(numbers: pd.DataFrame, row: str) -> str:
    parts = [
        f"{relation_name(line['relation'])}: {percent(line['contradict'])} %, "
        f"by chance {percent(line['chance'])} %"
        for line in records(numbers)
    ]
    return f"Contradictions between answers, {row}. {'; '.join(parts)}."
