"""What `film report` does: a folder of files, one table, or a check of either."""

import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from runner.cli.reading import find_recorded, warn, write_report_of
from runner.errors import LaunchError
from runner.planning.request import Request
from runner.store.launches import read_launch
from runner.store.workspace import Workspace
from runner.tracking.address import normal_uri
from runner.tracking.client import quiet_environment
from runner.tracking.mirror import Mirror

if TYPE_CHECKING:  # pandas takes its time
    from reports.options import ReportOptions
    from reports.tables.forms import Format
    from runner.cli.reporting import _Flags

__all__ = ["echo_report", "echo_verification"]

_LATEX: Final = "fragment", "standalone", "siunitx"
_MAIN: Final = "table"
_PAGES: Final = ".html", ".htm"
_WIDTH: Final = "page"  # where none is given
_OF_NUMBERS: Final = "csv", "json", "parquet"  # without any choice of what is shown


def echo_report(study: str, flags: "_Flags") -> int:
    """Write a report from what is recorded, or print one table of it.

    Args:
        study: Name or file.
        flags: Of the command.

    Returns:
        The exit code: 0 where every wanted trial is finished.
    """
    form = None if flags["html"] else _form(flags)
    if form is not None:
        _refuse_idle_options(flags, form)
    request, uri = find_recorded(study, flags)
    mirror = Mirror(request.workspace, uri, warn=warn)
    mirror.everything(request.folders(), [])  # MLflow may have been down
    quiet_environment()
    options = _options(request, flags, form)
    if flags["html"]:
        return 0 if _page(request, uri, options, flags) else 1
    if form is not None:
        return 0 if _one_table(request, uri, options, flags, form) else 1
    out = flags["out"] or request.workspace.report(request.study.name)
    is_complete = write_report_of(request, request.records(), uri, out, options)
    launch = read_launch(request.folder)
    if flags["out"] is None and launch is not None:
        mirror.everything([], [launch])  # with the report
    return 0 if is_complete else 1


def echo_verification(path: Path, store: Path, tracking_uri: str | None) -> int:
    """Hold written tables against the record, and name what differs.

    Args:
        path: A table, or a folder of them.
        store: Where the runs are recorded, unless the tables say a server, or lie in
            another store.
        tracking_uri: Where the runs are recorded; None is as above.

    Returns:
        The exit code: 1 where something differs.
    """
    quiet_environment()
    from reports.tables.numbers import count
    from reports.verify import verify

    above = (one for one in path.resolve().parents if (one / "trials").is_dir())
    home = Workspace.at(next(above, store))
    given = normal_uri(tracking_uri) if tracking_uri else None
    found = verify(path, given, store=home.tracking_uri)
    for note in found.notes:
        click.echo(f"film: note: {note}", err=True)
    for difference in found.differences:
        click.echo(str(difference))
    names = ", ".join(file.name for file in found.files)
    n = len(found.differences)
    said = (
        f"{count(n, 'cell')} of {found.n_cells:,} differ"
        if n
        else (f"all {found.n_cells:,} cells are as recorded")
    )
    click.echo(f"{names}: {said}")
    return 1 if n else 0


# None where a folder of files is wanted.
def _form(flags: "_Flags") -> "Format | None":
    from reports.tables.forms import Format, format_of

    if flags["form"] is not None:
        return Format(flags["form"])
    out = flags["out"]
    if out is not None and not out.is_dir():
        if form := format_of(out.suffix):
            return form
        if re.fullmatch(r"\.[A-Za-z]\w*", out.suffix):  # a folder may be called v1.2
            raise LaunchError(
                f"--out {out}: no table ends in {out.suffix}, but in .md .tex .html "
                ".csv .json .parquet .txt; for a folder of that name, make it first"
            )
    for name in ("table", "fragment", "standalone", "siunitx"):
        if flags[name]:
            raise LaunchError(f"--{name} is of one table: say which --format")
    return None


