"""The command that stops a launch from elsewhere."""

from pathlib import Path

import click

from runner.cli.options import store_option

__all__ = ["cancel"]


@click.command()
@click.argument("study")
@click.option(
    "--only",
    multiple=True,
    metavar="PATTERN",
    help="Only rows like this ('no FiLM*'): the others go on; repeatable.",
)
@store_option
def cancel(study: str, only: tuple[str, ...], store: Path) -> None:
    """Stop the launch that runs STUDY, or some rows of it.

    From another terminal, or another machine that shares the store. Whole epochs are
    kept: `film run STUDY` goes on.

    Example: film cancel quick
    """
    from runner.planning.request import find_launch
    from runner.store.workspace import Workspace
    from runner.sweeping.cancelling import cancel_launch

    workspace = Workspace.at(store)
    launch = find_launch(study, workspace)
    end = cancel_launch(launch, only, workspace)
    done = f"{end.n_complete} of {end.n_runs} runs complete"
    if not end.was_running:
        click.echo(f"{launch.study} is not running; {done}")
    elif only:
        click.echo(f"rows like {', '.join(only)} are cancelled; {done}")
    else:
        click.echo(f"{launch.study} is cancelled; {done}; `film run` goes on")
