"""What ``film retry`` does."""

from collections.abc import Sequence

import click

from runner.cli.launching import run_request, workers_of
from runner.cli.options import Flags, check_data
from runner.cli.planning import echo_plan
from runner.store.workspace import Workspace
from runner.sweeping.retrying import find_retry, launched_request

__all__ = ["retry_study"]


def retry_study(
    study: str, rows: Sequence[str], flags: Flags, *, from_start: bool, dry_run: bool
) -> int:
    """Run again what failed or diverged, then print the table.

    Args:
        study: By name or file.
        rows: Which of it; none means all.
        flags: Of the command.
        from_start: Whether nothing is to go on from a checkpoint.
        dry_run: Print the plan alone.

    Returns:
        The exit code.
    """
    workspace = Workspace.at(flags["store"])
    retry = find_retry(study, rows, workspace, from_start=from_start)
    request = launched_request(study, flags["data"], workspace)
    check_data(request.study.name, has_world=request.study.world is not None)
    if not retry.trial_ids:
        click.echo("nothing that was asked for failed or diverged", err=True)
    workers = workers_of(flags)
    if dry_run:
        echo_plan(request, workers, as_json=False, retry=retry.trial_ids)
        return 0
    return run_request(request, workers, flags, retry)
