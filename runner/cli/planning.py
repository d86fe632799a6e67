"""What ``film plan`` says: what a launch would do, before it does."""

import json
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

import click

from runner.plan import InertSettings, LaunchPlan, Past, RowPlan, find_inert, plan_rows
from runner.planning.estimates import Span, money
from runner.planning.forecast import Forecast, check_disk, forecast
from runner.planning.request import LeftOver, Request
from runner.quantities import memory
from runner.sweeping.progress import clock
from runner.sweeping.workers import Workers
from runner.text import aligned, count

__all__ = ["announce", "echo_plan", "measure"]

_NAMED: Final = 4  # settings in a line; JSON has them all
_MANY: Final = 50  # trials that are worth a question
_LONG_S: Final = 8 * 3600.0  # a launch that is
_STEPS: Final = ((36_000, 1800), (3600, 300), (600, 60), (60, 10), (0, 1))  # seconds


def echo_plan(
    request: Request,
    workers: Workers,
    *,
    as_json: bool,
    retry: Collection[str] | None = None,
    price: float | None = None,
    run_sd: float | None = None,
) -> None:
    """Print what would be run.

    Args:
        request: What is wanted.
        workers: On what.
        as_json: For a program.
        retry: Launch these trials alone.
        price: Of an hour of one GPU, or of one core.
        run_sd: Points that runs of a row differ by; None for what records tell.
    """
    from runner.cli.power import power_json, power_of

    past = request.past()
    states = {trial_id: its.state for trial_id, its in past.items()}
    plan = request.plan_of(states, retry=retry)
    rows = plan_rows(request.trials, plan, past)
    labels = {row.row for row in rows}
    inert = find_inert([row for row in request.study.rows if row.label in labels])
    left_over = request.left_over()
    expected = forecast(request, plan, workers)
    power = power_of(request, run_sd)
    if as_json:
        content = {
            **_plan_json(request, plan, past),
            **_rows_json(rows, inert, left_over),
            "other_data": request.other_data(),
            "forecast": _forecast_json(expected, workers, price),
            "power": power_json(power),
        }
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    click.echo(f"{_table(rows)}\n")
    for line in _remarks(rows, inert, left_over):
        click.echo(line)
    changed = request.other_data()
    if changed:
        click.echo(changed)
    click.echo(plan.summary(str(workers)))
    if retry is None:
        click.echo(power.sentence)
    if expected is not None:
        for line in _forecast_lines(expected, workers, price):
            click.echo(line)
    if not request.source.is_there:
        click.echo(f"data will be made in {request.source.directory}")


def measure(request: Request, workers: Workers) -> None:
    """Train a few batches, for what they tell of time and memory.

    Args:
        request: What is wanted.
        workers: On what.
    """
    from runner.cli.bars import follow
    from runner.planning.probing import probe

    follow(probe(request, workers))


def announce(
    request: Request, plan: LaunchPlan, workers: Workers, *, assume_yes: bool
) -> None:
    """Say what a launch is about to do, and ask before a long one or one anew.

    Args:
        request: What is wanted.
        plan: What of it is to be run.
        workers: On what.
        assume_yes: Ask nothing.
    """
    click.echo(plan.summary(str(workers)), err=True)
    changed = request.other_data()
    if changed:
        click.echo(changed, err=True)
    expected = forecast(request, plan, workers)
    if expected is None:
        return
    check_disk(expected, request.workspace.root)
    click.echo(_time_line(expected), err=True)
    is_long = expected.time is not None and expected.time.high > _LONG_S
    is_large = len(plan.to_run) > _MANY
    if (is_long or is_large or changed) and not assume_yes and sys.stdin.isatty():
        runs = count(len(plan.to_run), "trial")
        click.confirm(f"Run {runs}?", abort=True, err=True)


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
            there = count(row.epochs_there, "epoch")
            yield f"{row.row}: {count(row.to_go_on, 'run')} with {there} done go on"
        if row.failed:
            yield f"{row.row}: of those to run, {row.failed} failed before"
        for (study, name), runs in row.done_as.items():
            yield f"{row.row}: {count(runs, 'run')} done {_done_as(study, name, row)}"
    yield from _inert_lines(inert, len(rows))
    for one in left_over:
        said = f"{one.row} ({count(one.runs, 'run')}), {one.why}"
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


