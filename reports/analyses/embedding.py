"""What is said of how questions lie in the space of γ and β.

References:
    Perez et al., *FiLM*, AAAI 2018, Section 4.2 and Figure 6.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import pandas as pd

from reports.analyses.runs import AnalysedRun, Learnt, stack
from reports.results import records
from reports.tables.numbers import count, percent
from reports.tables.spec import Cell, Column, TableSpec, grouped

__all__ = ["summarise_embedding"]

_ALIKE: Final = {
    "type": "type of question",
    "attribute": "attribute asked for",
    "operation": "query or compare",
}
_COLUMNS: Final = (
    Column("Neighbours alike in", name="alike"),
    Column("Block", is_number=True, name="layer"),
    Column("Share (%)", is_number=True, name="share"),
    Column("By chance (%)", is_number=True, name="chance"),
)


def summarise_embedding(study: str, runs: Sequence[AnalysedRun]) -> Learnt:
    """Average over runs how many nearest neighbours are alike.

    Args:
        study: Its name.
        runs: Analysed runs, row by row, the baseline first.

    Returns:
        A table with a section per row.
    """
    keys = ["row", "alike", "layer"]
    by_line = stack(runs, "neighbours").groupby(keys, sort=False)
    means = by_line[["share", "chance", "n"]].mean().reset_index()
    means.insert(3, "n_runs", by_line.size().to_numpy())
    about = runs[0].analysis.about
    asked = f"{count(about['questions'], 'question')} of {about['split']}"
    how = (
        f"Of the {about['neighbours']} nearest neighbours of each of {asked} with "
        "different words, by Euclidean distance in the whole (γ, β) of a block."
    )
    notes = how, "Attribute, query or compare: where both can be said of a question."
    table = TableSpec(
        study,
        f"Are questions that are alike near each other in (γ, β)? {study}",
        _COLUMNS,
        grouped(list(_lines(means))),
        notes,
        kind="embedding",
        frame=means,
    )
    return Learnt(
        heading="How questions lie in the space of γ and β",
        tables={"embedding": table},
        sentences=tuple(_sentences(means, runs[0].row)),
        runs=runs,
    )


def _lines(means: pd.DataFrame) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    for line in records(means.sort_values("alike", key=_order, kind="stable")):
        texts = str(line["layer"]), percent(line["share"]), percent(line["chance"])
        heading = f"{line['row']} ({count(line['n_runs'], 'run')})"
        yield heading, (Cell(_ALIKE[line["alike"]]), *map(Cell, texts))


def _order(names: pd.Series) -> pd.Series:
    return names.map(list(_ALIKE).index)


def _sentences(means: pd.DataFrame, row: str) -> Iterator[str]:
    mine = means[means["row"] == row]
    first, last = int(mine["layer"].min()), int(mine["layer"].max())
    shares = {(one["alike"], one["layer"]): one for one in records(mine)}
    for alike, name in _ALIKE.items():
        if (alike, first) not in shares:
            continue
        one, other = shares[alike, first], shares[alike, last]
        said = f"{percent(one['share'])} % of nearest neighbours in block {first}"
        if first != last:
            said += f", {percent(other['share'])} % in block {last}"
        yield (
            f"{row}: {said} are alike in {name} (by chance {percent(one['chance'])} %)."
        )
