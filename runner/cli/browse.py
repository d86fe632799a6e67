"""The command that opens the MLflow UI."""

from contextlib import suppress
from pathlib import Path

import click

from runner.cli.options import store_option, tracking_option

__all__ = ["ui"]


@click.command()
@click.argument("study", required=False)
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@click.option("--no-browser", is_flag=True, help="Only print the link.")
@store_option
@tracking_option
def ui(
    study: str | None,
    port: int,
    store: Path,
    tracking_uri: str | None,
    *,
    no_browser: bool,
) -> None:
    """Open the MLflow UI at the runs of STUDY.

    It is served on this machine alone, with the runs grouped by row; Ctrl-C stops
    it. Where runs are kept by a server, its page is opened.

    Example: film ui quick
    """
    from runner.request import find_launch
    from runner.store.workspace import Workspace
    from runner.tracking.tracker import normal_uri
    from runner.tracking.ui import free_port, open_browser, page, served

    workspace = Workspace.at(store)
    name = find_launch(study, workspace).study if study else None
    uri = normal_uri(tracking_uri or workspace.tracking_uri)
    if uri.startswith("http"):
        address = page(uri.rstrip("/"), uri, workspace, name)
        click.echo(address)
        if not no_browser:
            open_browser(address)
        return
    chosen = free_port(port)
    address = page(f"http://127.0.0.1:{chosen}", uri, workspace, name)
    with suppress(KeyboardInterrupt), served(uri, workspace, chosen) as server:
        click.echo(f"{address}\nCtrl-C stops it")
        if not no_browser:
            open_browser(address)
        server.wait()
