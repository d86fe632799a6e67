"""What `film compare` shows: a study beside a published table, or that table alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import numpy as np
import pandas as pd

from reports.figures.of_study import Drawing, reproduction_figure
from reports.figures.reproduction import order_in_words
from reports.figures.screen import draw_screen, screen_in_words
from reports.published import PublishedTable
from reports.reproduction.agreement import Agreement
from reports.reproduction.claim_tables import claim_table
from reports.reproduction.claims import CLAIMS, Outcome
from reports.reproduction.document import Document
from reports.reproduction.evidence import from_table
from reports.reproduction.making import HEADINGS, Reproduction
from reports.reproduction.paper_tables import published_table, screen_table
from reports.reproduction.ranks import Simulated, ceiling
from reports.reproduction.screen import Noise, noise_of, screen
from reports.statistics.corrections import ALPHA
from reports.tables.numbers import count, percent
from studies.study import Study

__all__ = ["examine", "study_document"]

_RUNS: Final = 1, 3, 5, 10  # per row, of which the ceiling is told
_ROWS: Final = "Row by row"
_CLAIMS: Final = HEADINGS["reproduction-claims"]


def study_document(study: Study, found: Reproduction, command: str) -> Document:
    """Put together what came of holding a study against a published table.

    Args:
        study: What was asked.
        found: What came of it.
        command: What makes it again.

    Returns:
        Findings, tables and figure.
    """
    agreement, table = found.agreement, found.table
    return Document(
        title=f"{study.name} beside {table.source}",
        paragraphs=(study.question, *_findings(agreement, found.claims)),
        tables={HEADINGS[stem]: one for stem, one in found.tables.items()},
        command=command,
        drawing=reproduction_figure(agreement) if agreement.summary.n_rows else None,
        head={
            "study": study.name,
            "published": table.source,
            "on_published_questions": agreement.is_on_published_questions,
            "summary": asdict(agreement.summary),
        },
    )


def examine(table: PublishedTable, command: str) -> Document:
    """Ask what a published table says by itself.

    Args:
        table: Published.
        command: What makes the document again.

    Returns:
        Which rows leave the baseline's own range, and what that does to the claims.
    """
    screened, noise = screen(table), noise_of(table)
    head = {"published": table.source}
    if noise is None:
        return Document(
            title=f"What {table.source} says by itself",
            paragraphs=(
                (
                    f"{count(len(table.rows), 'row')}; no standard deviation over runs "
                    "was published, so that noise cannot be told from differences."
                ),
            ),
            tables={_ROWS: published_table(table, screened)},
            command=command,
            head=head,
        )
    claims = from_table(CLAIMS.get(table.name, ()), table)
    tables = {_ROWS: screen_table(table, screened, noise)}
    if len(claims):
        tables[_CLAIMS] = claim_table(table.name, claims, None, is_alone=True)
    return Document(
        title=f"What {table.source} says by itself",
        paragraphs=tuple(_said_alone(table, screened, noise, claims)),
        tables=tables,
        command=command,
        drawing=Drawing("", draw_screen(screened), screened, screen_in_words(screened)),
        head=head,
    )


def _findings(agreement: Agreement, claims: pd.DataFrame) -> list[str]:
    s = agreement.summary
    if not s.n_rows:
        return ["No row has both a published difference and one of finished runs."]
    said = []
    if len(claims):
        outcomes = Counter(claims["outcome"])
        parts = [f"{outcomes[one]} {one}" for one in Outcome if outcomes[one]]
        said.append(f"{count(len(claims), 'claim')}: {', '.join(parts)}.")
    if s.n_predicted:
        said.append(
            f"{s.n_inside} of {count(s.n_predicted, 'published value')} "
            f"{'lies' if s.n_inside == 1 else 'lie'} inside the prediction interval of "
            "these runs; 95 % would, if nothing differed."
        )
    order = order_in_words(s)
    return [*said, f"{order}."] if order else said


def _score(simulated: Simulated) -> str:
    values = simulated.mean, simulated.lower, simulated.upper
    mean, lower, upper = (f"{value:.2f}".removeprefix("0") for value in values)
    return f"{mean} [{lower}, {upper}]"


def _said_alone(
    table: PublishedTable, screened: pd.DataFrame, noise: Noise, claims: pd.DataFrame
) -> list[str]:
    best = table.baseline
    low, high = (best.accuracy / 100 + sign * noise.half for sign in (-1, 1))
    others = screened[~screened["is_baseline"]]
    inside = list(others.loc[others["is_inside"], "row"])
    outside = list(others.loc[~others["is_inside"], "row"])
    left = list(others.loc[others["p_holm"] < ALPHA, "row"])
    single = " of one run" if (others["n_runs"] == 1).all() else ""
    said = [
        (
            f"The baseline has {best.accuracy:g} ± {best.sd:g} % over "
            f"{count(best.n_runs, 'run')}: one more run of it would fall between "
            f"{percent(low, 2)} and {percent(high, 2)} % with probability .95."
        ),
        (
            f"{len(inside)} of the {count(len(others), 'row')}{single} lie inside that "
            "range, where the table cannot tell them from the baseline run once more: "
            f"{_listed(inside)}."
        ),
        (
            f"Outside that range: {_listed(outside)} ({len(outside)}). After Holm's "
            f"correction over {len(others)} comparisons: {_listed(left)} ({len(left)})."
        ),
        _ceilings(others, noise),
    ]
    if len(claims):
        outcomes = Counter(claims["outcome"])
        said.append(
            f"Of {count(len(claims), 'statement')} that the paper makes about these "
            f"rows, the table alone bears out {outcomes[Outcome.REPRODUCED]}, "
            f"contradicts {outcomes[Outcome.NOT_REPRODUCED]} and leaves "
            f"{outcomes[Outcome.UNDECIDED]} undecided."
        )
    return said


def _ceilings(others: pd.DataFrame, noise: Noise) -> str:
    deltas = others["delta"].tolist()
    n = others["n_runs"].to_numpy(float)
    scores = []
    for runs in _RUNS:
        sds = noise.sd / np.sqrt(n), np.full(len(n), noise.sd / np.sqrt(runs))
        scores.append(f"{_score(ceiling(deltas, sds))} with {count(runs, 'run')}")
    return (
        "A perfect reproduction would not put the rows in the same order either; it "
        f"would score a Kendall's τ-b of {', '.join(scores)} per row."
    )


def _listed(rows: Sequence[str]) -> str:
    return "; ".join(rows) if rows else "none"
