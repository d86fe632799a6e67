"""The analyses that lie in the folders of a study's runs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from film.analysis.record import Analysis, analysis_folder, read_analysis
from film.errors import AnalysisError
from reports.results import records
from reports.tables.spec import TableSpec
from studies.trial import BASELINE

__all__ = ["AnalysedRun", "Learnt", "by_row", "read_runs", "stack"]

_MARK: Final = "done.json"
_WEIGHTS: Final = "best.pt"


@dataclass(frozen=True, eq=False, kw_only=True)
class AnalysedRun:
    """One run, and what an analysis found in it."""

    row: str
    seed: int | None
    trial_id: str
    analysis: Analysis

    @property
    def is_baseline(self) -> bool:
        """Whether its row is what others are compared with."""
        return self.row == BASELINE


@dataclass(frozen=True, eq=False, kw_only=True)
class Learnt:
    """What a kind of analysis says of a study.

    Attributes:
        heading: What stands above it on a page.
        tables: By the stems of their files; the first is shown in a terminal.
        sentences: What was found, in words.
        runs: What figures are drawn from, row by row, the baseline first.
        notes: What a reader has to know besides.
    """

    heading: str
    tables: Mapping[str, TableSpec] = field(default_factory=dict)
    sentences: Sequence[str] = ()
    runs: Sequence[AnalysedRun] = ()
    notes: Sequence[str] = ()


def read_runs(
    kind: str, trials: pd.DataFrame, folder: Path
) -> tuple[list[AnalysedRun], list[str]]:
    """Read one kind of analysis of a study's runs.

    Args:
        kind: Which.
        trials: The wanted trials, with ``row``, ``seed`` and ``trial_id``.
        folder: That of the trials' folders.

    Returns:
        The runs that have it, in the order of the study, and what could not be used.
    """
    found, notes = [], []
    for trial in records(trials):
        path = folder / trial["trial_id"]
        if not analysis_folder(path, kind).is_dir():
            continue
        try:
            analysis = read_analysis(analysis_folder(path, kind))
        except AnalysisError as error:
            notes.append(f"{trial['row']} · seed {trial['seed']}: {error}")
            continue
        if _weights(path) not in (None, analysis.about.get("weights")):
            notes.append(
                f"{trial['row']} · seed {trial['seed']}: was trained again since "
                f"`film analyse {kind}`; do that again"
            )
            continue
        names: Mapping[str, Any] = {name: trial[name] for name in ("row", "seed")}
        found.append(AnalysedRun(**names, trial_id=path.name, analysis=analysis))
    found.sort(key=lambda run: not run.is_baseline)
    return found, notes


def by_row(runs: Sequence[AnalysedRun]) -> dict[str, list[AnalysedRun]]:
    """Put runs of the same row together.

    Args:
        runs: Any.

    Returns:
        Runs by row, in the order of the first of each.
    """
    rows: dict[str, list[AnalysedRun]] = {run.row: [] for run in runs}
    for run in runs:
        rows[run.row].append(run)
    return rows


def stack(runs: Sequence[AnalysedRun], table: str) -> pd.DataFrame:
    """Put one table of all runs into one frame.

    Args:
        runs: Runs with that table.
        table: Its name.

    Returns:
        Its lines with ``row``, ``run_seed`` and ``trial_id`` before them.

    Raises:
        AnalysisError: A run lacks it.
    """
    frames = []
    for run in runs:
        if table not in run.analysis.tables:
            raise AnalysisError(f"{run.trial_id}: its analysis has no table {table}")
        frame = run.analysis.tables[table].copy()
        frame.insert(0, "trial_id", run.trial_id)
        frame.insert(0, "run_seed", run.seed)
        frame.insert(0, "row", run.row)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


# As the mark of a finished trial has them; older ones say nothing of its files.
def _weights(trial: Path) -> object:
    try:
        mark = json.loads((trial / _MARK).read_text(encoding="utf-8"))
        return mark["files"][_WEIGHTS]["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
