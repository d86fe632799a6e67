"""Which runs an analysis is of, and where what they learnt from is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from film.errors import DataError
from runner.cli.warning import warn
from runner.errors import LaunchError
from runner.looking.addresses import (
    NamedTrial,
    find_one,
    find_trials,
    launches_by_age,
    named_trials,
)
from runner.planning.request import find_launch
from runner.store.files import absolute
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from studies.splits import USUAL, Splits

__all__ = ["FinishedRun", "finished_runs"]


@dataclass(frozen=True, kw_only=True)
class FinishedRun:
    """A run with weights, and its data.

    Attributes:
        trial: By its names.
        folder: Its folder.
        data: The store that it learnt from.
        splits: What of that it learnt from and was judged by.
    """

    trial: NamedTrial
    folder: TrialFolder
    data: Path
    splits: Splits


def finished_runs(
    addresses: Sequence[str],
    workspace: Workspace,
    *,
    study: str | None,
    data: Path | None,
) -> list[FinishedRun]:
    """Find finished runs; the others of their rows are named and left out.

    Args:
        addresses: Rows, ``ROW@SEED`` or beginnings of trials' ids; none is all of the
            study.
        workspace: The store.
        study: Of which study; None is the last launched one that has such a row.
        data: What the user gave to learn from; None is a world in the store.

    Returns:
        Each run once.

    Raises:
        LaunchError: There is none.
    """
    found: dict[str, NamedTrial] = {}
    for address in addresses or _everything(study):
        for trial in _matching(address, workspace, study):
            found.setdefault(trial.trial_id, trial)
    usable, others = [], []
    for trial in found.values():
        folder = workspace.trial(trial.trial_id)
        problem = _problem(folder)
        if problem:
            others.append(f"{trial.name} {problem}")
        else:
            usable.append(_run(trial, folder, workspace, data))
    if not usable:
        raise LaunchError(others[0])
    for line in others:
        warn(f"left out: {line}")
    return usable


def _everything(study: str | None) -> tuple[str, ...]:
    if study is None:
        raise LaunchError("name a RUN (a row, ROW@SEED or a trial's id), or a --study")
    return ("*",)


def _matching(
    address: str, workspace: Workspace, study: str | None
) -> Sequence[NamedTrial]:
    launches = [find_launch(study, workspace)] if study else launches_by_age(workspace)
    for launch in launches:
        found = find_trials(address, named_trials(launch))
        if found:
            return found
    return [find_one(address, workspace, study=study)]  # by its id, or says why not


def _problem(folder: TrialFolder) -> str:
    state = folder.state()
    if state is not TrialState.FINISHED:
        return f"is {state}: it has no weights yet"
    stage = folder.description().get("stage", {})
    if stage.get("learn", True) is None:
        judge = Splits.read(stage).judge
        split = "" if judge.store else f", with --split {judge.split}"
        return (
            f"judges the weights of another run: name that ({stage['parent']}){split}"
        )
    return ""


def _run(
    trial: NamedTrial, folder: TrialFolder, workspace: Workspace, given: Path | None
) -> FinishedRun:
    said = folder.description()
    splits = Splits.read(said["stage"]) if "stage" in said else USUAL
    data = _data(said, workspace, given)
    return FinishedRun(
        trial=trial, folder=folder, data=data / splits.store, splits=splits
    )


# A world is known by its name; a FILM_DATA that is always set must not hide it.
def _data(said: Mapping[str, Any], workspace: Workspace, given: Path | None) -> Path:
    source = click.get_current_context().get_parameter_source("data")
    if given is None or source is not ParameterSource.COMMANDLINE:
        made = sorted(workspace.root.glob(f"data/*-{said['data']}"))
        if made:
            return made[0]
    if given is None:
        raise DataError(
            f"{said['row']} learnt from data {said['data']}, which the store does not "
            "have: give --data DIR, the folder that it was prepared in"
        )
    if not given.is_dir():
        raise DataError(f"--data {given}: no such folder")
    return absolute(given)
