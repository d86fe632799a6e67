"""Commands that look at data: check that a folder agrees with itself, draw a sheet."""

from pathlib import Path

import click
from click.core import ParameterSource

from runner.cli.options import as_json

__all__ = ["check", "show"]

_COUNT = click.IntRange(1, 200)  # more make a sheet that no viewer opens
_NUMBER = click.IntRange(min=0)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("directory", type=_FOLDER)
@as_json
def check(directory: Path, *, as_json: bool) -> int:
    """Check that CLEVR's files in DIRECTORY agree with each other.

    Answers every question by its program, computes every relationship from the
    coordinates, and holds scenes and pictures against the rules of CLEVR, or of the
    world that DIRECTORY is.

    Exit code: 0 all agree, 1 something differs, 2 a file cannot be used.

    Example: film data check CLEVR_v1.0
    """
    from runner.cli.showing import check_folder

    return check_folder(directory, as_json=as_json)


@click.command()
@click.argument("directory", type=_FOLDER)
@click.option("--split", default="val", show_default=True, help="Which split.")
@click.option(
    "-n", "--count", type=_COUNT, default=6, show_default=True, help="Of pictures."
)
@click.option(
    "--first", type=_NUMBER, default=0, metavar="INDEX", help="Begin at this image."
)
@click.option(
    "--image",
    "chosen",
    type=_NUMBER,
    multiple=True,
    metavar="INDEX",
    help="Show this image; repeatable.",
)
@click.option(
    "--questions",
    type=_NUMBER,
    default=3,
    show_default=True,
    help="For each picture, at most.",
)
@click.option(
    "--images", type=_FOLDER, help="The folder of pictures, for CLEVR-Humans."
)
@click.option("--beside", type=_FOLDER, help="Show another folder's pictures too.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The PNG to write.  [default: sheet-DIRECTORY-SPLIT.png]",
)
@click.option("--text", is_flag=True, help="Print the questions; draw nothing.")
@as_json
def show(
    directory: Path,
    *,
    split: str,
    count: int,
    first: int,
    chosen: tuple[int, ...],
    questions: int,
    images: Path | None,
    beside: Path | None,
    out: Path | None,
    text: bool,
    as_json: bool,
) -> None:
    """Draw pictures of DIRECTORY with questions, answers and programs.

    DIRECTORY is CLEVR, CoGenT or CLEVR-Humans as unpacked, a world, or a prepared
    store, whose pictures have the size that training reads.

    Example: film data show world --beside CLEVR_v1.0 --questions 1
    """
    from film.data.examples import Choice
    from runner.cli.showing import read_column, show_columns, show_sheet

    is_drawn = not (text or as_json)
    if out and not is_drawn:
        raise click.UsageError("--out is for a sheet, and --text and --json draw none")
    source = click.get_current_context().get_parameter_source
    if chosen and ParameterSource.COMMANDLINE in (source("count"), source("first")):
        raise click.UsageError("--image names pictures: leave out --count and --first")
    choice = Choice(
        split=split,
        count=count,
        first=first,
        images=tuple(dict.fromkeys(chosen)),
        n_questions=questions,
        with_pixels=is_drawn,
    )
    columns = [read_column(directory, choice, images)]
    if beside is not None:
        columns.append(read_column(beside, choice, None))
    if is_drawn:
        show_sheet(columns, out)
    else:
        show_columns(columns, as_json=as_json)