# What would change nothing of the one table is a mistake.
def _refuse_idle_options(flags: "_Flags", form: "Format") -> None:
    name = _name(flags)
    has_numbers_alone = form in _OF_NUMBERS
    idle = {
        "--fragment is rows alone, --standalone a whole document: leave out one": (
            flags["fragment"] and flags["standalone"]
        ),
        f"--pivot makes the table pivot: leave out --table {name}, or --pivot": (
            flags["pivot"] and name != "pivot"
        ),
        f"--second-best is of the main table, and not of --table {name}": (
            flags["second_best"] and name != _MAIN
        ),
        f"--second-best underlines, which {form} cannot": (
            flags["second_best"] and has_numbers_alone
        ),
        f"--columns is of tables to be read: {form} has all numbers": (
            flags["columns"] and has_numbers_alone
        ),
        "--width is of figures: a table has none": flags["width"] != _WIDTH,
    }
    for message, is_so in idle.items():
        if is_so:
            raise LaunchError(message)


# Of the one table that is wanted.
def _name(flags: "_Flags") -> str:
    return flags["table"] or ("pivot" if flags["pivot"] else _MAIN)


def _options(
    request: Request, flags: "_Flags", form: "Format | None"
) -> "ReportOptions":
    from reports.options import ReportOptions
    from reports.selection import SelectOn
    from reports.statistics import Variance

    return ReportOptions(
        select_on=SelectOn(flags["select_on"]),
        variance=Variance(flags["variance"]),
        columns=flags["columns"],
        columns_of=_MAIN if form is None else _name(flags),
        second_best=flags["second_best"],
        pivot=flags["pivot"],
        width=flags["width"],
        command=_command(request, flags, form),
        analysed=request.workspace.trials,
    )


# What was typed, but for what a table does not depend on.
def _command(request: Request, flags: "_Flags", form: "Format | None") -> str:
    words = ["film", "report", request.study.name]
    words += ["--seeds", str(flags["seeds"])] if flags["seeds"] else []
    for name in ("only", "exclude"):
        for pattern in flags[name]:
            words += [f"--{name}", pattern]
    for name, usual in (("select_on", "all"), ("variance", "separate")):
        value = flags[name]  # type: ignore[literal-required] # of a fixed list
        words += [f"--{name.replace('_', '-')}", value] if value != usual else []
    if form is not None and flags["columns"] and _name(flags) != _MAIN:
        words += ["--format", str(form), "--table", _name(flags)]
    words += ["--columns", ",".join(flags["columns"])] if flags["columns"] else []
    words += ["--pivot", ":".join(flags["pivot"])] if flags["pivot"] else []
    return shlex.join([*words, *(["--second-best"] if flags["second_best"] else [])])


def _page(
    request: Request, uri: str, options: "ReportOptions", flags: "_Flags"
) -> bool:
    from reports.report import write_page

    for name in ("form", "table", *_LATEX):
        if flags[name]:
            option = "format" if name == "form" else name
            raise LaunchError(f"--html is the whole page: leave out --{option}")
    file = flags["out"] or Path(f"{request.study.name}.html")
    if file.is_dir():
        raise LaunchError(f"--out {file}: is a folder; --html writes one file")
    if file.suffix not in _PAGES:
        raise LaunchError(f"--out {file}: is a page, whose name should end in .html")
    page = write_page(request.study, request.trials, uri, file, options)
    click.echo(file.resolve().as_uri())
    return page.is_complete


def _one_table(
    request: Request,
    uri: str,
    options: "ReportOptions",
    flags: "_Flags",
    form: "Format",
) -> bool:
    from reports.material import gather
    from reports.tables.forms import write_table
    from reports.tables.latex import LatexForm

    latex = LatexForm(
        is_fragment=flags["fragment"],
        is_standalone=flags["standalone"],
        has_siunitx=flags["siunitx"],
    )
    made = gather(request.study, request.trials, uri, options)
    name = _name(flags)
    if name not in made.tables:
        raise LaunchError(f"--table {name}: there are {', '.join(made.tables)}")
    table = made.tables[name]
    if flags["columns"] and not any(column.name for column in table.columns):
        raise LaunchError(f"--columns: those of {name} cannot be chosen")
    content = write_table(table, form, None if latex == LatexForm() else latex)
    out = flags["out"]
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(content)
    elif form == "parquet":
        if sys.stdout.isatty():
            raise LaunchError("parquet is not for a terminal: say --out FILE.parquet")
        sys.stdout.buffer.write(content)
    else:
        click.echo(content.decode(), nl=False)
    return made.is_complete
