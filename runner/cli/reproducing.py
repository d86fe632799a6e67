"""The command that holds a study, or the paper itself, against published numbers."""

from pathlib import Path
from typing import TypedDict, Unpack

import click

from runner.cli.completing import studies
from runner.cli.options import (
    Flags,
    choice_options,
    data_option,
    store_option,
    tracking_option,
)

__all__ = ["CompareFlags", "compare"]

_FORMS = ("text", "md", "html", "json")


class _CompareFlags(TypedDict):
    """Values of the flags below, as click hands them on."""

    published: str | None
    paper: str | None
    form: str | None
    out: Path | None
    figure: Path | None


class CompareFlags(Flags, _CompareFlags):
    """All of the command's."""


@click.command()
@click.argument("study", required=False, shell_complete=studies)
@click.option(
    "--with",
    "published",
    metavar="TABLE",
    help="A CSV file of row, accuracy (percent) and, if known, sd and n (runs), with a "
    "row `baseline`; or a table of the paper.  [default: the study's, if it has one]",
)
@click.option(
    "--paper",
    metavar="TABLE",
    help="Instead of a study: what architecture, or such a file, says by itself.",
)
@choice_options
@data_option
@store_option
@tracking_option
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMS),
    help="Of the output.  [default: as --out ends, else text]",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write there instead of printing.",
)
@click.option(
    "--figure",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw it, too (.png .pdf .svg); a page shows it.",
)
def compare(study: str | None, **flags: Unpack[CompareFlags]) -> int:
    """Hold STUDY against what was published: claims, rows, order, deviations.

    A claim of the paper is reproduced, not reproduced or undecided. On other questions
    than the published ones, differences to the baseline are compared, not accuracies.

    Exit code: 0 every wanted run is complete, 1 some are not, 2 bad input; what was
    found does not change it.

    Example: film compare architecture --out reproduction.html

    Example: film compare my-study.yaml --with published.csv

    Example: film compare --paper architecture --figure range.png
    """
    from runner.cli.compared import echo_examination, echo_reproduction

    if (study is None) == (flags["paper"] is None):
        raise click.UsageError("Give a STUDY, or a published table with --paper.")
    if study is None:
        return echo_examination(flags)
    return echo_reproduction(study, flags)
