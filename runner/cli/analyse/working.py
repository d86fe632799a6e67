"""What every analysis does: look at each run, keep it, print, draw."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from film.analysis.model import TrainedModel
from film.analysis.record import Analysis, analysis_folder, write_analysis
from film.errors import AnalysisError
from reports.analyses.kinds import summarise
from reports.analyses.runs import AnalysedRun, Learnt
from reports.figures.of_analyses import analysis_drawings
from reports.figures.of_study import save_drawing
from reports.tables import to_text
from reports.tables.data import to_json
from runner.cli.analyse.options import AnalysisFlags
from runner.cli.analyse.runs import FinishedRun, finished_runs
from runner.cli.warning import warn
from runner.store.workspace import Workspace

__all__ = ["Work", "analyse_runs"]

Work = Callable[[TrainedModel, str, int | None], Analysis]
"""Looks at a run: the split, and how many of its questions."""


def analyse_runs(
    kind: str, addresses: Sequence[str], flags: AnalysisFlags, work: Work
) -> None:
    """Look at runs, keep what is found in their folders, print it and draw it.

    Args:
        kind: Which analysis.
        addresses: Of the runs.
        flags: Of the command.
        work: Looks at one run.

    Raises:
        AnalysisError: No run has what is to be looked at.
    """
    workspace = Workspace.at(flags["store"])
    runs = finished_runs(addresses, workspace, study=flags["study"], data=flags["data"])
    found = []
    for run in runs:
        try:
            found.append(_analysed(kind, run, flags, work))
        except AnalysisError as error:
            if len(runs) == 1:
                raise AnalysisError(f"{run.trial.name}: {error}") from None
            warn(f"left out: {run.trial.name}: {error}")
    if not found:
        raise AnalysisError(f"none of the {len(runs)} runs can be looked at so")
    found.sort(key=lambda one: not one.is_baseline)
    study = runs[0].trial.study
    learnt = summarise(kind, study or found[0].row, found)
    folder = flags["out"] or _home(runs, workspace)
    files = _draw(kind, found, folder)
    _echo(learnt, files, found, as_json=flags["as_json"])


def _analysed(
    kind: str, run: FinishedRun, flags: AnalysisFlags, work: Work
) -> AnalysedRun:
    model = _model(run)
    split = flags["split"] or run.splits.judge.split
    analysis = work(model, split, flags["questions"])
    write_analysis(analysis, analysis_folder(run.folder.path, kind))
    trial = run.trial
    return AnalysedRun(
        row=trial.row, seed=trial.seed, trial_id=trial.trial_id, analysis=analysis
    )


# A run that was tuned on the first questions of a split is judged by the others alone.
def _model(run: FinishedRun) -> TrainedModel:
    splits = run.splits
    return TrainedModel.load(
        run.folder.path,
        run.data,
        named_by=splits.names,
        learnt_first=None if splits.learn is None else splits.learn.first,
        held_out={splits.judge.split: splits.judge.after},
    )


# The figures of a command that looks at one run or more of a study; the next replaces
# them, and the report of the study has those of all runs.
def _home(runs: Sequence[FinishedRun], workspace: Workspace) -> Path:
    study = runs[0].trial.study
    return (workspace.study(study) if study else runs[0].folder.path) / "figures"


def _draw(kind: str, found: Sequence[AnalysedRun], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    return [
        folder / name
        for stem, drawing in analysis_drawings(kind, found).items()
        for name in save_drawing(drawing, folder, stem)
    ]


def _echo(
    learnt: Learnt,
    files: Sequence[Path],
    found: Sequence[AnalysedRun],
    *,
    as_json: bool,
) -> None:
    if as_json:
        tables: dict[str, Any] = {
            stem: json.loads(to_json(table))["rows"]
            for stem, table in learnt.tables.items()
        }
        runs = [
            {"row": run.row, "seed": run.seed, "trial_id": run.trial_id}
            for run in found
        ]
        content = {"runs": runs, "tables": tables, "figures": list(map(str, files))}
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    for table in learnt.tables.values():
        click.echo(f"{to_text(table)}\n")
    for sentence in (*learnt.sentences, *learnt.notes):
        click.echo(sentence)
    for file in files:
        if file.suffix == ".png":
            click.echo(f"{file.parent / file.stem}.{{png,svg,pdf,csv}}")
