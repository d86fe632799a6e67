"""What ``film plan`` says: what a launch would do, before it does."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

import click

from runner.plan import InertSettings, LaunchPlan, Past, RowPlan, find_inert, plan_rows
from runner.progress import clock
from runner.request import LeftOver, Request
from runner.text import aligned
from runner.workers import Workers

__all__ = ["echo_plan"]

_NAMED: Final = 4  # settings in a line; JSON has them all


def echo_plan(
    request: Request,
    workers: Workers,
    *,
    as_json: bool,
    retry: Collection[str] | None = None,
) -> None:
    """Print what would be run.

    Args:
        request: What is wanted.
        workers: On what.
        as_json: For a program.
        retry: Launch these trials alone.
    """
    past = request.past()
    states = {trial_id: its.state for trial_id, its in past.items()}
    plan = request.plan_of(states, retry=retry)
    rows = plan_rows(request.trials, plan, past)
    labels = {row.row for row in rows}
    inert = find_inert([row for row in request.study.rows if row.label in labels])
    left_over = request.left_over()
    estimate = request.estimate_s(plan, request.records(), workers)
    if as_json:
        content = {
            **_plan_json(request, plan, past),
            **_rows_json(rows, inert, left_over),
            "estimate_s": estimate,
        }
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    click.echo(f"{_table(rows)}\n")
    for line in _remarks(rows, inert, left_over):
        click.echo(line)
    click.echo(plan.summary(str(workers)))
    if plan.to_run:
        click.echo(_estimate_line(estimate))
    if not request.source.is_there:
        click.echo(f"data will be made in {request.source.directory}")


def _table(rows: Sequence[RowPlan]) -> str:
    columns = {
        "runs": [row.runs for row in rows],
        "done": [row.done for row in rows],
        "to go on": [row.to_go_on for row in rows],
        "new": [row.new for row in rows],
        "failed": [row.failed for row in rows],
        "diverged": [row.diverged for row in rows],
    }
    always = {"runs", "done", "to go on", "new"}
    shown = {name: n for name, n in columns.items() if name in always or any(n)}
    lines = [("row", *shown)]
    for number, row in enumerate(rows):
        cells = [str(counts[number]) for counts in shown.values()]
        lines.append((row.row, *cells))
    return aligned(lines, numbers_from=1)


def _remarks(
    rows: Sequence[RowPlan],
    inert: Sequence[InertSettings],
    left_over: Sequence[LeftOver],
) -> Iterator[str]:
    for row in rows:
        if row.to_go_on:
            there = _count(row.epochs_there, "epoch")
            yield f"{row.row}: {_count(row.to_go_on, 'run')} with {there} done go on"
        if row.failed:
            yield f"{row.row}: {_count(row.failed, 'run')} failed, and start again"
        for (study, name), runs in row.done_as.items():
            yield f"{row.row}: {_count(runs, 'run')} done {_done_as(study, name, row)}"
    yield from _inert_lines(inert, len(rows))
    for one in left_over:
        said = f"{one.row} ({_count(one.runs, 'run')}), {one.why}"
        yield f"recorded and not wanted, so left alone: {said}"


def _done_as(study: str, name: str, row: RowPlan) -> str:
    if not study:
        return "by `film train`"
    same = "" if name == row.row else f" as '{name}'"
    return f"for study {study}{same}"


def _inert_lines(inert: Sequence[InertSettings], n_rows: int) -> Iterator[str]:
    for one in inert:
        names = ", ".join(one.settings[:_NAMED])
        more = len(one.settings) - _NAMED
        names += f" and {more} more" if more > 0 else ""
        names += ", set there," if one.is_own else ""
        does = "does" if len(one.settings) == 1 else "do"
        where = ", ".join(one.rows) if len(one.rows) < n_rows else "every row"
        yield f"{where}: {names} {does} nothing ({one.why})"


def _estimate_line(estimate: float | None) -> str:
    if estimate is None:
        return "no epoch is recorded yet, so the time it takes is not known"
    return f"about {clock(estimate)} by the epochs that are recorded"


def _plan_json(
    request: Request, plan: LaunchPlan, past: dict[str, Past]
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
                "state": past[trial.trial_id].state,
                "epochs": past[trial.trial_id].epochs,
                "to_run": trial.trial_id in to_run,
            }
            for trial in request.trials
        ],
        "n_trials": plan.n_trials,
        "n_done": len(plan.done),
        "n_diverged": len(plan.diverged),
        "n_to_run": len(plan.to_run),
    }


def _rows_json(
    rows: Sequence[RowPlan],
    inert: Sequence[InertSettings],
    left_over: Sequence[LeftOver],
) -> dict[str, Any]:
    return {
        "rows": [
            {
                **asdict(row),
                "done_as": [
                    {"study": study, "row": name, "runs": runs}
                    for (study, name), runs in row.done_as.items()
                ],
            }
            for row in rows
        ],
        "inert": [asdict(one) for one in inert],
        "not_wanted": [asdict(one) for one in left_over],
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
