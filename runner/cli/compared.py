"""What `film compare` does: from a study or a published table to a document."""

import os
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from runner.cli.reading import find_recorded, warn
from runner.errors import LaunchError
from runner.planning.request import Request
from runner.tracking.client import quiet_environment
from runner.tracking.mirror import Mirror

if TYPE_CHECKING:  # pandas takes its time
    from reports.published import PublishedTable
    from reports.reproduction.document import Document, Form
    from runner.cli.reproducing import CompareFlags

__all__ = ["echo_examination", "echo_reproduction"]

_OF_STUDIES = "data", "exclude", "only", "seeds", "store", "tracking_uri"
_ENDINGS = {".txt": "text", ".md": "md", ".html": "html", ".json": "json"}


def echo_examination(flags: "CompareFlags") -> int:
    """Say what a published table says by itself.

    Args:
        flags: Of the command.

    Returns:
        The exit code, 0.
    """
    if flags["published"] is not None:
        raise LaunchError("--with is for a study: leave out --paper, or --with")
    context = click.get_current_context()
    for name in _OF_STUDIES:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = f"--{name.replace('_', '-')}"
            raise LaunchError(
                f"{option} is for a study: leave out --paper, or {option}"
            )
    form = _form(flags)
    from reports.reproduction.documents import examine
    from reports.reproduction.reading import find_table

    name = str(flags["paper"])
    document = examine(find_table(name), _command(["--paper", name], flags))
    _write(document, form, flags)
    return 0


def echo_reproduction(study: str, flags: "CompareFlags") -> int:
    """Hold a study's runs against a published table.

    Args:
        study: Name or file.
        flags: Of the command.

    Returns:
        The exit code: 0 where every wanted trial is finished.
    """
    form = _form(flags)
    request, uri = find_recorded(study, flags)
    quiet_environment()
    table = _table(request, flags["published"])
    Mirror(request.workspace, uri, warn=warn).everything(request.folders(), [])
    from reports.load import load_results
    from reports.reproduction.documents import study_document
    from reports.reproduction.making import reproduce

    results = load_results(request.trials, uri)
    found = reproduce(request.study, results, table)
    words = [request.study.name]
    words += ["--with", flags["published"]] if flags["published"] else []
    document = study_document(request.study, found, _command(words, flags))
    _write(document, form, flags)
    return 0 if bool(results.trials["val_accuracy"].notna().all()) else 1


def _table(request: Request, name: str | None) -> "PublishedTable":
    from reports.published import PUBLISHED
    from reports.reproduction.reading import find_table

    if name is not None:
        table = find_table(name)
    elif request.study.name in PUBLISHED:
        table = PUBLISHED[request.study.name]
    else:
        raise LaunchError(
            f"nothing was published for {request.study.name}: name what to compare "
            f"it with by --with: a CSV file, or {', '.join(PUBLISHED)}"
        )
    labels = {row.label for row in request.study.rows[1:]}
    if labels.isdisjoint(table.rows):
        raise LaunchError(
            f"{request.study.name} has no row in common with {table.name} but the "
            f"baseline; published are {'; '.join(table.rows)}"
        )
    return table


def _form(flags: "CompareFlags") -> "Form":
    from reports.figures.style import FORMATS
    from reports.reproduction.document import Form

    out, figure = flags["out"], flags["figure"]
    if figure is not None and figure.suffix not in FORMATS:
        raise LaunchError(
            f"--figure {figure}: its name has to end in {', '.join(FORMATS)}"
        )
    if flags["form"] is not None:
        return Form(flags["form"])
    if out is None:
        return Form.TEXT
    if out.suffix not in _ENDINGS:
        raise LaunchError(
            f"--out {out}: its name should end in {', '.join(_ENDINGS)}, or say which "
            "--format"
        )
    return Form(_ENDINGS[out.suffix])


def _command(words: list[str], flags: "CompareFlags") -> str:
    said = ["film", "compare", *words]
    said += ["--seeds", str(flags["seeds"])] if flags["seeds"] else []
    for option, patterns in (
        ("--only", flags["only"]),
        ("--exclude", flags["exclude"]),
    ):
        said += [word for pattern in patterns for word in (option, pattern)]
    said += ["--format", flags["form"]] if flags["form"] else []
    for option, path in (("--out", flags["out"]), ("--figure", flags["figure"])):
        said += [option, str(path)] if path else []
    return shlex.join(said)


def _write(document: "Document", form: "Form", flags: "CompareFlags") -> None:
    from reports.figures.style import save_figure
    from reports.reproduction.document import write_document

    out, figure = flags["out"], flags["figure"]
    if figure is not None:
        if document.drawing is None:
            raise LaunchError(f"--figure {figure}: there is nothing to draw")
        figure.parent.mkdir(parents=True, exist_ok=True)
        save_figure(document.drawing.figure, figure)
    content = write_document(document, form, _image(document, form, flags))
    if out is None:
        click.echo(content, nl=False)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(content, encoding="utf-8", newline="\n")


# A page has its figure in itself; Markdown names the file.
def _image(document: "Document", form: "Form", flags: "CompareFlags") -> str:
    from reports.figures.style import save_figure
    from reports.reproduction.document import Form, image_within

    if form is Form.HTML and document.drawing is not None:
        with tempfile.TemporaryDirectory() as temporary:
            path = Path(temporary) / "figure.png"
            save_figure(document.drawing.figure, path)
            return image_within(path)
    if flags["figure"] is None:
        return ""
    folder = flags["out"].parent if flags["out"] else Path()
    return Path(os.path.relpath(flags["figure"], folder)).as_posix()
