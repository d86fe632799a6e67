"""What ``film plan`` says: what a launch would do, before it does."""

import json
from collections.abc import Mapping
from typing import Any

import click

from runner.plan import LaunchPlan
from runner.progress import clock
from runner.request import Request
from runner.store.record import Record
from runner.text import aligned
from runner.workers import Workers

__all__ = ["echo_plan"]


def echo_plan(
    request: Request, workers: Workers, *, as_json: bool, retry_diverged: bool = False
) -> None:
    """Print what would be run.

    Args:
        request: What is wanted.
        workers: On what.
        as_json: For a program.
        retry_diverged: Launch diverged trials once more.
    """
    records = request.records()
    plan = request.plan(records, retry_diverged=retry_diverged)
    estimate = request.estimate_s(plan, records, workers)
    if as_json:
        content = _plan_json(request, plan, records, estimate)
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    header = ("row", "runs", "done", "to run")
    click.echo(aligned([header, *_plan_rows(request, plan)], numbers_from=1))
    click.echo(f"\n{plan.summary(str(workers))}")
    if plan.to_run:
        click.echo(_estimate_line(estimate))
    if not request.source.is_there:
        click.echo(f"data will be made in {request.source.directory}")


def _plan_rows(request: Request, plan: LaunchPlan) -> list[tuple[str, ...]]:
    done = [trial.row for trial in plan.done]
    to_run = [trial.row for trial in plan.to_run]
    wanted = [trial.row for trial in request.trials]
    return [
        (
            row,
            str(wanted.count(row)),
            str(done.count(row)),
            str(to_run.count(row)),
        )
        for row in dict.fromkeys(wanted)
    ]


def _estimate_line(estimate: float | None) -> str:
    if estimate is None:
        return "no epoch is recorded yet, so the time it takes is not known"
    return f"about {clock(estimate)} by the epochs that are recorded"


def _plan_json(
    request: Request,
    plan: LaunchPlan,
    records: Mapping[str, Record],
    estimate: float | None,
) -> dict[str, Any]:
    to_run = {trial.trial_id for trial in plan.to_run}
    return {
        "study": request.study.name,
        "trials": [
            {
                "trial_id": trial.trial_id,
                "row": trial.row,
                "group": trial.group,
                "seed": trial.seed,
                "state": records[trial.trial_id].state,
                "to_run": trial.trial_id in to_run,
            }
            for trial in request.trials
        ],
        "n_trials": plan.n_trials,
        "n_done": len(plan.done),
        "n_diverged": len(plan.diverged),
        "n_to_run": len(plan.to_run),
        "estimate_s": estimate,
    }
