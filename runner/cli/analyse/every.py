"""``film analyse all``: every analysis, one after the other."""

from collections.abc import Iterator
from typing import Final, Unpack

import click
from click.core import ParameterSource

from film.errors import FilmError
from runner.cli.analyse.options import AnalysisFlags, analysis_options

__all__ = ["every"]

_OWN: Final = "all"
_HANDED_ON: Final = "study", "split", "questions", "out", "data", "store"


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

    if flags["as_json"]:
        raise click.UsageError("--json is of one analysis: name it in place of all")
    words = [*_words(context), "--", *runs]
    kinds = {name: one for name, one in analyse.commands.items() if name != _OWN}
    problems: list[FilmError] = []
    for name, command in kinds.items():
        try:
            with command.make_context(name, list(words), parent=context) as inner:
                command.invoke(inner)
        except FilmError as error:
            problems.append(error)
            if len(problems) == len(kinds):  # none could be done
                raise
            warn(f"{name}: {error}")


# What was typed: an option that was not has the default of each command.
def _words(context: click.Context) -> Iterator[str]:
    for name in _HANDED_ON:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            yield from (f"--{name}", str(context.params[name]))
