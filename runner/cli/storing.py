"""What ``film gc``, ``film export`` and ``film import`` do."""

import json
import sys
from collections.abc import Collection, Sequence
from typing import Final

import click

from runner.errors import LaunchError
from runner.quantities import memory
from runner.store.garbage import Garbage, Kind, find_garbage, remove
from runner.store.workspace import Workspace
from runner.text import aligned

__all__ = ["free_space"]

_FLAGS: Final = {
    Kind.UNWANTED: "--unwanted",
    Kind.WORLDS: "--worlds",
    Kind.MLFLOW: "--mlflow",
}


def free_space(
    workspace: Workspace,
    kinds: Collection[Kind],
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Say what would be freed, ask, and free it.

    Args:
        workspace: The store.
        kinds: What to free.
        dry_run: Stop after saying it.
        yes: Do not ask.
        as_json: For a program, which is not asked.

    Returns:
        The exit code.

    Raises:
        LaunchError: There is no such store, or nobody is there to be asked.
    """
    if not workspace.root.is_dir():
        raise LaunchError(f"{workspace.root}: no store is there")
    found = find_garbage(workspace, Kind)
    chosen = [one for one in found if one.kind in kinds]
    if as_json:
        click.echo(json.dumps(_as_json(found, kinds), indent=2, ensure_ascii=False))
    else:
        _echo(found, kinds)
    if not chosen or dry_run or (as_json and not yes):
        return 0
    if not yes and not sys.stdin.isatty():
        raise LaunchError("nothing was removed: nobody is there to be asked; say -y")
    if not yes:
        click.confirm(f"Remove {_size(chosen)}?", abort=True, err=True)
    removal = remove(workspace, chosen)
    for one, why in removal.kept:
        click.echo(f"film: warning: kept {one.paths[0]}: {why}", err=True)
    if not as_json:
        click.echo(f"{memory(removal.n_bytes)} freed")
    return 1 if removal.kept else 0


def _echo(found: Sequence[Garbage], kinds: Collection[Kind]) -> None:
    if not found:
        click.echo("nothing can be freed")
        return
    rows = [("", "how many", "size")]
    others = []
    for kind in Kind:
        some = [one for one in found if one.kind is kind]
        if some and kind in kinds:
            rows.append((kind, str(len(some)), _size(some)))
        elif some:
            others.append(f"{_FLAGS[kind]}: {_size(some)} in {len(some)} {kind}")
    if len(rows) > 1:
        click.echo(aligned(rows, numbers_from=1))
    for line in others:
        click.echo(f"with {line}")


def _size(some: Sequence[Garbage]) -> str:
    return memory(sum(one.n_bytes for one in some))


def _as_json(
    found: Sequence[Garbage], kinds: Collection[Kind]
) -> list[dict[str, object]]:
    return [
        {
            "kind": one.kind.name.lower(),
            "is_chosen": one.kind in kinds,
            "what": one.note,
            "bytes": one.n_bytes,
            "paths": [str(path) for path in one.paths],
        }
        for one in found
    ]
