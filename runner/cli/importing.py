"""What ``film import`` does with a checkpoint that other code wrote."""

from pathlib import Path
from typing import Final

import click

from film.config import Architecture, Config
from film.data.vocabulary import read_vocabulary
from film.model.authors.checkpoint import AuthorsModel, parse_checkpoint
from film.training.checkpoint import load_tensors
from runner.store.models import name_of, place_model
from runner.store.workspace import Workspace
from runner.text import percent

__all__ = ["import_checkpoint", "is_checkpoint"]

_TORCH: Final = (b"PK\x03\x04", b"\x80")  # a zip, or a pickle, as torch wrote before
_MOST_NAMED: Final = 6
_SYSTEMS: Final = {Architecture.FILM: "FiLM", Architecture.PG_EE: "PG+EE"}


def is_checkpoint(file: Path) -> bool:
    """Tell by its first bytes whether torch wrote a file, or `film export` may have.

    Args:
        file: The file.

    Returns:
        Whether torch did; not of what cannot be read.
    """
    try:
        with file.open("rb") as content:
            return content.read(4).startswith(_TORCH)
    except OSError:
        return False


def import_checkpoint(
    file: Path, workspace: Workspace, *, vocabulary: Path | None, name: str | None
) -> None:
    """Take a model out of a checkpoint, and say what was read.

    Args:
        file: The checkpoint.
        workspace: The store.
        vocabulary: A vocab.json, instead of the checkpoint's own.
        name: What to call the model; None names it after the file.
    """
    words = None if vocabulary is None else read_vocabulary(vocabulary)
    called = name_of(file, name)
    model = parse_checkpoint(load_tensors(file), str(file), words)
    folder, is_new = place_model(model, file, called, workspace)
    for line in _described(model):
        click.echo(line)
    here = "imported" if is_new else "here already"
    click.echo(f"{here}: {folder.path}")
    click.echo(f"`film predict {called} --data DIR --split val` answers with it")


def _described(model: AuthorsModel) -> list[str]:
    sizes = model.sizes
    seen = "×".join(map(str, sizes.image_shape))
    system = _SYSTEMS[model.config.architecture]
    lines = [
        f"{system} with {model.n_parameters:,} parameters, for images of {seen}",
        f"settings: {_settings(model)}",
        f"{sizes.n_words} words and {sizes.n_answers} answers, special ones included",
    ]
    if model.accuracy is not None:
        after = "" if model.steps is None else f" after {model.steps:,} batches"
        lines.append(f"it says: {percent(model.accuracy)} on validation{after}")
    if model.unused:
        names = ", ".join(model.unused[:_MOST_NAMED])
        n_more = len(model.unused) - _MOST_NAMED
        more = f" and {n_more} more" if n_more > 0 else ""
        lines.append(f"not used: {names}{more}")
    return lines


def _settings(model: AuthorsModel) -> str:
    paper, ours = Config().flat(), Config(model=model.config).flat()
    other = [f"{name} {ours[name]}" for name in ours if ours[name] != paper[name]]
    return ", ".join(other) or "those of the paper"
