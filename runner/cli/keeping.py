"""Commands about the store itself: what may go, and what is carried elsewhere."""

from pathlib import Path

import click

from runner.cli.options import as_json, store_option

__all__ = ["gc"]


@click.command()
@click.option("--unwanted", is_flag=True, help="Also trials that no study wants.")
@click.option("--worlds", is_flag=True, help="Also worlds that no study learns from.")
@click.option("--mlflow", is_flag=True, help="Also MLflow stores that were set aside.")
@click.option(
    "-n", "--dry-run", is_flag=True, help="Say what would be freed, and stop."
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@store_option
@as_json
def gc(
    store: Path,
    *,
    unwanted: bool,
    worlds: bool,
    mlflow: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Free disk space in the store.

    Says what would be freed, then asks. What a study wants and what somebody works on
    stays. Without flags, nothing that was computed goes: only checkpoints of finished
    trials, and what processes left half-made when they died.

    Exit code: 0 done, 1 some of it could not be removed, 2 bad input, 130 stopped.

    Example: film gc --unwanted -n
    """
    from runner.cli.storing import free_space
    from runner.store.garbage import SAFE, Kind
    from runner.store.workspace import Workspace

    asked = {Kind.UNWANTED: unwanted, Kind.WORLDS: worlds, Kind.MLFLOW: mlflow}
    kinds = {*SAFE, *(kind for kind, is_asked in asked.items() if is_asked)}
    workspace = Workspace.at(store)
    return free_space(workspace, kinds, dry_run=dry_run, yes=yes, as_json=as_json)
