"""Commands about studies: what there is, what is wanted, what happened."""

from pathlib import Path
from typing import Unpack

import click

from runner.cli.completing import rows as rows_of
from runner.cli.completing import studies
from runner.cli.options import (
    Flags,
    Positive,
    as_json,
    budget_option,
    choice_options,
    data_option,
    limit_options,
    store_option,
    tracking_option,
    worker_options,
)

__all__ = ["listing", "plan", "retry", "run", "show", "sync"]


@click.command("list")
@as_json
def listing(*, as_json: bool) -> None:
    """List the studies that come with the suite.

    Example: film list
    """
    from runner.cli.words import echo_json, echo_studies
    from studies.catalogue import catalogue, find_study

    studies = [find_study(name) for name in catalogue()]
    (echo_json if as_json else echo_studies)(studies)


@click.command()
@click.argument("study", shell_complete=studies)
@as_json
def show(study: str, *, as_json: bool) -> None:
    """Show what STUDY asks, row by row.

    STUDY is a name from `film list`, or a YAML file.

    Example: film show architecture
    """
    from runner.cli.words import echo_json, echo_study
    from studies.catalogue import find_study

    found = find_study(study)
    (echo_json if as_json else echo_study)(found)


@click.command()
@click.argument("study", shell_complete=studies)
@choice_options
@worker_options
@data_option
@store_option
@click.option(
    "--probe", is_flag=True, help="Train a few batches first, to tell time and memory."
)
@click.option(
    "--price",
    type=Positive(),
    metavar="P",
    help="Of an hour of one GPU or, on the CPU, of one core.",
)
@click.option(
    "--run-sd",
    type=Positive(),
    metavar="POINTS",
    help="How much runs of a row differ, to tell power by; else as recorded runs do, "
    "or the paper's.",
)
@as_json
def plan(
    study: str,
    *,
    probe: bool,
    price: float | None,
    run_sd: float | None,
    as_json: bool,
    **flags: Unpack[Flags],
) -> None:
    """Show what a launch of STUDY would run, and what that would take.

    Time and memory are told by trials that are recorded, or by --probe, whose figures
    are kept in the store. How likely a difference of one point is found is told by how
    much recorded runs of a row differ, or by --run-sd.

    Example: film plan quick --seeds 2 --probe --price 0.05
    """
    from runner.cli.launching import resolve
    from runner.cli.planning import echo_plan, measure

    request, workers = resolve(study, flags)
    if probe:
        measure(request, workers)
    echo_plan(request, workers, as_json=as_json, price=price, run_sd=run_sd)


@click.command()
@click.argument("study", shell_complete=studies)
@choice_options
@worker_options
@limit_options
@budget_option
@data_option
@store_option
@tracking_option
@click.option("-n", "--dry-run", is_flag=True, help="Print the plan, and stop.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before a long launch.")
@click.option(
    "--screen",
    is_flag=True,
    help="End early what looks less promising: to look around, not to report.",
)
def run(study: str, *, dry_run: bool, **flags: Unpack[Flags]) -> int:
    """Run what is missing of STUDY, then print its table.

    Stop it at any moment (Ctrl-C) and run it again: it goes on, and repeats nothing
    that was finished. From elsewhere, `film cancel STUDY` stops it.

    Exit code: 0 every wanted row is complete, 1 rows failed, were screened out, or the
    budget is used up, 2 bad input, 130 stopped.

    Example: film run quick --seeds 2 -j 2 --budget 6h
    """
    from runner.cli.launching import resolve, run_request
    from runner.cli.planning import echo_plan

    request, workers = resolve(study, flags)
    if dry_run:
        echo_plan(request, workers, as_json=False)
        return 0
    return run_request(request, workers, flags)


@click.command()
@click.argument("study", shell_complete=studies)
@click.argument("rows", nargs=-1, metavar="[ROW]...", shell_complete=rows_of)
@click.option("--from-start", is_flag=True, help="From the first epoch, all of them.")
@worker_options
@limit_options
@budget_option
@data_option
@store_option
@tracking_option
@click.option("-n", "--dry-run", is_flag=True, help="Print the plan, and stop.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before a long launch.")
def retry(
    study: str,
    rows: tuple[str, ...],
    *,
    from_start: bool,
    dry_run: bool,
    **flags: Unpack[Flags],
) -> int:
    """Run again what failed or diverged of STUDY, and nothing else.

    ROW is a label, a pattern of labels, either with @SEED behind it, or the
    beginning of a trial's id; without one, every row. What failed goes on from its
    last checkpoint; what diverged begins anew.

    Exit code: 0 every wanted row is complete, 1 rows failed, 2 bad input, 130 stopped.

    Example: film retry quick 'β := 0@1'
    """
    from runner.cli.retrying import retry_study

    return retry_study(study, rows, flags, from_start=from_start, dry_run=dry_run)


@click.command()
@click.argument("study", required=False, shell_complete=studies)
@store_option
@tracking_option
def sync(study: str | None, store: Path, tracking_uri: str | None) -> int:
    """Bring MLflow up to date with what is recorded.

    Of STUDY, or of every trial; what MLflow has already is not repeated.

    Example: film sync --tracking-uri http://mlflow.example:5000
    """
    from runner.cli.reading import sync_store
    from runner.store.workspace import Workspace

    return sync_store(study, Workspace.at(store), tracking_uri)
