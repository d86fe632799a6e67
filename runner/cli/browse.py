"""The command that opens the MLflow UI."""

from collections.abc import Mapping
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

    It is served on this machine alone: a bar and curves per row, and a table that is
    grouped by row; Ctrl-C stops it. Where runs are kept by a server, its page is
    opened.

    Example: film ui quick
    """
    from runner.errors import TrackingError
    from runner.planning.request import find_launch
    from runner.store.workspace import Workspace
    from runner.tracking.address import is_server, normal_uri
    from runner.tracking.ui import free_port, pages, served

    workspace = Workspace.at(store)
    name = find_launch(study, workspace).study if study else None
    uri = normal_uri(tracking_uri or workspace.tracking_uri)
    if is_server(uri):
        _show(pages(uri.rstrip("/"), uri, workspace, name), no_browser=no_browser)
        return
    chosen = free_port(port)
    if chosen != port:
        click.echo(f"port {port} is taken: this is port {chosen}", err=True)
    links = pages(f"http://127.0.0.1:{chosen}", uri, workspace, name)
    with suppress(KeyboardInterrupt), served(uri, workspace, chosen) as server:
        _show(links, no_browser=no_browser)
        click.echo("Ctrl-C stops it")
        code = server.wait()
        log = workspace.root / "ui.log"
        raise TrackingError(f"the MLflow server ended by itself ({code}); see {log}")


def _show(links: Mapping[str, str], *, no_browser: bool) -> None:
    from runner.tracking.ui import open_browser

    width = max(map(len, links))
    for name, address in links.items():
        click.echo(f"{name:<{width}}  {address}")
    if not no_browser:
        open_browser(next(iter(links.values())))
