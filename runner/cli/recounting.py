"""What ``film logs`` prints."""

import json
from typing import Final

import click

from runner.looking.addresses import NamedTrial
from runner.looking.logs import follow, is_at_work, read_log, start_of_last
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace

__all__ = ["echo_log", "follow_log"]

_INTERRUPTED: Final = 130


def echo_log(
    trial: NamedTrial, workspace: Workspace, n_lines: int | None, *, as_json: bool
) -> None:
    """Print what a trial said; where it stands goes to the other stream.

    Args:
        trial: Which.
        workspace: The store.
        n_lines: How many of the last lines; None is all.
        as_json: For a program.
    """
    folder = workspace.trial(trial.trial_id)
    text = read_log(folder.log, n_lines)
    if as_json:
        content = {
            "trial_id": trial.trial_id,
            "study": trial.study,
            "row": trial.row,
            "seed": trial.seed,
            "state": folder.state(),
            "path": str(folder.log),
            "lines": text.splitlines(),
        }
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    click.echo(_headline(trial, folder), err=True)
    click.echo(text, nl=bool(text) and not text.endswith("\n"))


def follow_log(trial: NamedTrial, workspace: Workspace, n_lines: int | None) -> int:
    """Print what a trial said and says, until it is over or Ctrl-C.

    Args:
        trial: Which.
        workspace: The store.
        n_lines: How many of the lines that are there; None is all.

    Returns:
        The exit code: 130 where Ctrl-C ended it.
    """
    folder = workspace.trial(trial.trial_id)
    click.echo(_headline(trial, folder), err=True)
    start = start_of_last(folder.log, n_lines)
    try:
        for text in follow(
            folder.log, lambda: is_at_work(trial, workspace), start=start
        ):
            click.echo(text, nl=False)
    except KeyboardInterrupt:
        return _INTERRUPTED
    click.echo(f"{trial.name} is {folder.state()}", err=True)
    return 0


def _headline(trial: NamedTrial, folder: TrialFolder) -> str:
    of = f" of {trial.study}" if trial.study else ""
    said = "" if folder.log.exists() else "; nothing was said yet"
    return f"{trial.name}{of}: {folder.state()} ({folder.log}){said}"
