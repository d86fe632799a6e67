"""What ``film doctor`` prints."""

import json
from dataclasses import asdict

import click

from runner.doctor.checks import all_checks
from runner.doctor.finding import Finding, Level, examine
from runner.store.workspace import Workspace
from runner.tracking.address import normal_uri

__all__ = ["examine_all"]


def examine_all(
    workspace: Workspace, uri: str | None, *, quick: bool, as_json: bool
) -> int:
    """Look at everything that a launch needs, and print what was found.

    Args:
        workspace: The store.
        uri: Of MLflow; None is the local one.
        quick: Leave out what takes long.
        as_json: For a program.

    Returns:
        The exit code: 1 where something fails.
    """
    address = normal_uri(uri or workspace.tracking_uri)
    found: list[tuple[str, Finding]] = []
    checks = all_checks(workspace, address, quick=quick)
    width = max(map(len, checks))
    for name, finding in examine(checks):
        found.append((name, finding))
        if not as_json:
            _echo(name.ljust(width), finding)
    if as_json:
        content = [{"check": name, **asdict(one)} for name, one in found]
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
    return 1 if any(one.level is Level.FAIL for _, one in found) else 0


def _echo(name: str, finding: Finding) -> None:
    colour = {Level.OK: "green", Level.WARNING: "yellow", Level.FAIL: "red"}
    level = click.style(f"{finding.level:7}", fg=colour[finding.level])
    click.echo(f"{level}  {name}  {finding.said}")
    if finding.remedy:
        click.echo(f"{'':9}{'':{len(name)}}  -> {finding.remedy}")
