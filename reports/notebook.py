"""Reports from a notebook: frames in, frames out; tables that show themselves.

``load`` reads a study, ``estimate`` says what its runs mean, ``table`` sets that out,
and each figure gives itself and the frame that it draws. docs/notebook.md has an
example.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import pandas as pd
from matplotlib.figure import Figure

from film.config import ImageInput
from reports import figures
from reports.errors import ReportError
from reports.learning import curves_by_row
from reports.load import load_results, recorded_trials
from reports.results import Answers, Results, records
from reports.selection import SelectOn, select_on_half
from reports.statistics import Variance
from reports.statistics.effects import Effects, estimate_effects
from reports.statistics.stages import (
    estimate_cells_each,
    estimate_each,
    name_evaluations,
)
from reports.tables import (
    TableSpec,
    accuracy_table,
    to_html_table,
    to_latex,
    to_markdown,
    to_text,
    type_table,
)
from reports.tables.html import table_style
from reports.tables.source import Source
from reports.tables.words import accuracy_notes, confounds
from studies.catalogue import find_study
from studies.study import Study
from studies.trial import Trial

__all__ = [
    "Table",
    "beats",
    "curves",
    "effects",
    "epochs",
    "estimate",
    "forest",
    "load",
    "table",
    "types",
]

_STORE: Final = "film-store"  # where `film` keeps it too, unless FILM_STORE says
_ANSWERS: Final = "answers"
_ALSO: Final = "also_changed"
_OF_RUNS: Final = (
    *("row", "group", "is_baseline", "seed", "trial_id", "state", "val_accuracy"),
)
_ESTIMATED: Final = "row", "group", "is_baseline", "accuracy", "delta", "lower", "upper"
_OF_ROWS: Final = *_ESTIMATED, "n_runs", "verdict", "p_holm"
_OF_CELLS: Final = *_ESTIMATED, "type", "p_bh"
_OF_EPOCHS: Final = (*("row", "group", "is_baseline", "seed", "epoch", "val_accuracy"),)
Drawn = tuple[Figure, pd.DataFrame]
_Choice = TypeVar("_Choice", bound=StrEnum)


class _By(StrEnum):
    """What is compared with the baseline."""

    ROW = "row"
    TYPE = "type"


def load(
    study: str | Study,
    *,
    store: str | Path | None = None,
    tracking_uri: str | None = None,
    select_on: Literal["all", "half"] = "all",
    answers: bool = True,
) -> pd.DataFrame:
    """Read the runs of a study into a tidy frame.

    Args:
        study: A study of the catalogue, a file, or the study itself.
        store: The folder of everything; None is ``FILM_STORE``, or ``film-store``.
        tracking_uri: MLflow with the runs; None is that of the store.
        select_on: Choose epochs by all validation questions, or by half of the scenes.
        answers: Whether to keep which questions each run answered rightly, from which
            ``estimate`` generalises over scenes as well as over runs.

    Returns:
        One row per trial, with seeds that were ever launched, in the study's order, and
        on the data of the newest run where it was launched on several:
        ``row``, ``group``, ``is_baseline``, ``seed``, ``trial_id``, ``changes``,
        ``state``, ``val_accuracy`` (a fraction), ``best_epoch``, ``wall_time_s``,
        ``val_accuracy_<type>``, ``answers``, ``select_on``, ``also_changed`` (of its
        training, in words), and of the run in MLflow ``run_id``, ``device``, ``commit``
        and so on. Of a study that judges weights elsewhere also ``evaluation``, each of
        which has a baseline. Rows and columns can be left out or added.
    """
    found = _study(study)
    half = _one_of(SelectOn, select_on, "select_on") is SelectOn.HALF
    results = _read(found, store, tracking_uri, is_halved=half)
    frame = name_evaluations(found, results.trials)
    also = confounds(found)
    frame = frame.assign(
        select_on=str(select_on),
        also_changed=[also.get(row, "") for row in frame["row"]],
    )
    if answers:
        known = [results.answers.get(trial_id) for trial_id in frame["trial_id"]]
        frame = frame.assign(**{_ANSWERS: pd.Series(known, dtype=object)})
    frame = frame.merge(results.runs, on="trial_id", how="left")
    frame.attrs = {"study": found.name, "margin": found.margin}
    return frame


def epochs(
    study: str | Study,
    *,
    store: str | Path | None = None,
    tracking_uri: str | None = None,
) -> pd.DataFrame:
    """Read what every finished run of a study was measured to be after each epoch.

    Args:
        study: A study of the catalogue, a file, or the study itself.
        store: The folder of everything; None is ``FILM_STORE``, or ``film-store``.
        tracking_uri: MLflow with the runs; None is that of the store.

    Returns:
        One row per finished trial and epoch: losses and accuracies.
    """
    return _read(_study(study), store, tracking_uri).curves


def estimate(
    frame: pd.DataFrame,
    *,
    by: Literal["row", "type"] = "row",
    margin: float | None = None,
    variance: Literal["separate", "shared"] = "separate",
) -> pd.DataFrame:
    """Estimate accuracies and their differences to the baseline.

    Args:
        frame: Runs, as ``load`` gives them.
        by: Compare whole rows, or rows on every type of question.
        margin: Percentage points that would matter; None is the study's own.
        variance: Of the runs of a row: from them alone, or borrowed from other rows.

    Returns:
        One row per row of the study, or per row and type: ``accuracy``, ``sd``,
        ``delta``, ``lower`` and ``upper`` (95 %), ``p_holm`` or ``p_bh``, ``verdict``
        and more (``reports.statistics``). Numbers are fractions. Rows of one
        evaluation are compared with its baseline.
    """
    kind = _one_of(Variance, variance, "variance")
    results = _results(frame)
    select_on = _select_on(frame)
    if margin is None:
        margin = frame.attrs.get("margin")
    if _one_of(_By, by, "by") is _By.TYPE:
        found = estimate_cells_each(results)
    else:
        found = estimate_each(results, margin=margin, variance=kind)
    if _ALSO in frame:
        also = frame.drop_duplicates("row").set_index("row")[_ALSO].fillna("")
        found[_ALSO] = found["row"].map(also)
    found.attrs = {
        "study": frame.attrs.get("study", ""),
        "margin": margin,
        "select_on": str(select_on),
    }
    return found


def effects(frame: pd.DataFrame, study: str | Study) -> Effects | None:
    """Estimate what the components of a factorial do, alone and together.

    Args:
        frame: Runs, as ``load`` gives them.
        study: The study that they are of.

    Returns:
        Frames of effects, means and Shapley values; None where the study's design
        crosses nothing.
    """
    return estimate_effects(_study(study), _with_one_baseline(_results(frame)))


@dataclass(frozen=True, eq=False)
class Table:
    """A table, which a notebook shows by itself.

    Attributes:
        spec: Its cells and notes, for ``reports.tables.forms.write_table``.
    """

    spec: TableSpec

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The numbers at full precision."""
        return self.spec.frame

    def __str__(self) -> str:
        """Write it as plain text.

        Returns:
            Aligned columns, and notes.
        """
        return to_text(self.spec)

    def _repr_html_(self) -> str:
        style = f"<style>\n{table_style()}</style>\n"
        return f"{style}{to_html_table(self.spec)}"

    def _repr_latex_(self) -> str:
        return to_latex(self.spec)

    def _repr_markdown_(self) -> str:
        return to_markdown(self.spec)


