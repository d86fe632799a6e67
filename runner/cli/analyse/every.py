"""``film analyse all``: every analysis, one after the other."""

from typing import Unpack

import click

from film.errors import AnalysisError
from runner.cli.analyse.options import AnalysisFlags, analysis_options

__all__ = ["every"]

_OWN = "all"


@click.command(_OWN)
@analysis_options
@click.pass_context
def every(
    context: click.Context, runs: tuple[str, ...], **flags: Unpack[AnalysisFlags]
) -> None:
    """Do every analysis of the runs, each as its own command does it unasked.

    What a run has nothing of is left out, with a line that says so.

    Example: film analyse all --study quick
    """
    from runner.cli.analyse import analyse
    from runner.cli.warning import warn

    for name, command in analyse.commands.items():
        if name == _OWN:
            continue
        try:
            context.invoke(command, runs=runs, **flags)
        except AnalysisError as error:
            warn(f"{name}: {error}")
