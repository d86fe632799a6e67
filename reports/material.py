"""What a report is made from: what was recorded, what it means, and its tables."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pandas as pd

from reports.analyses.kinds import learnt_of
from reports.analyses.runs import Learnt
from reports.errors import ReportError
from reports.load import load_results, without_password
from reports.options import ReportOptions
from reports.published import (
    CLEVR_VAL_QUESTIONS,
    PUBLISHED,
    Published,
)
from reports.reproduction.making import Reproduction, reproduce
from reports.results import Results, records
from reports.selection import SelectOn, select_on_half
from reports.statistics.effects import Effects, estimate_effects
from reports.statistics.expected import estimate_expected
from reports.statistics.stages import (
    estimate_cells_each,
    estimate_stages,
    name_evaluations,
)
from reports.tables.numbers import percent
from reports.tables.of_study import source_of, study_tables
from reports.tables.screening import mark_screened
from reports.tables.spec import TableSpec
from reports.tables.stages import stage_notes
from reports.tables.words import accuracy_notes, confounds, left_out
from studies.study import Study
from studies.trial import Trial

__all__ = ["Material", "gather", "material_of"]

_PRINTED: Final = 6  # decimals of a fraction: more than any paper prints
_OTHER_DATA: Final = (
    f"Published values are left out: they are on the {CLEVR_VAL_QUESTIONS:,} "
    "validation questions of CLEVR, and not every run here is known to be."
)


@dataclass(frozen=True, eq=False)
class Material:
    """Everything that is known of a study, before any of it is written.

    Attributes:
        study: What was asked.
        results: What was recorded.
        estimates: One row per row of the study, with published values.
        cells: One row per row and type of question.
        effects: Of its components, where its design crosses some.
        notes: What is said under the main table.
        tables: Tables by the stems of their files, the main one first.
        contrasts: One row per difference that the study expects.
        reproduction: Of a published table, where there is one on these questions.
        learnt: What analyses of the runs say, by kind.
    """

    study: Study
    results: Results
    estimates: pd.DataFrame
    cells: pd.DataFrame
    effects: Effects | None
    notes: tuple[str, ...]
    tables: Mapping[str, TableSpec]
    contrasts: pd.DataFrame
    reproduction: Reproduction | None = None
    learnt: Mapping[str, Learnt] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether every wanted run finished."""
        return bool((self.estimates["n_runs"] == self.estimates["n_wanted"]).all())


def gather(
    study: Study,
    trials: Sequence[Trial],
    tracking_uri: str,
    options: ReportOptions | None = None,
) -> Material:
    """Read what is recorded of a study and make its tables; nothing is written.

    Args:
        study: What was asked.
        trials: The wanted trials, in the study's order.
        tracking_uri: Where they were recorded.
        options: What to choose by and to show; None is the usual.

    Returns:
        All that a report shows.

    Raises:
        ReportError: If no trial is wanted or the record cannot be read.
    """
    if not trials:
        raise ReportError(f"study {study.name}: no trial is left to report")
    options = options or ReportOptions()
    is_halved = options.select_on is SelectOn.HALF
    results = load_results(trials, tracking_uri, with_epochs=is_halved)
    if is_halved:
        results = select_on_half(results)
    return material_of(study, results, tracking_uri, options)


def material_of(
    study: Study,
    results: Results,
    tracking_uri: str = "",
    options: ReportOptions | None = None,
) -> Material:
    """Estimate what results mean, and make the tables of it.

    Args:
        study: What was asked.
        results: What was recorded, with the epochs that are to be scored.
        tracking_uri: Where that is.
        options: What to choose by and to show; None is the usual.

    Returns:
        All that a report shows.
    """
    options = options or ReportOptions()
    published, remarks = _published(study, results)
    variance = options.variance
    rows = estimate_stages(study, results, margin=study.margin, variance=variance)
    estimates = _with_published(rows, published)
    also_changed = confounds(study)
    estimates["also_changed"] = [also_changed.get(row, "") for row in estimates["row"]]
    notes = (
        *left_out(study, results.trials),
        *stage_notes(study),
        *accuracy_notes(estimates, study.margin, options.select_on),
        *_guess(results),
        *remarks,
        *results.notes,
    )
    named = name_evaluations(study, results.trials)
    cells = estimate_cells_each(replace(results, trials=named))
    effects = estimate_effects(study, results)
    source = source_of(study, results, without_password(tracking_uri), options)
    expected = estimate_expected(study, results)
    found = estimates, cells, effects, expected
    tables = study_tables(study, results, found, notes, options, source)
    beside = None
    if published and results.answers:
        beside = reproduce(study, results, PUBLISHED[study.name], rows, source)
        tables |= beside.tables
    learnt = learnt_of(study.name, results.trials, options.analysed, source)
    for kind in learnt.values():
        tables |= {
            stem: one.chosen(options.columns if stem == options.columns_of else ())
            for stem, one in kind.tables.items()
        }
    return Material(
        *(study, results, estimates, cells, effects, notes),
        *(mark_screened(tables, estimates), expected, beside),
        learnt=learnt,
    )


def _published(
    study: Study, results: Results
) -> tuple[Mapping[str, Published], list[str]]:
    # Published accuracies are on all of CLEVR: beside other data they would mislead.
    table = PUBLISHED.get(study.name)
    if table is None:
        return {}, []
    published, source = table.rows, table.source
    if table.is_staged and study.world is None:
        # Parts of several splits: no number of questions tells whether it is these.
        over = f"over {table.questions}; one run per row"
        other = "Whether these runs are judged by the same questions is not known."
        return published, [f"Published: {source}, {over}. {other}"]
    trials = results.trials
    finished = trials.loc[trials["val_accuracy"].notna(), "trial_id"]
    answers = [results.answers.get(trial_id) for trial_id in finished]
    sizes = {answer.questions.n_questions if answer else 0 for answer in answers}
    if study.world is not None or not sizes <= {CLEVR_VAL_QUESTIONS}:
        return {}, [_OTHER_DATA]
    return published, [f"Published: {source}; one run per row but for the ±."]


# What a network that does not look could reach; it makes a collapsed row readable.
def _guess(results: Results) -> list[str]:
    guesses = {answers.questions.guess for answers in results.answers.values()}
    if len(guesses) != 1 or math.isnan(guess := guesses.pop()):
        return []
    return [
        (
            "Without looking, the most frequent answer to each type of these "
            f"validation questions would be right in {percent(guess)} % of them."
        )
    ]


def _with_published(
    estimates: pd.DataFrame, published: Mapping[str, Published]
) -> pd.DataFrame:
    values = [published.get(row) for row in estimates["row"]]
    frame = estimates.assign(
        published=[_fraction(value.accuracy if value else None) for value in values],
        published_sd=[_fraction(value.sd if value else None) for value in values],
    )
    deltas = [_published_delta(row, published) for row in records(frame)]
    return frame.assign(published_delta=deltas)


def _published_delta(
    row: Mapping[str, Any], published: Mapping[str, Published]
) -> float:
    its = published.get(row["row"])
    if its is None or row["is_baseline"] or row["has_other_questions"]:
        return math.nan
    reference = published[its.against].accuracy
    return _fraction(its.accuracy - reference)


def _fraction(percent: float | None) -> float:
    return math.nan if percent is None else round(percent / 100, _PRINTED)
