"""What is said of feature maps before and after FiLM.

References:
    Perez et al., *FiLM*, AAAI 2018, Figures 14 and 15.
"""

from collections.abc import Iterator, Sequence

import pandas as pd

from reports.analyses.location import ABSENT
from reports.analyses.modulation import decimal
from reports.analyses.runs import AnalysedRun, Learnt
from reports.results import records
from reports.tables.spec import Cell, Column, TableSpec, grouped

__all__ = ["map_lines", "summarise_activations"]

_COLUMNS = (
    Column("Map", name="map"),
    Column("γ", is_number=True, name="gamma"),
    Column("β", is_number=True, name="beta"),
    Column("R.m.s. change", is_number=True, name="change"),
)


def summarise_activations(study: str, runs: Sequence[AnalysedRun]) -> Learnt:
    """List the maps that are shown of one run.

    Args:
        study: Its name.
        runs: Analysed runs, the baseline first; the first one is shown.

    Returns:
        A table with a line per question and map.
    """
    run = runs[0]
    lines = map_lines(run)
    table = TableSpec(
        study,
        f"Feature maps before and after FiLM: {run.row}",
        _COLUMNS,
        grouped(list(_cells(lines))),
        tuple(_notes(run)),
        kind="activations",
        frame=lines,
    )
    return Learnt(
        heading="Feature maps before and after FiLM",
        tables={"activations": table},
        runs=runs,
    )


def map_lines(run: AnalysedRun) -> pd.DataFrame:
    """Put γ, β and change of each shown map beside the question.

    Args:
        run: An analysed run.

    Returns:
        ``text``, ``given``, ``label``, ``block``, ``channel``, ``gamma``, ``beta``
        and ``change``, a line per question and map.
    """
    said = run.analysis.tables["examples"][["text", "given", "label"]]
    lines = run.analysis.tables["channels"]
    return lines.merge(said, left_on="example", right_index=True, how="left")


def _cells(lines: pd.DataFrame) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    for line in records(lines):
        numbers = (line["gamma"], line["beta"], line["change"])
        where = f"block {line['block']}, map {line['channel']}"
        yield (
            f"{line['example'] + 1}. {line['text']}",
            (Cell(where), *(Cell(decimal(number)) for number in numbers)),
        )


def _notes(run: AnalysedRun) -> Iterator[str]:
    about = run.analysis.about
    if about["channels"] == "most changed":
        yield (
            "Shown are the maps of each block that FiLM changes most over these "
            "questions: in them the root of the mean squared difference between after "
            "and before is largest."
        )
    yield "Maps are numbered from 0, as in the paper's figures; blocks from 1."
    if about["pictures"] == "absent":
        yield ABSENT
