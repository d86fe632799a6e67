"""All tables of a study, by the names of their files."""

from collections.abc import Sequence

import pandas as pd

from reports.load import is_server
from reports.options import ReportOptions
from reports.results import Results
from reports.statistics.effects import Effects
from reports.tables.accuracy import accuracy_table
from reports.tables.changes import change_table
from reports.tables.contrasts import contrast_table
from reports.tables.effects import component_tables, effects_table
from reports.tables.evaluations import evaluation_table
from reports.tables.pivot import pivot_table
from reports.tables.source import Source, trials_of
from reports.tables.spec import TableSpec
from reports.tables.types import type_table
from reports.tables.words import confounds
from studies.study import Study

__all__ = ["source_of", "study_tables"]


def source_of(
    study: Study, results: Results, tracking_uri: str, options: ReportOptions
) -> Source:
    """Say what the tables of a study follow from.

    Args:
        study: What was asked.
        results: What was recorded.
        tracking_uri: Where, without a password; of a local store nothing is kept,
            so that the same record gives the same bytes wherever it lies.
        options: How the tables are computed.

    Returns:
        The source of all of its tables.
    """
    return Source(
        study=study.name,
        question=study.question,
        command=options.command or f"film report {study.name}",
        tracking_uri=tracking_uri if is_server(tracking_uri) else "",
        margin=study.margin,
        select_on=str(options.select_on),
        variance=str(options.variance),
        trials=trials_of(results.trials),
    )


def study_tables(
    study: Study,
    results: Results,
    found: tuple[pd.DataFrame, pd.DataFrame, Effects | None, pd.DataFrame],
    notes: Sequence[str],
    options: ReportOptions,
    source: Source,
) -> dict[str, TableSpec]:
    """Set out what was estimated of a study.

    Args:
        study: What was asked.
        results: What was recorded.
        found: The estimates of its rows, with published values, of its cells by type
            of question, of its components, where its design crosses some, and of the
            differences that it expects.
        notes: What is said under the table of rows.
        options: What the tables show.
        source: What they follow from.

    Returns:
        Tables by the stems of their files, the main one first.
    """
    estimates, cells, effects, contrasts = found
    columns = {options.columns_of: options.columns}
    table = accuracy_table(
        study.name,
        estimates,
        notes,
        columns=columns.get("table", ()),
        second_best=options.second_best,
        source=source,
    )
    types = type_table(
        study.name,
        cells,
        confounds(study),
        columns=columns.get("types", ()),
        source=source,
    )
    pivot = options.pivot and pivot_table(study, results, options.pivot, source=source)
    changes = change_table(study.name, results.trials, source=source)
    components = component_tables(study.name, effects, source)
    if "effects" in columns and effects is not None:  # some are shown if asked for
        components["effects"] = effects_table(
            study.name, effects, columns=columns["effects"], source=source
        )
    expected = contrast_table(study.name, contrasts, source=source)
    beside = evaluation_table(study, estimates, source=source)
    others = {
        "evaluations": beside,
        "contrasts": expected,
        **components,
        "pivot": pivot,
        "changes": changes,
    }
    for stem in others.keys() & columns.keys() - {"effects"}:
        one = others[stem]
        others[stem] = one and one.chosen(columns[stem])
    made = {
        "table": table,
        "evaluations": others["evaluations"],
        "contrasts": others["contrasts"],
        **components,
        "types": types,
        **others,
    }
    return {stem: one for stem, one in made.items() if one}
