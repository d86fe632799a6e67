"""The command that says what came of a study, and the one that checks what it said."""

from pathlib import Path
from typing import Any, TypedDict, Unpack

import click

from runner.cli.completing import studies
from runner.cli.options import (
    Flags,
    choice_options,
    data_option,
    store_option,
    tracking_option,
)

__all__ = ["FORMATS", "TableFlags", "report", "report_verify"]

_WIDTHS = ("column", "text", "page")
FORMATS = ("text", "md", "latex", "html", "csv", "json", "parquet")


class TableFlags(TypedDict):
    """Values of the flags below that say what a table shows, as click hands them on."""

    columns: tuple[str, ...]
    form: str | None
    fragment: bool
    html: bool
    out: Path | None
    pivot: tuple[str, str] | None
    second_best: bool
    select_on: str
    siunitx: bool
    standalone: bool
    table: str | None
    variance: str
    width: str


class _Flags(Flags, TableFlags):
    """Both."""


class _StudyOrVerify(click.Command):
    """A command of a study, of which one name is taken: that of another command."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - click's signature
    ) -> click.Context:
        """Let the other command take what follows its name.

        Args:
            info_name: What this one is called.
            args: What was typed after it.
            parent: Of the group.
            extra: Settings of the context.

        Returns:
            The context of the command that is meant.
        """
        if args[:1] == ["verify"]:
            name = f"{info_name} verify"
            return report_verify.make_context(name, args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


def _factors(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> tuple[str, str] | None:
    if text is None:
        return None
    factors = text.split(":")
    if len(factors) != 2 or not all(factors):  # noqa: PLR2004 - as the message says
        raise click.BadParameter(f"{text}: needs two factors, as in row:type")
    return factors[0], factors[1]


def _names(
    _context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]
) -> tuple[str, ...]:
    return tuple(name.strip() for text in texts for name in text.split(","))


@click.command(cls=_StudyOrVerify)
@click.argument("study", shell_complete=studies)
@choice_options
@data_option
@store_option
@tracking_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Folder for all files; with --format, or where it ends like a table "
    "(.md .tex .html .csv .json .parquet), the file of one; with --html, of the page.",
)
@click.option(
    "--html",
    is_flag=True,
    help="Write the page alone, as one file.  [default: STUDY.html]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="Print one table in this form, and write no files.",
)
@click.option(
    "--table",
    metavar="NAME",
    help="Which one: table, types, changes, ...; a wrong one names them all.  "
    "[default: table, or pivot with --pivot]",
)
@click.option(
    "--columns",
    multiple=True,
    callback=_names,
    metavar="NAMES",
    help="Of the table that is printed, else of the main one: by name or pattern, with "
    "commas; a wrong one names them all.",
)
@click.option(
    "--pivot",
    callback=_factors,
    metavar="ROWS:COLUMNS",
    help="A table of two factors: settings, components, row, group, seed or type.",
)
@click.option("--second-best", is_flag=True, help="Underline the second best accuracy.")
@click.option(
    "--select-on",
    type=click.Choice(["all", "half"]),
    default="all",
    show_default=True,
    help="Choose epochs on all validation scenes, or on half, to score the others.",
)
@click.option(
    "--variance",
    type=click.Choice(["separate", "shared"]),
    default="separate",
    show_default=True,
    help="Of a row's runs: from them alone, or borrowed from other rows.",
)
@click.option(
    "--width",
    type=click.Choice(_WIDTHS),
    default="page",
    show_default=True,
    help="Of figures: 3.25 inches (one column of two), 5.5 or 6.75.",
)
@click.option("--fragment", is_flag=True, help="LaTeX: rows alone.")
@click.option("--standalone", is_flag=True, help="LaTeX: a document that compiles.")
@click.option("--siunitx", is_flag=True, help="LaTeX: numbers in S columns.")
def report(study: str, **flags: Unpack[_Flags]) -> int:
    """Write the report of STUDY, and print its table; or print one table alone.

    With the seeds of the last launch, unless --seeds says otherwise.
    `film report verify PATH` holds what was written against what is recorded.

    Exit code: 0 every wanted run is complete, 1 some are not, 2 bad input.

    Example: film report quick --out report

    Example: film report quick --html --out quick.html

    Example: film report quick --format latex --columns 'runs,accuracy,delta' --siunitx
    """
    from runner.cli.tabling import echo_report

    return echo_report(study, flags)


@click.command("verify")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@store_option
@click.option(
    "--tracking-uri",
    metavar="URI",
    help="MLflow with the runs.  [default: the server that the table names, or the "
    "store that it lies in]",
)
def report_verify(path: Path, store: Path, tracking_uri: str | None) -> int:
    """Compute the table in PATH again from what is recorded, and name what differs.

    PATH is a table as CSV, JSON or parquet, of rows, of types of question or of a
    pivot, or the folder of a report with such tables; others are named as not checked.
    What is recorded is looked for at the server that the table names, in the store
    that it lies in, or in --store.

    Exit code: 0 nothing differs, 1 something does, 2 bad input.

    Example: film report verify film-store/studies/quick/report
    """
    from runner.cli.tabling import echo_verification

    return echo_verification(path, store, tracking_uri)
