"""What ``film verify`` does."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import click

from film.errors import FilmError
from film.model.reference import verify
from runner.text import aligned

__all__ = ["verify_all"]

_BAD_INPUT = 2


def verify_all(files: Sequence[Path], tolerance: float, *, as_json: bool) -> int:
    """Compare every file that can be used, and print the largest differences.

    Args:
        files: References.
        tolerance: What a difference may be.
        as_json: For a program.

    Returns:
        The exit code.
    """
    found: dict[str, float] = {}
    unusable = []
    for path in files:
        try:
            found[str(path)] = verify(path).largest
        except FilmError as error:
            unusable.append(str(error))
    agrees = {path: value <= tolerance for path, value in found.items()}  # NaN does not
    if as_json:
        rows = [
            {
                "file": path,
                "largest_difference": value if math.isfinite(value) else None,
                "agrees": agrees[path],
            }
            for path, value in found.items()
        ]
        click.echo(json.dumps(rows, indent=2))
    elif found:
        lines = [
            (path, f"{value:.1e}", "agrees" if agrees[path] else "DIFFERS")
            for path, value in found.items()
        ]
        header = ("file", "largest difference", f"at {tolerance:g}")
        click.echo(aligned([header, *lines]))
    for line in unusable:
        click.echo(f"film: error: {line}", err=True)
    if unusable:
        return _BAD_INPUT
    return 0 if all(agrees.values()) else 1
