"""Commands that say what is going on: how far, what was said, what differs."""

from pathlib import Path

import click

from runner.cli.options import as_json, store_option

__all__ = ["status"]


@click.command()
@click.argument("study", required=False)
@click.option(
    "-w", "--watch", is_flag=True, help="Go on showing it until it is complete."
)
@store_option
@as_json
def status(study: str | None, store: Path, *, watch: bool, as_json: bool) -> int:
    """Show how far STUDY is, as it was last launched; without it, every study.

    It reads the store's files alone, so another terminal, or another machine with
    the same disk, sees the same. With --watch and --json, every change is a line.

    Example: film status quick --watch
    """
    from runner.cli.standing import echo_status, watch_status
    from runner.store.workspace import Workspace

    workspace = Workspace.at(store)
    if watch:
        return watch_status(study, workspace, as_json=as_json)
    echo_status(study, workspace, as_json=as_json)
    return 0
