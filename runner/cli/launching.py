"""What ``film plan`` and ``film run`` do."""

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click

from film.data.progress import Progress
from runner.cli.bars import follow
from runner.cli.options import Flags, check_data
from runner.cli.planning import announce
from runner.cli.reading import conclude
from runner.cli.screening import conclude_screening
from runner.cli.warning import warn
from runner.plan import LaunchPlan
from runner.planning.request import Choice, Request
from runner.planning.sources import make_missing
from runner.planning.unwanted import said_of
from runner.store.launches import StudyProgress
from runner.store.locks import Owner, lease
from runner.store.record import Record
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from runner.sweeping.machines import choose_cluster_workers
from runner.sweeping.retrying import Retry
from runner.sweeping.screening import unscreened
from runner.sweeping.stopping import Stop, Wishes, only_newer_wishes
from runner.sweeping.workers import Workers, choose_workers, n_cores, with_limits
from runner.tracking.address import normal_uri
from runner.tracking.mirror import Mirror

__all__ = ["count_gpus", "resolve", "run_request", "workers_of"]

_INCOMPLETE: Final = 1
_GOODBYE_S: Final = 10.0  # for MLflow, where the user wants to stop
_INTERRUPTED: Final = 130


def resolve(study: str, flags: Flags) -> tuple[Request, Workers]:
    """Turn flags into what is wanted and who does it.

    Args:
        study: Name or file.
        flags: Of the command.

    Returns:
        The request and the workers.
    """
    choice = Choice(
        n_seeds=flags["seeds"], only=flags["only"], exclude=flags["exclude"]
    )
    workspace = Workspace.at(flags["store"])
    request = Request.of(study, choice, flags["data"], workspace)
    check_data(request.study.name, has_world=request.study.world is not None)
    return request, workers_of(flags)


def workers_of(flags: Flags) -> Workers:
    """Turn flags into who does the work.

    Args:
        flags: Of the command.

    Returns:
        The workers.
    """
    workers = replace(_workers_at(flags["address"], flags), storage=flags["storage"])
    if "max_crashes" not in flags:  # nothing will be run
        return workers
    return with_limits(
        workers, flags["memory_per_trial"], flags["hang_after"], flags["max_crashes"]
    )


def _workers_at(address: str | None, flags: Flags) -> Workers:
    device, jobs, share = flags["device"], flags["jobs"], flags["gpus_per_trial"]
    if address is None:
        return choose_workers(device, jobs, share, n_gpus=count_gpus(device))
    from runner.tune.cluster import cluster_machines

    machines = cluster_machines(address)
    return choose_cluster_workers(machines, device, jobs, share, address=address)


def count_gpus(device: str) -> int:
    """Count the GPUs that may be used, without torch where there is none.

    Args:
        device: What the user wants.

    Returns:
        How many.
    """
    if device == "cpu" or not list(Path("/dev").glob("nvidia[0-9]*")):
        return 0
    import torch

    return torch.cuda.device_count()


def run_request(
    request: Request, workers: Workers, flags: Flags, retry: Retry | None = None
) -> int:
    """Run what is missing, mirror it, and print the table.

    Args:
        request: What is wanted.
        workers: On what.
        flags: Of the command.
        retry: Run these trials alone; None runs what is missing.

    Returns:
        The exit code.
    """
    uri = normal_uri(flags["tracking_uri"] or request.workspace.tracking_uri)
    name = request.study.name
    request.workspace.open_for_writing()

    def busy(owner: Owner | None) -> str:
        by = f" by {owner}" if owner else ""
        return (
            f"study {name} is being run already in {request.workspace.root}{by}; "
            f"wait for it, or stop it with `film cancel {name}`"
        )

    ours = lease(request.folder / "launch.lock", busy=busy)
    with only_newer_wishes(request.folder, ours):
        budget = flags.get("budget")
        ends_at = None if budget is None else time.monotonic() + budget
        wishes = Wishes(request.folder, ends_at=ends_at)
        records = request.records()
        plan = request.plan(records, retry=None if retry is None else retry.trial_ids)
        screens = flags.get("screen", False)
        plan = unscreened(plan, records) if screens else plan
        announce(request, plan, workers, assume_yes=flags["yes"])
        mirror = Mirror(request.workspace, uri, warn=warn)
        mirror.trial(*_withdrawn(request))
        if plan.to_run:
            request.write_down()
            stop = _make_data(request, wishes)
            if retry is not None:
                retry.prepare(request.workspace)
            watch = _Watch(mirror, wishes, screens)
            stop = stop or _sweep(request, plan, records, workers, watch)
            if stop is not None:
                progress = request.write_down().progress(request.records())
                if not progress.is_complete:  # else the last trial was faster
                    return _stopped(request, mirror, stop, progress)
        if screens:
            return conclude_screening(request, mirror)
        return conclude(request, plan, mirror, uri)


def _withdrawn(request: Request) -> list[TrialFolder]:
    if request.is_whole:
        left_over = request.left_over()
        if left_over:
            click.echo(said_of(left_over), err=True)
    return request.withdraw()


def _stopped(
    request: Request, mirror: Mirror, stop: Stop, progress: StudyProgress
) -> int:
    mirror.everything(request.folders(), [], within_s=_GOODBYE_S)
    done, wanted = progress.runs_complete, progress.runs
    match stop:
        case Stop.INTERRUPTED:
            line = f"stopped with {done} of {wanted} runs complete"
        case Stop.CANCELLED:
            line = f"cancelled with {done} of {wanted} runs complete"
        case Stop.BUDGET:
            line = f"the budget is used up: {wanted - done} of {wanted} runs are left"
        case Stop.BROKEN:
            line = f"Ray failed with {done} of {wanted} runs complete"
    click.echo(f"{line}; the same command goes on", err=True)
    return _INCOMPLETE if stop in {Stop.BUDGET, Stop.BROKEN} else _INTERRUPTED


# What is made is kept, so that it goes on where it was stopped.
def _make_data(request: Request, wishes: Wishes) -> Stop | None:
    stops: list[Stop] = []

    def steps() -> Generator[Progress, None, None]:
        for step in make_missing(request.source, processes=n_cores()):
            yield step
            stop = wishes.stop()
            if stop is not None:
                stops.append(stop)
                return

    with closing(steps()) as work:
        follow(work)
    return stops[0] if stops else None


@dataclass(frozen=True)
class _Watch:
    mirror: Mirror
    wishes: Wishes
    screens: bool


def _sweep(
    request: Request,
    plan: LaunchPlan,
    records: dict[str, Record],
    workers: Workers,
    watch: _Watch,
) -> Stop | None:
    from rich.console import Console

    from runner.sweeping.display import shown
    from runner.sweeping.sweep import SweepView, board_of, measured_of, sweep

    board = board_of(request.trials, records, plan.to_run, workers)
    with shown(board, Console(stderr=True)) as display:
        view = SweepView(
            workspace=request.workspace,
            board=board,
            mirror=watch.mirror,
            display=display,
            wishes=watch.wishes,
            measured=measured_of(request.trials, records),
            is_cluster=workers.address is not None,
        )
        source = request.source
        return sweep(plan.to_run, source, workers, view, screens=watch.screens)
