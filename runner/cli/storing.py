"""What ``film gc``, ``film export`` and ``film import`` do."""

import json
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import click

from runner.cli.warning import warn
from runner.errors import LaunchError
from runner.planning.request import find_launch
from runner.quantities import memory
from runner.store.archive import write_archive
from runner.store.garbage import Garbage, Kind, find_garbage, remove
from runner.store.importing import AT_IT, import_study
from runner.store.workspace import Workspace
from runner.text import aligned
from runner.tracking.address import normal_uri
from runner.tracking.mirror import Mirror

__all__ = ["export_study", "free_space", "import_file"]

_FLAGS: Final = {
    Kind.UNWANTED: "--unwanted",
    Kind.WORLDS: "--worlds",
    Kind.MLFLOW: "--mlflow",
}
_NAMED: Final = (Kind.UNWANTED, Kind.WORLDS)  # what was computed is in them


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
    named = [one for one in found if one.kind in kinds and one.kind in _NAMED]
    for one in named:
        click.echo(f"{one.paths[0]} ({one.note})")


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


def export_study(
    study: str, out: Path | None, workspace: Workspace, *, with_checkpoints: bool
) -> int:
    """Write a study with its trials to a file.

    Args:
        study: By name or file.
        out: The file; None names it after the study.
        workspace: The store.
        with_checkpoints: Also what unfinished trials need to go on.

    Returns:
        The exit code.
    """
    launch = find_launch(study, workspace)
    file = out or Path(f"{launch.study}.tar.gz")
    export = write_archive(workspace, launch, file, with_checkpoints=with_checkpoints)
    click.echo(
        f"{file}: {launch.study} with {export.n_trials} trials, "
        f"{export.n_finished} of them finished, {memory(export.n_bytes)}"
    )
    for folder, why in export.left_out:
        click.echo(f"film: warning: {folder.trial_id} is not in it: {why}", err=True)
    return 1 if export.left_out else 0


def import_file(file: Path, workspace: Workspace, uri: str | None) -> int:
    """Take a study out of a file, and bring MLflow up to date.

    Args:
        file: The archive.
        workspace: The store.
        uri: Of MLflow; None is the local one.

    Returns:
        The exit code.
    """
    address = normal_uri(uri or workspace.tracking_uri)
    done = import_study(file, workspace)
    name, n_kept = done.launch.study, len(done.kept)
    click.echo(f"{name}: {len(done.placed)} trials imported, {n_kept} kept as here")
    is_busy = False
    for folder, why in done.kept:
        if why == AT_IT:
            is_busy = True
            click.echo(f"film: warning: {folder.trial_id}: {why}", err=True)
    mirror = Mirror(workspace, address, warn=warn)
    folders = [workspace.trial(one) for one in dict.fromkeys(done.launch.trial_ids)]
    mirror.everything(folders, [done.launch])
    click.echo(f"`film report {name} --store {workspace.root}` makes its report")
    return 1 if is_busy or mirror.problem or mirror.refused else 0
