"""What is said under tables of runs of which others were ended early."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from reports.tables.numbers import count
from reports.tables.spec import TableSpec

__all__ = ["mark_screened", "screening_notes"]


def screening_notes(estimates: pd.DataFrame) -> list[str]:
    """Say that runs were ended early, which makes what is left no result.

    Args:
        estimates: One row per row of the study.

    Returns:
        A note, or none where no run was.
    """
    screened = int(estimates["n_screened"].sum())
    if not screened:
        return []
    runs = count(int(estimates["n_wanted"].sum()), "run")
    note = (
        f"SCREENING, no result: `--screen` ended {screened} of {runs} early, those "
        "whose validation score looked less promising, so that what is left was chosen "
        "by its own score. A launch without it trains every run to its end."
    )
    return [note]


def mark_screened(
    tables: Mapping[str, TableSpec], estimates: pd.DataFrame
) -> dict[str, TableSpec]:
    """Note under every table that runs were ended early.

    Args:
        tables: Of a study, by the stems of their files.
        estimates: One row per row of the study.

    Returns:
        The tables, as they were where no run was.
    """
    notes = screening_notes(estimates)
    return {
        stem: replace(
            one, notes=(*(note for note in notes if note not in one.notes), *one.notes)
        )
        for stem, one in tables.items()
    }
