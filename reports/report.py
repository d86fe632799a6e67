"""A study's report: load, estimate, write; the same record gives the same bytes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from reports.errors import ReportError
from reports.figures import save_drawing, study_figures
from reports.load import load_results, without_password
from reports.options import ReportOptions
from reports.page import Page, Picture, to_html
from reports.published import CLEVR_VAL_QUESTIONS, Published, published_for
from reports.results import Results
from reports.selection import SelectOn, select_on_half
from reports.statistics import estimate_cells, estimate_rows
from reports.statistics.effects import estimate_effects
from reports.tables import TableSpec, to_text
from reports.tables.forms import Format, write_table
from reports.tables.numbers import percent
from reports.tables.of_study import source_of, study_tables
from reports.tables.words import accuracy_notes, confounds, left_out, measured
from studies.study import Study
from studies.trial import BASELINE, Trial

__all__ = ["Report", "Tables", "make_tables", "tables_of", "write_report"]

_WRITTEN: Final = (
    Format.MARKDOWN,
    Format.LATEX,
    Format.CSV,
    Format.JSON,
    Format.PARQUET,
)
_ENDINGS: Final = {Format.LATEX: "tex"}
_HEADINGS: Final = {
    "effects": "What components do",
    "shapley": "What each component is worth",
    "path": "One component after the other",
    "types": "Accuracy by type of question",
    "pivot": "Accuracy by two factors",
    "changes": "What each row changes",
}
_SHOWN: Final = "table", "effects"  # in a terminal
_PAGE: Final = "index.html"
_PRINTED: Final = 6  # decimals of a fraction: more than any paper prints
_OTHER_DATA: Final = (
    f"Published values are left out: they are on the {CLEVR_VAL_QUESTIONS:,} "
    "validation questions of CLEVR, and not every run here is known to be."
)


@dataclass(frozen=True, eq=False)
class Report:
    """What was written, and what a terminal shows of it.

    Attributes:
        text: The table and its notes, in aligned columns.
        directory: Where the files are.
        files: Their names.
        estimates: The numbers behind them, one row per row of the study.
        is_complete: Whether every wanted run finished.
    """

    text: str
    directory: Path
    files: tuple[str, ...]
    estimates: pd.DataFrame
    is_complete: bool


def write_report(
    study: Study,
    trials: Sequence[Trial],
    tracking_uri: str,
    out_dir: Path,
    options: ReportOptions | None = None,
) -> Report:
    """Write what is known of a study: tables, forest plot, page, and their numbers.

    Args:
        study: What was asked.
        trials: The wanted trials, in the study's order; all are reported, also those
            that failed or never ran.
        tracking_uri: Where they were recorded.
        out_dir: Folder for the files, made where it is missing.
        options: What to choose by and to show; None is the usual.

    Returns:
        What was written.

    Raises:
        ReportError: If no trial is wanted, the record cannot be read or a file cannot
            be written.
    """
    made = make_tables(study, trials, tracking_uri, options)
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        return _write(study, made, sorted({t.data for t in trials}), out_dir)
    except OSError as error:
        raise ReportError(f"cannot write the report to {out_dir}: {error}") from error


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables of a study, and what they were made from.

    Attributes:
        by_name: Tables by the stems of their files, the main one first.
        results: What was recorded.
        estimates: One row per row of the study.
    """

    by_name: Mapping[str, TableSpec]
    results: Results
    estimates: pd.DataFrame

    @property
    def is_complete(self) -> bool:
        """Whether every wanted run finished."""
        return bool((self.estimates["n_runs"] == self.estimates["n_wanted"]).all())