def _forecast_lines(
    expected: Forecast, workers: Workers, price: float | None
) -> Iterator[str]:
    estimate = expected.estimate
    yield _time_line(expected)
    if estimate.basis:
        yield f"  as told by {'; '.join(estimate.basis)}"
    if estimate.memory_bytes and estimate.together_bytes:
        yield (
            f"memory: {memory(estimate.memory_bytes)} a trial, "
            f"{memory(estimate.together_bytes)} for {workers.jobs} at once"
            f"{_free_memory(expected)}"
        )
    if estimate.gpu_memory_bytes and expected.gpu_memory_free is not None:
        yield (
            f"GPU memory: {memory(estimate.gpu_memory_bytes)} a trial; "
            f"{memory(expected.gpu_memory_free)} free"
        )
    world = f", {memory(expected.world_bytes)} for the world" * bool(expected.world)
    full = "" if expected.fits_on_disk else ": NOT ENOUGH"
    yield (
        f"disk: about {memory(expected.disk_bytes)} for trials{world}; "
        f"{memory(expected.disk_free)} free{full}"
    )
    if price is not None and estimate.work is not None:
        cost = money(estimate.work, workers, price)
        unit = "GPU" if workers.n_gpus else "core"
        yield f"cost: {cost.low:.2f} to {cost.high:.2f} at {price:g} a {unit}-hour"


def _time_line(expected: Forecast) -> str:
    making = f"about {_between(expected.making)} until its world is made"
    if expected.time is None:
        known = f"{making}; " if expected.world else ""
        return (
            f"{known}nothing like these trials is measured yet, so the time they take "
            "is not known (`film plan --probe` measures it)"
        )
    whole = f"about {_between(expected.time)} of training until all is done"
    part = f", of which {_between(expected.making)} to make its world"
    return whole + part * bool(expected.world)


def _free_memory(expected: Forecast) -> str:
    if expected.memory_free is None:
        return ""
    enough = "" if expected.fits_in_memory else ": NOT ENOUGH, take fewer jobs (-j)"
    return f"; {memory(expected.memory_free)} free{enough}"


# No more digits than the evidence bears.
def _between(span: Span) -> str:
    low, high = (clock(_rounded(seconds)) for seconds in (span.low, span.high))
    return low if low == high else f"{low} to {high}"


def _rounded(seconds: float) -> float:
    step = next(step for least, step in _STEPS if seconds >= least)
    return step * max(round(seconds / step), 1)


def _forecast_json(
    expected: Forecast | None, workers: Workers, price: float | None
) -> dict[str, Any] | None:
    if expected is None:
        return None
    estimate = expected.estimate
    work, time = estimate.work, expected.time
    cost = None
    if price is not None and work is not None:
        cost = money(work, workers, price)
    return {
        "time_s": None if time is None else asdict(time),
        "work_s": None if work is None else asdict(work),
        "world_s": asdict(expected.making) if expected.world else None,
        "told_by": list(estimate.basis),
        "cost": None if cost is None else asdict(cost),
        "memory_bytes": estimate.memory_bytes,
        "memory_together_bytes": estimate.together_bytes,
        "memory_free_bytes": expected.memory_free,
        "gpu_memory_bytes": estimate.gpu_memory_bytes,
        "gpu_memory_free_bytes": expected.gpu_memory_free,
        "disk_bytes": expected.disk_bytes,
        "disk_world_bytes": expected.world_bytes,
        "disk_free_bytes": expected.disk_free,
        "fits": expected.fits_on_disk and expected.fits_in_memory,
    }


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
                "parent": trial.parent or None,
            }
            for trial in request.trials
        ],
        "n_trials": plan.n_trials,
        "n_done": len(plan.done),
        "n_diverged": len(plan.diverged),
        "n_held_up": len(plan.held_up),
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
