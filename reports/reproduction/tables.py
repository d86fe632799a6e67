"""What a reproduction found, as tables."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from reports.published import PublishedTable
from reports.reproduction.agreement import Agreement, Summary
from reports.reproduction.deviations import Deviation
from reports.reproduction.ranks import Simulated
from reports.results import records
from reports.tables.numbers import (
    NOTHING,
    count,
    interval,
    mean_and_sd,
    percent,
    signed,
)
from reports.tables.spec import Cell, Column, TableSpec, grouped

__all__ = [
    "agreement_table",
    "deviation_table",
    "row_table",
]


def row_table(name: str, agreement: Agreement, table: PublishedTable) -> TableSpec:
    """Set out every row beside its published number.

    Args:
        name: The study.
        agreement: Its rows.
        table: Published.

    Returns:
        The table: accuracies and differences on the published questions, differences
        alone on others.
    """
    is_on = agreement.is_on_published_questions
    lines = []
    for row in records(agreement.rows):
        cells = [
            Cell(row["row"]),
            Cell(f"{row['n_runs']}"),
            *(_accuracies(row) if is_on else []),
            Cell(signed(row["published_delta"])),
            Cell(signed(row["delta"])),
            Cell(interval(row["lower"], row["upper"])),
            Cell(_predicted(row, is_accuracy=is_on)),
            Cell(_place(row)),
        ]
        lines.append((row["group"], tuple(cells)))
    of = "accuracy" if is_on else "Δ"
    columns = (
        Column("Variation"),
        Column("Runs", is_number=True),
        *(
            [
                Column("Published (%)", is_number=True),
                Column("Here (%)", is_number=True),
            ]
            if is_on
            else []
        ),
        Column("Published Δ", is_number=True),
        Column("Δ here", is_number=True),
        Column("95 % interval"),
        Column(f"Prediction ({of})"),
        Column("Published is"),
    )
    return TableSpec(
        name,
        f"{name} beside {table.source}",
        columns,
        grouped(lines),
        tuple(_row_notes(agreement, table)),
        kind="reproduction",
        frame=agreement.rows,
    )


def agreement_table(name: str, summary: Summary) -> TableSpec:
    """Set out what is said over all rows.

    Args:
        name: The study.
        summary: Of the agreement.

    Returns:
        The table, one measure a line.
    """
    s = summary
    limits = f"{signed(s.bias)} {interval(*s.limits)}".rstrip()
    found = {
        "published value inside the prediction interval": _of(
            s.n_inside, s.n_predicted
        ),
        "Kendall's τ-b of the order of rows": _plain(s.tau),
        "… of a perfect reproduction": _score(s.ceiling),
        "… of 97.5 % of unrelated tables, at most": _plain(s.unrelated.upper)
        if s.unrelated
        else NOTHING,
        "same sign, rows readable over the paper's noise": _of(
            s.n_same_readable, s.n_readable
        ),
        "same sign, all rows that differ": _of(s.n_same_signed, s.n_signed),
        "Lin's concordance of the differences": _plain(s.concordance),
        "mean absolute difference (points)": percent(s.mean_absolute),
        "bias (points) and 95 % limits of agreement": limits,
    }
    if not math.isnan(s.level):
        found["the same bias of accuracies (points)"] = signed(s.level)
    found = {measure: value for measure, value in found.items() if value != NOTHING}
    lines = [("", (Cell(measure), Cell(value))) for measure, value in found.items()]
    return TableSpec(
        name,
        f"Agreement over {count(s.n_rows, 'row')}, here less published: {name}",
        (Column("Measure"), Column("Value")),
        grouped(lines),
        tuple(_agreement_notes(s)),
        kind="agreement",
        frame=pd.DataFrame(list(found.items()), columns=["measure", "value"]),
    )


def deviation_table(
    name: str, found: Sequence[Deviation], stated: Sequence[str]
) -> TableSpec | None:
    """Set out what was done otherwise than in the paper.

    Args:
        name: The study.
        found: What the configuration shows.
        stated: What its author says.

    Returns:
        The table; nothing where nothing differs.
    """
    lines = [
        *((one.what, one.here, one.there or NOTHING) for one in found),
        *(("as its author says", words, NOTHING) for words in stated),
    ]
    if not lines:
        return None
    return TableSpec(
        name,
        f"Done otherwise than in the paper: {name}",
        (Column("What"), Column("Here"), Column("Paper")),
        grouped([("", tuple(Cell(text) for text in line)) for line in lines]),
        kind="deviations",
        frame=pd.DataFrame(lines, columns=["what", "here", "paper"]),
    )


def _accuracies(row: Mapping[str, Any]) -> list[Cell]:
    return [
        Cell(mean_and_sd(row["published"], row["published_sd"])),
        Cell(mean_and_sd(row["accuracy"], row["sd"])),
    ]


def _predicted(row: Mapping[str, Any], *, is_accuracy: bool) -> str:
    low, high = row["predicted_lower"], row["predicted_upper"]
    if math.isnan(low):
        return ""
    if is_accuracy:
        return f"[{percent(low)}, {percent(high)}]"
    return interval(low, high)


def _place(row: Mapping[str, Any]) -> str:
    if math.isnan(row["predicted_lower"]):
        return ""
    return "inside" if row["is_inside"] else "outside"


def _row_notes(agreement: Agreement, table: PublishedTable) -> list[str]:
    is_on = agreement.is_on_published_questions
    over = f" over {table.questions}" if table.questions else ""
    other = (
        "These runs were not judged on the questions of the published table, or it is "
        "not known that they were: differences to the baseline are compared, not "
        "accuracies."
    )
    notes = [
        f"Published: {table.source}{over}.",
        *([] if is_on else [other]),
        (
            "Prediction: where one more run, or as many as were published, would fall "
            "with probability .95 if nothing differed: m ± t·s·√(1/n + 1/k) of k runs "
            "here and n published, widened by what printing rounded off. A row of one "
            "run borrows the s.d. of the baseline's."
        ),
    ]
    if agreement.unmatched:
        notes.append(f"Published, but no rows here: {'; '.join(agreement.unmatched)}.")
    if agreement.unpublished:
        notes.append(f"Not published: {'; '.join(agreement.unpublished)}.")
    return notes


def _agreement_notes(summary: Summary) -> list[str]:
    chance = (
        "If nothing differed, 95 % would lie inside; by chance half of the signs would "
        "be the same."
    )
    notes = [chance]
    if summary.has_noise:
        notes.append(
            "Readable: outside the range of one more run of the published baseline. A "
            "perfect reproduction and unrelated tables are simulated from the "
            "published numbers and s.d."
        )
    else:
        notes.append(
            "No s.d. was published: which rows are readable over the paper's noise, "
            "and what a perfect reproduction would score, cannot be told."
        )
    if summary.collapsed:
        without = "; ".join(summary.collapsed)
        notes.append(
            f"Left out of concordance, differences and bias, as collapsed: {without}."
        )
    return notes


def _score(simulated: Simulated | None) -> str:
    if simulated is None:
        return NOTHING
    ends = f"[{_plain(simulated.lower)}, {_plain(simulated.upper)}]"
    return f"{_plain(simulated.mean)} {ends}"


def _plain(value: float) -> str:
    if math.isnan(value):
        return NOTHING
    text = f"{abs(value):.2f}"
    if float(text) == 0:
        return "0"
    return f"{'−' if value < 0 else ''}{text.removeprefix('0')}"


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}" if whole else NOTHING
