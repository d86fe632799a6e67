"""A study's report: load, estimate, write; the same record gives the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from reports.errors import ReportError
from reports.figures import WIDTHS, save_drawing, study_figures
from reports.material import Material, gather
from reports.options import ReportOptions
from reports.page import Page, Picture, to_html
from reports.reproduction.making import HEADINGS
from reports.results import Results
from reports.tables import to_text
from reports.tables.forms import Format, write_table
from reports.tables.words import measured
from studies.study import Study
from studies.trial import Trial

__all__ = ["Report", "write_report"]

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
    **HEADINGS,
    "changes": "What each row changes",
}
_SHOWN: Final = "table", "effects"  # in a terminal
_PAGE: Final = "index.html"


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
    made = gather(study, trials, tracking_uri, options)
    width = WIDTHS[(options or ReportOptions()).width]
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        return _write(made, sorted({t.data for t in trials}), out_dir, width)
    except OSError as error:
        raise ReportError(f"cannot write the report to {out_dir}: {error}") from error


def _write(
    made: Material, fingerprints: Sequence[str], out_dir: Path, width: float
) -> Report:
    study, results = made.study, made.results
    estimates, tables = made.estimates, made.tables
    pictures, drawn = _pictures(made, out_dir, width)
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
    made: Material, out_dir: Path, width: float
) -> tuple[dict[str, Picture], list[str]]:
    frames = made.estimates, made.cells
    found = made.reproduction.agreement if made.reproduction else None
    drawings = study_figures(
        made.study, made.results, frames, made.effects, found, width
    )
    digest = made.tables["table"].source.digest
    pictures, files = {}, []
    for stem, one in drawings.items():
        files += save_drawing(one, out_dir, stem, digest)
        png = (out_dir / f"{stem}.png").read_bytes()
        pictures[stem] = Picture(one.heading, png, one.words, one.caption)
    return pictures, files


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