def make_tables(
    study: Study,
    trials: Sequence[Trial],
    tracking_uri: str,
    options: ReportOptions | None = None,
) -> Tables:
    """Make a study's tables from what is recorded, and write nothing.

    Args:
        study: What was asked.
        trials: The wanted trials, in the study's order.
        tracking_uri: Where they were recorded.
        options: What to choose by and to show; None is the usual.

    Returns:
        The tables.

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
    return tables_of(study, results, tracking_uri, options)


def tables_of(
    study: Study,
    results: Results,
    tracking_uri: str = "",
    options: ReportOptions | None = None,
) -> Tables:
    """Make a study's tables from results.

    Args:
        study: What was asked.
        results: What was recorded, with the epochs that are to be scored.
        tracking_uri: Where that is.
        options: What to choose by and to show; None is the usual.

    Returns:
        The tables.
    """
    options = options or ReportOptions()
    published, remarks = _published(study, results)
    rows = estimate_rows(results, margin=study.margin, variance=options.variance)
    estimates = _with_published(rows, published)
    also_changed = confounds(study)
    estimates["also_changed"] = [also_changed.get(row, "") for row in estimates["row"]]
    notes = [
        *left_out(study, results.trials),
        *accuracy_notes(estimates, study.margin, options.select_on),
        *_guess(results),
        *remarks,
        *results.notes,
    ]
    frames = estimates, estimate_cells(results)
    source = source_of(study, results, without_password(tracking_uri), options)
    tables = study_tables(study, results, frames, notes, options, source)
    return Tables(tables, results, estimates)


def _write(
    study: Study, made: Tables, fingerprints: Sequence[str], out_dir: Path
) -> Report:
    results, estimates, tables = made.results, made.estimates, made.by_name
    pictures, drawn = _pictures(study, made, out_dir)
    files = {
        **{
            f"{stem}.{_ENDINGS.get(form, form)}": write_table(table, form)
            for stem, table in tables.items()
            for form in _WRITTEN
        },
        "runs.csv": _csv(results.trials).encode(),
        "epochs.csv": _csv(results.curves).encode(),
    }
    for name, content in files.items():
        (out_dir / name).write_bytes(content)
    page = Page(
        title=study.name,
        question=study.question,
        summary=f"{measured(estimates)}.",
        table=tables["table"],
        pictures=list(pictures.values()),
        more_tables={_HEADINGS[n]: t for n, t in tables.items() if n in _HEADINGS},
        facts=_facts(study, results, fingerprints),
    )
    (out_dir / _PAGE).write_text(to_html(page), encoding="utf-8", newline="\n")
    return Report(
        text="\n\n".join(to_text(tables[n]) for n in _SHOWN if n in tables),
        directory=out_dir,
        files=(*files, *drawn, _PAGE),
        estimates=estimates,
        is_complete=made.is_complete,
    )


# Saved with their numbers, and by the names of their files.
def _pictures(
    study: Study, made: Tables, out_dir: Path
) -> tuple[dict[str, Picture], list[str]]:
    effects = estimate_effects(study, made.results)
    frames = made.estimates, estimate_cells(made.results)
    drawings = study_figures(study, made.results, frames, effects)
    digest = made.by_name["table"].source.digest
    pictures, files = {}, []
    for stem, one in drawings.items():
        files += save_drawing(one, out_dir, stem, digest)
        png = (out_dir / f"{stem}.png").read_bytes()
        pictures[stem] = Picture(one.heading, png, one.words, one.caption)
    return pictures, files


def _published(
    study: Study, results: Results
) -> tuple[Mapping[str, Published], list[str]]:
    # Published accuracies are on all of CLEVR: beside other data they would mislead.
    published = published_for(study.name)
    if not published:
        return {}, []
    trials = results.trials
    finished = trials.loc[trials["val_accuracy"].notna(), "trial_id"]
    answers = [results.answers.get(trial_id) for trial_id in finished]
    sizes = {answer.questions.n_questions if answer else 0 for answer in answers}
    if study.world is not None or not sizes <= {CLEVR_VAL_QUESTIONS}:
        return {}, [_OTHER_DATA]
    source = next(iter(published.values())).source
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
    baseline = published.get(BASELINE)
    reference = _fraction(baseline.accuracy if baseline else None)
    delta = (frame["published"] - reference).where(~frame["is_baseline"])
    return frame.assign(published_delta=delta.round(_PRINTED))


def _fraction(percent: float | None) -> float:
    return math.nan if percent is None else round(percent / 100, _PRINTED)


def _csv(frame: pd.DataFrame) -> str:
    flat = frame.copy()
    if "runs" in flat:
        flat["runs"] = [";".join(map(repr, runs)) for runs in flat["runs"]]
    return flat.to_csv(index=False, lineterminator="\n")


def _facts(
    study: Study, results: Results, fingerprints: Sequence[str]
) -> list[tuple[str, str]]:
    trials = results.trials
    states = trials["state"].value_counts()
    margin = "none stated" if study.margin is None else f"±{study.margin:g} points"
    hours = trials["wall_time_s"].sum() / 3600
    return [
        ("Study", study.name),
        ("Seeds", ", ".join(str(seed) for seed in sorted(set(trials["seed"])))),
        ("Runs", ", ".join(f"{n} {str(state).lower()}" for state, n in states.items())),
        ("Margin that would matter", margin),
        ("Data", "the embedded world" if study.world else "CLEVR as given at launch"),
        ("Fingerprint of the data", ", ".join(fingerprints)),
        ("Time of the finished runs", f"{hours:.1f} hours in all"),
        (
            "Numbers at full precision",
            "table.csv, table.json, table.parquet, types.csv, runs.csv, epochs.csv",
        ),
    ]
