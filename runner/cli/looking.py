"""Commands that look at data: check that a folder agrees with itself, draw a sheet."""

from pathlib import Path

import click

from runner.cli.options import as_json

__all__ = ["check"]

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
