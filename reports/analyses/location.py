"""What is said of where a network looks.

References:
    Perez et al., *FiLM*, AAAI 2018, Section 4.2 and Figure 4.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pandas as pd

from reports.analyses.modulation import decimal
from reports.analyses.runs import AnalysedRun, Learnt, by_row, stack
from reports.results import records
from reports.tables.numbers import count
from reports.tables.spec import Cell, Column, TableSpec, grouped

__all__ = ["ABSENT", "ALL", "summarise_location", "type_words"]

ALL: Final = "all"
"""What stands for all types of questions."""

ABSENT: Final = (
    "Pictures were not at hand (the store holds features alone): the maps stand by "
    "themselves. --images FOLDER says where they are."
)

_COLUMNS: Final = (
    Column("Questions", name="type"),
    Column("How many", is_number=True, name="questions"),
    Column("Maps with a winner", is_number=True, name="winners"),
    Column("Places of half of them", is_number=True, name="places"),
)


def summarise_location(study: str, runs: Sequence[AnalysedRun]) -> Learnt:
    """Average over runs how many maps win, and how far apart.

    Args:
        study: Its name.
        runs: Analysed runs, row by row, the baseline first.

    Returns:
        A table with a line per row, and of the first row per type of question.
    """
    means = _means(stack(runs, "means"))
    table = TableSpec(
        study,
        f"Where the global max pool takes its values from: {study}",
        _COLUMNS,
        grouped(list(_lines(means, runs[0].row))),
        tuple(_notes(runs)),
        kind="location",
        frame=means,
    )
    return Learnt(
        heading="Where the network looks",
        tables={"location": table},
        sentences=tuple(_sentences(means, runs)),
        runs=runs,
    )


def type_words(name: str) -> str:
    """Write a type of questions as a person reads it.

    Args:
        name: Of ``QuestionType``, or ``all``.

    Returns:
        The words.
    """
    return "all questions" if name == ALL else name.replace("_", " ")


def _means(lines: pd.DataFrame) -> pd.DataFrame:
    by_line = lines.groupby(["row", "type"], sort=False)
    means = by_line[["questions", "winners", "places"]].mean().reset_index()
    means.insert(2, "n_runs", by_line.size().to_numpy())
    return means


def _lines(
    means: pd.DataFrame, detailed: str
) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    for line in records(means):
        if line["type"] != ALL and line["row"] != detailed:
            continue
        cells = (
            Cell(type_words(line["type"])),
            Cell(f"{line['questions']:,.0f}"),
            Cell(decimal(line["winners"], 1)),
            Cell(decimal(line["places"], 1)),
        )
        yield f"{line['row']} ({count(line['n_runs'], 'run')})", cells


def _places(run: AnalysedRun) -> int:
    _, rows, columns = run.analysis.arrays["means"].shape
    return int(rows * columns)


def _sentences(means: pd.DataFrame, runs: Sequence[AnalysedRun]) -> Iterator[str]:
    line: dict[str, Any] = records(means)[0]
    yield (
        f"{line['row']}: half of the winning maps of a question lie at "
        f"{decimal(line['places'], 1)} of {_places(runs[0])} places, mean over "
        "questions."
    )


def _notes(runs: Sequence[AnalysedRun]) -> Iterator[str]:
    about = runs[0].analysis.about
    yield (
        f"Means over runs, over {count(about['questions'], 'question')} of "
        f"{about['split']}. A map wins where it has its maximum, if that is above "
        "zero; the places are the fewest that hold half of the winners."
    )
    averaged = [
        row
        for row, mine in by_row(runs).items()
        if mine[0].analysis.about["pooling"] != "max"
    ]
    if averaged:
        yield (
            f"{', '.join(averaged)}: the pool averages, so that a maximum is only "
            "where most comes from."
        )
    if about["pictures"] == "absent":
        yield ABSENT
