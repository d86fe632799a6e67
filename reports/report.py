"""A study's report: load, estimate, write; the same record gives the same bytes."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from reports.errors import ReportError
from reports.figures import (
    WIDTHS,
    Drawing,
    save_drawing,
    save_figure,
    study_figures,
)
from reports.figures.of_analyses import learnt_drawings
from reports.findings import findings
from reports.material import Material, gather
from reports.options import ReportOptions
from reports.page import Chapter, Download, Page, Picture, to_html
from reports.provenance import cost_table, design_in_words, facts, run_lines
from reports.reproduction.making import HEADINGS
from reports.tables import to_text
from reports.tables.contrasts import contrast_findings
from reports.tables.forms import Format, write_table
from reports.tables.words import measured
from studies.study import Study
from studies.trial import Trial

__all__ = ["Report", "write_page", "write_report"]

_WRITTEN: Final = (
    Format.MARKDOWN,
    Format.LATEX,
    Format.CSV,
    Format.JSON,
    Format.PARQUET,
)
_ENDINGS: Final = {Format.LATEX: "tex"}
_HEADINGS: Final = {
    "evaluations": "Accuracy on each set of questions",
    "contrasts": "What was expected",
    "effects": "What components do",
    "shapley": "What each component is worth",
    "path": "One component after the other",
    "types": "Accuracy by type of question",
    "pivot": "Accuracy by two factors",
    **HEADINGS,
    "changes": "What each row changes",
}
_HELD: Final = Format.CSV, Format.JSON, Format.MARKDOWN, Format.LATEX  # by the page
_DRAWN: Final = ".svg", ".pdf"  # likewise
_SHOWN: Final = "table", "evaluations", "contrasts", "effects"  # in a terminal
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
        return _write(made, out_dir, width)
    except OSError as error:
        raise ReportError(f"cannot write the report to {out_dir}: {error}") from error


def write_page(
    study: Study,
    trials: Sequence[Trial],
    tracking_uri: str,
    file: Path,
    options: ReportOptions | None = None,
) -> Report:
    """Write the page alone, a file that needs nothing beside it.

    Args:
        study: What was asked.
        trials: The wanted trials, in the study's order.
        tracking_uri: Where they were recorded.
        file: Where to; its folder is made where it is missing.
        options: What to choose by and to show; None is the usual.

    Returns:
        What was written.

    Raises:
        ReportError: If no trial is wanted, the record cannot be read or the file
            cannot be written.
    """
    made = gather(study, trials, tracking_uri, options)
    drawings = _drawings(made, WIDTHS[(options or ReportOptions()).width])
    try:
        with tempfile.TemporaryDirectory() as folder:
            for stem, one in drawings.items():
                for ending in _DRAWN:
                    save_figure(
                        one.figure, Path(folder) / f"{stem}{ending}", _digest(made)
                    )
            text = to_html(_page(made, drawings, Path(folder)))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ReportError(f"cannot write the page to {file}: {error}") from error
    return _report(made, file.parent, [file.name])


def _write(made: Material, out_dir: Path, width: float) -> Report:
    drawings = _drawings(made, width)
    files = {
        f"{stem}.{_ENDINGS.get(form, form)}": write_table(table, form)
        for stem, table in made.tables.items()
        for form in _WRITTEN
    }
    files |= {name: text.encode() for name, text in _records(made).items()}
    for name, content in files.items():
        (out_dir / name).write_bytes(content)
    drawn = [
        name
        for stem, one in drawings.items()
        for name in save_drawing(one, out_dir, stem, _digest(made))
    ]
    page = to_html(_page(made, drawings, out_dir))
    (out_dir / _PAGE).write_text(page, encoding="utf-8", newline="\n")
    return _report(made, out_dir, [*files, *drawn, _PAGE])


def _report(made: Material, folder: Path, files: Sequence[str]) -> Report:
    tables = made.tables
    return Report(
        text="\n\n".join(to_text(tables[n]) for n in _SHOWN if n in tables),
        directory=folder,
        files=tuple(files),
        estimates=made.estimates,
        is_complete=made.is_complete,
    )


def _page(made: Material, drawings: Mapping[str, Drawing], folder: Path) -> Page:
    study, tables = made.study, made.tables
    shown = {_HEADINGS[name]: one for name, one in tables.items() if name in _HEADINGS}
    pictures = {
        stem: Picture(
            one.heading, (folder / f"{stem}.svg").read_bytes(), one.words, one.caption
        )
        for stem, one in drawings.items()
    }
    return Page(
        title=study.name,
        question=study.question,
        design=design_in_words(study, made.results.trials),
        summary=f"{measured(made.estimates)}.",
        table=tables["table"],
        findings=[
            *findings(made.estimates, study.margin),
            *contrast_findings(made.contrasts),
        ],
        pictures=[
            picture
            for stem, picture in pictures.items()
            if not any(_is_of(stem, kind) for kind in made.learnt)
        ],
        more_tables={**shown, "What it cost": cost_table(made)},
        learnt=[
            Chapter(
                heading=found.heading,
                sentences=(*found.sentences, *found.notes),
                pictures=[one for stem, one in pictures.items() if _is_of(stem, kind)],
                tables=[tables[stem] for stem in found.tables],
            )
            for kind, found in made.learnt.items()
        ],
        facts=facts(made),
        runs=run_lines(made),
        downloads=list(_downloads(made, drawings, folder)),
    )


def _is_of(stem: str, kind: str) -> bool:
    return stem == kind or stem.startswith(f"{kind}-")


def _downloads(
    made: Material, drawings: Mapping[str, Drawing], folder: Path
) -> Iterator[Download]:
    for stem, table in made.tables.items():
        for form in _HELD:
            name = f"{stem}.{_ENDINGS.get(form, form)}"
            yield Download(name, write_table(table, form))
    for name, text in _records(made).items():
        yield Download(name, text.encode())
    for stem in drawings:
        yield Download(f"{stem}.pdf", (folder / f"{stem}.pdf").read_bytes())


def _records(made: Material) -> dict[str, str]:
    results = made.results
    where = results.runs.drop(columns=["command"])
    runs = results.trials.merge(where, on="trial_id", how="left")
    return {"runs.csv": _csv(runs), "epochs.csv": _csv(results.curves)}


def _drawings(made: Material, width: float) -> dict[str, Drawing]:
    frames = made.estimates, made.cells
    found = made.reproduction.agreement if made.reproduction else None
    drawn = study_figures(made.study, made.results, frames, made.effects, found, width)
    return drawn | learnt_drawings(made.learnt, width)


def _digest(made: Material) -> str:
    return made.tables["table"].source.digest


def _csv(frame: pd.DataFrame) -> str:
    flat = frame.copy()
    if "runs" in flat:
        flat["runs"] = [";".join(map(repr, runs)) for runs in flat["runs"]]
    return flat.to_csv(index=False, lineterminator="\n")
