"""From a study's runs to how they agree with what was published."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from reports.published import PublishedTable
from reports.reproduction.agreement import (
    Agreement,
    agreement_of,
    on_published_questions,
)
from reports.reproduction.claim_tables import claim_table
from reports.reproduction.claims import CLAIMS
from reports.reproduction.deviations import deviations
from reports.reproduction.evidence import from_runs
from reports.reproduction.tables import (
    agreement_table,
    deviation_table,
    row_table,
)
from reports.results import Results
from reports.statistics.stages import estimate_stages
from reports.tables.screening import mark_screened
from reports.tables.source import Source
from reports.tables.spec import TableSpec
from studies.study import Study

__all__ = ["HEADINGS", "Reproduction", "reproduce"]

HEADINGS: Final[Mapping[str, str]] = {
    "reproduction-claims": "Claims of the paper",
    "reproduction-rows": "Beside the published rows",
    "reproduction-agreement": "Agreement over all rows",
    "reproduction-deviations": "Done otherwise than in the paper",
}
"""Of the tables, by the stems of their files, in the order of reading."""


@dataclass(frozen=True, eq=False)
class Reproduction:
    """A study beside a published table.

    Attributes:
        table: The published one.
        agreement: Rows, and what is said over them.
        claims: What became of each claim.
        tables: By the stems of their files.
    """

    table: PublishedTable
    agreement: Agreement
    claims: pd.DataFrame
    tables: Mapping[str, TableSpec]


def reproduce(
    study: Study,
    results: Results,
    table: PublishedTable,
    estimates: pd.DataFrame | None = None,
    source: Source | None = None,
) -> Reproduction:
    """Hold a study's runs against a published table.

    Args:
        study: What was asked.
        results: What was recorded.
        table: Published.
        estimates: The study's rows, where they are estimated already.
        source: What the tables follow from, where they are to say it.

    Returns:
        What was found.
    """
    if estimates is None:
        estimates = estimate_stages(study, results, margin=study.margin)
    is_on = on_published_questions(study, results, table)
    agreement = agreement_of(estimates, table, is_on_published_questions=is_on)
    known = CLAIMS.get(table.name, ())
    claims = from_runs(known, table, results, estimates, study.margin)
    found = deviations(study, results, table)
    made = (
        claim_table(study.name, claims, study.margin) if known else None,
        row_table(study.name, agreement, table),
        agreement_table(study.name, agreement.summary)
        if agreement.summary.n_rows
        else None,
        deviation_table(study.name, found, study.deviations),
    )
    tables = {
        stem: replace(one, source=source or Source())
        for stem, one in zip(HEADINGS, made, strict=True)
        if one is not None
    }
    return Reproduction(table, agreement, claims, mark_screened(tables, estimates))