def table(
    estimates: pd.DataFrame,
    *,
    columns: tuple[str, ...] = (),
    second_best: bool = False,
) -> Table:
    """Set out what was estimated.

    Args:
        estimates: As ``estimate`` gives them, by row or by type.
        columns: Of a table of rows, by name or pattern; none is those shown unasked.
        second_best: Underline the best accuracy of those that are not bold.

    Returns:
        The table, with notes that say what its numbers and signs are.

    Raises:
        ReportError: No accuracy by type was recorded.
    """
    _need(estimates, _ESTIMATED, "estimate")
    said = estimates.attrs
    select_on = SelectOn(said.get("select_on", SelectOn.ALL))
    source = Source(
        study=said.get("study", ""),
        margin=said.get("margin"),
        select_on=str(select_on),
    )
    if "type" in estimates:
        also = _also_changed(estimates)
        spec = type_table(source.study, estimates, also, columns=columns, source=source)
        if spec is None:
            raise ReportError("nothing was recorded by type of question")
        return Table(spec)
    _need(estimates, _OF_ROWS, "estimate")
    notes = accuracy_notes(estimates, source.margin, select_on)
    full = estimates.assign(
        also_changed=estimates.get(_ALSO, ""),
        **{
            one: estimates[one] if one in estimates else float("nan")
            for one in ("published", "published_sd", "published_delta")
        },
    )
    spec = accuracy_table(
        source.study,
        full,
        notes,
        columns=columns,
        second_best=second_best,
        source=source,
    )
    return Table(spec)


def forest(estimates: pd.DataFrame, width: float | None = None) -> Drawn:
    """Draw every row's difference to the baseline.

    Args:
        estimates: By row, as ``estimate`` gives them.
        width: In inches; None is that of a page.

    Returns:
        The figure, and the frame that it draws.
    """
    _need(estimates, _OF_ROWS, "estimate")
    numbers = figures.forest_numbers(estimates)
    margin = estimates.attrs.get("margin")
    return figures.draw_forest(numbers, margin, _width(width)), numbers


