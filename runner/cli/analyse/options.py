"""Flags that all analyses share."""

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, TypedDict

import click

from runner.cli.completing import rows, studies
from runner.cli.options import as_json, data_option, store_option

__all__ = ["AnalysisFlags", "analysis_options"]

_Command = Callable[..., Any]


class AnalysisFlags(TypedDict):
    """Values of the flags below, as click hands them on."""

    as_json: bool
    data: Path | None
    out: Path | None
    questions: int | None
    split: str | None
    store: Path
    study: str | None


def analysis_options(command: _Command) -> _Command:
    """Add the runs that are looked at, and what is asked of them.

    Args:
        command: The command.

    Returns:
        The command with them.
    """
    options = (
        click.argument("runs", nargs=-1, metavar="RUN...", shell_complete=rows),
        click.option(
            "--study",
            metavar="STUDY",
            help="Of which study RUN is a row; without RUN, all of its runs.  "
            "[default: the last launched]",
            shell_complete=studies,
        ),
        click.option(
            "--split",
            metavar="NAME",
            help="Whose questions.  [default: those that the run was judged by]",
        ),
        click.option(
            "--questions",
            type=click.IntRange(min=2),
            metavar="N",
            help="The first N alone.  [default: all]",
        ),
        click.option(
            "--out",
            type=click.Path(file_okay=False, path_type=Path),
            metavar="FOLDER",
            help="Where figures go.  [default: the study's folder in the store]",
        ),
        data_option,
        store_option,
        as_json,
    )
    return reduce(lambda wrapped, option: option(wrapped), reversed(options), command)
