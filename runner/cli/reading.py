"""What is said of a study after, or without, a launch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from film.errors import FilmError
from runner.cli.options import Flags, check_data
from runner.cli.standing import failure_line, row_table
from runner.cli.warning import warn
from runner.errors import LaunchError
from runner.looking.overview import TrialReader, study_overview
from runner.plan import LaunchPlan
from runner.planning.request import Choice, Request, find_launch
from runner.store.files import read_json, write_json
from runner.store.record import Record
from runner.store.workspace import Workspace
from runner.tracking.address import normal_uri
from runner.tracking.client import quiet_environment
from runner.tracking.mirror import Mirror
from runner.tracking.secrets import redacted
from runner.versions import suite_version

if TYPE_CHECKING:  # pandas takes its time
    from reports.options import ReportOptions

__all__ = ["conclude", "find_recorded", "sync_store", "warn", "write_report_of"]

_PRINTED: Final = ".printed.json"  # in a report's folder


def conclude(request: Request, plan: LaunchPlan, mirror: Mirror, uri: str) -> int:
    """Mirror what happened, print the table, and judge.

    Args:
        request: What was wanted.
        plan: What of it was run just now.
        mirror: To MLflow.
        uri: Of MLflow.

    Returns:
        The exit code: 0 where every wanted trial is finished, and the table has it.
    """
    launch = request.write_down()
    mirror.everything(request.folders(), [])
    records = request.records()
    bad = {trial.trial_id for trial in plan.diverged}  # of others it was just said
    overview = study_overview(launch, request.workspace, TrialReader(request.workspace))
    refused = {folder.path for folder in request.folders()} & set(mirror.refused)
    is_told = not mirror.problem and not refused
    if is_told and any(record.summary for record in records.values()):
        is_told = _echo_table(request, records, uri)
        mirror.everything([], [launch])  # with the report
    else:
        click.echo(row_table(overview.rows))
        bad = {one.trial.trial_id for one in overview.bad}
    for one in overview.bad:
        if one.trial.trial_id in bad:
            click.echo(failure_line(one), err=True)
    is_complete = all(record.summary for record in records.values())
    is_lagging = bool(mirror.problem)  # of which a warning speaks; all is on disk
    return 0 if is_complete and (is_told or is_lagging) else 1


def find_recorded(study: str, flags: Flags) -> tuple[Request, str]:
    """Find what is recorded of a study, to be read and not launched.

    Args:
        study: Name or file.
        flags: Of the command.

    Returns:
        What is wanted of it, and MLflow's address.
    """
    workspace = Workspace.at(flags["store"])
    uri = normal_uri(flags["tracking_uri"] or workspace.tracking_uri)
    choice = Choice(
        n_seeds=flags["seeds"], only=flags["only"], exclude=flags["exclude"]
    )
    request = Request.of(study, choice, flags["data"], workspace, needs_data=False)
    check_data(request.study.name, has_world=request.study.world is not None)
    return request, uri


def sync_store(study: str | None, workspace: Workspace, uri: str | None) -> int:
    """Send to MLflow whatever is recorded, also what was sent before.

    Args:
        study: A study that was launched; None is every trial.
        workspace: The store.
        uri: Of MLflow; None is the local one.

    Returns:
        The exit code: 1 where MLflow does not take it.

    Raises:
        LaunchError: There is no such store.
    """
    address = normal_uri(uri or workspace.tracking_uri)
    mirror = Mirror(workspace, address, warn=warn)
    if study is None:
        if not workspace.root.is_dir():
            raise LaunchError(f"{workspace.root}: no store is there")
        n_copied = mirror.whole_store(again=True)
    else:
        launch = find_launch(study, workspace)
        folders = [workspace.trial(one) for one in launch.trial_ids]
        n_copied = mirror.everything(folders, [launch], again=True)
    if mirror.problem:
        return 1
    click.echo(f"{n_copied} trials are up to date in {redacted(address)}")
    return 1 if mirror.refused else 0


# The table of a record that has not changed is printed again without making it.
def _echo_table(request: Request, records: Mapping[str, Record], uri: str) -> bool:
    out = request.workspace.report(request.study.name)
    said = read_json(out / _PRINTED)
    if (
        said.get("digest") == _digest(request, records, uri)
        and (out / "index.html").is_file()
    ):
        click.echo(said["text"])
        return True
    try:
        write_report_of(request, records, uri, out)
    except FilmError as error:
        click.echo(f"film: warning: no report: {error}", err=True)
    return bool(read_json(out / _PRINTED))


def write_report_of(
    request: Request,
    records: Mapping[str, Record],
    uri: str,
    out: Path,
    options: "ReportOptions | None" = None,
) -> bool:
    """Write the report of a study into a folder, and print its table.

    Args:
        request: What was wanted.
        records: What came of it, by trial.
        uri: Of MLflow.
        out: The folder.
        options: What to choose by and to show; None is the usual.

    Returns:
        Whether every wanted run is complete.
    """
    quiet_environment()
    from reports.options import ReportOptions
    from reports.report import write_report

    # What it was made from is said beside it, last: another command may write it anew.
    (out / _PRINTED).unlink(missing_ok=True)
    options = options or ReportOptions(analysed=request.workspace.trials)
    report = write_report(request.study, request.trials, uri, out, options)
    text = f"{report.text.rstrip()}\n\n{(out / 'index.html').resolve().as_uri()}"
    click.echo(text)
    if replace(options, command="", analysed=None) != ReportOptions():
        return report.is_complete
    n_told = int(report.estimates["n_runs"].sum())
    n_recorded = sum(record.summary is not None for record in records.values())
    if n_told < n_recorded:
        warn(
            f"MLflow, and so this table, has {n_told} of {n_recorded} finished runs; "
            "`film sync` sends the others"
        )
    else:
        said = {"digest": _digest(request, records, uri), "text": text}
        write_json(out / _PRINTED, said)
    return report.is_complete


def _digest(request: Request, records: Mapping[str, Record], uri: str) -> str:
    summaries = {one: records[one].summary for one in sorted(records)}
    states = {one: records[one].state for one in sorted(records)}
    wanted = [trial.trial_id for trial in request.trials]
    made = _analyses(request)
    content = [suite_version(), wanted, summaries, states, request.text, uri, made]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


# What lies in the trials' folders besides their records, and is reported too.
def _analyses(request: Request) -> list[tuple[str, int]]:
    folders = [folder.path / "analysis" for folder in request.folders()]
    return [
        (str(file), file.stat().st_mtime_ns)
        for folder in folders
        if folder.is_dir()
        for file in sorted(folder.glob("*/about.json"))
    ]