def types(cells: pd.DataFrame, width: float | None = None) -> Drawn:
    """Draw every row's difference to the baseline on each type of question.

    Args:
        cells: By type, as ``estimate`` gives them.
        width: In inches; None is that of a page.

    Returns:
        The figure, and the frame that it draws.
    """
    _need(cells, _OF_CELLS, 'estimate(..., by="type")')
    numbers = figures.type_numbers(cells, _also_changed(cells))
    return figures.draw_types(numbers, _width(width)), numbers


def beats(estimates: pd.DataFrame, width: float | None = None) -> Drawn:
    """Draw how often a run of each row beats a run of the baseline.

    Args:
        estimates: By row, as ``estimate`` gives them.
        width: In inches; None is that of a page.

    Returns:
        The figure, and the frame that it draws.
    """
    _need(estimates, _OF_ROWS, "estimate")
    numbers = figures.beats_numbers(estimates)
    return figures.draw_beats(numbers, _width(width)), numbers


def curves(measured: pd.DataFrame, width: float | None = None) -> Drawn:
    """Draw learning curves.

    Args:
        measured: As ``epochs`` gives it.
        width: In inches; None is that of a page.

    Returns:
        The figure, and the frame that it draws.
    """
    _need(measured, _OF_EPOCHS, "epochs")
    numbers = curves_by_row(measured)
    return figures.draw_curves(numbers, _width(width)), numbers


def _width(width: float | None) -> float:
    return figures.WIDTHS["page"] if width is None else width


def _study(study: str | Study) -> Study:
    return study if isinstance(study, Study) else find_study(study)


def _read(
    study: Study,
    store: str | Path | None,
    tracking_uri: str | None,
    *,
    is_halved: bool = False,
) -> Results:
    root = Path(store or os.environ.get("FILM_STORE", _STORE))
    uri = tracking_uri or f"sqlite:///{root.absolute() / 'mlflow.db'}"
    trials = _trials(study, uri)
    results = load_results(trials, uri, with_epochs=is_halved)
    return select_on_half(results) if is_halved else results


# A study file does not say which data are meant: what was recorded of it last does.
def _trials(study: Study, uri: str) -> tuple[Trial, ...]:
    recorded = recorded_trials(study.name, uri)
    if recorded.empty:
        raise ReportError(f"nothing is recorded of study {study.name} in {uri}")
    rows = {row.label: row for row in study.rows}
    known = recorded[recorded["row"].isin(list(rows))]
    data: dict[ImageInput | str | None, str] = {
        rows[one["row"]].data_key: one["data"] for one in records(known)
    }
    missing = {row.data_key for row in study.rows} - {*data}
    fingerprints: dict[Any, str] = {**data, **dict.fromkeys(missing, "")}
    seeds = tuple(sorted({int(seed) for seed in known["seed"]}))
    return study.trials(fingerprints, seeds=seeds)


def _results(frame: pd.DataFrame) -> Results:
    _need(frame, _OF_RUNS, "load")
    answers = {}
    if _ANSWERS in frame:
        both = zip(frame["trial_id"], frame[_ANSWERS], strict=True)
        answers = {str(one): said for one, said in both if isinstance(said, Answers)}
    return Results(frame.drop(columns=[_ANSWERS], errors="ignore"), answers)


def _also_changed(estimates: pd.DataFrame) -> dict[str, str]:
    if _ALSO not in estimates:
        return {}
    also = zip(estimates["row"], estimates[_ALSO], strict=True)
    return {str(row): words for row, words in also if words}


# Of components one evaluation is judged: the first.
def _with_one_baseline(results: Results) -> Results:
    trials = results.trials
    if "evaluation" not in trials:
        return results
    is_first = trials["evaluation"] == trials["evaluation"].iloc[0]
    trials = trials.assign(is_baseline=trials["is_baseline"] & is_first)
    return replace(results, trials=trials)


# Kept by run: what belongs to a whole frame is lost where two are put together.
def _select_on(frame: pd.DataFrame) -> SelectOn:
    said = {*frame["select_on"].dropna()} if "select_on" in frame else set[str]()
    if len(said) > 1:
        raise ReportError(
            "runs with epochs chosen on all scenes and on half of them cannot be "
            "compared: load them with one select_on"
        )
    return SelectOn(said.pop()) if said else SelectOn.ALL


def _need(frame: pd.DataFrame, columns: Sequence[str], maker: str) -> None:
    lacking = [name for name in columns if name not in frame]
    if lacking:
        raise ReportError(
            f"the frame has no column {', '.join(lacking)}: give one as `{maker}` does"
        )
    if frame.empty:
        raise ReportError(f"the frame has no rows: give one as `{maker}` does")


def _one_of(choices: type[_Choice], value: str, name: str) -> _Choice:
    try:
        return choices(value)
    except ValueError:
        known = " or ".join(choices)
        raise ReportError(f"{name}={value!r}: should be {known}") from None
