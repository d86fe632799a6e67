"""What ``film status`` prints: how far studies are, once or again and again."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from runner.looking.addresses import launched
from runner.looking.overview import (
    RowOverview,
    StudyOverview,
    TrialOverview,
    TrialReader,
    study_overview,
)
from runner.looking.prospects import Prospects
from runner.planning.request import LeftOver
from runner.planning.unwanted import find_left_over, said_of
from runner.store.record import TrialState
from runner.store.workspace import Workspace
from runner.sweeping.progress import clock
from runner.text import aligned, percent

if TYPE_CHECKING:
    from rich.console import Console, Group

__all__ = ["echo_status", "failure_line", "row_table", "watch_status"]

_PAUSE_S: Final = 2.0  # between two looks
_PLAIN_PAUSE_S: Final = 10.0  # between two lines where there is no terminal
_INTERRUPTED: Final = 130
_STUDY_HEADER: Final = (
    "study",
    "rows",
    "runs",
    "finished",
    *("running", "failed", "killed", "diverged", "who runs it"),
)
_STATES: Final = tuple(TrialState)


def echo_status(study: str | None, workspace: Workspace, *, as_json: bool) -> None:
    """Print how far a study is, or every study that was launched.

    Args:
        study: By name or file; None is every one.
        workspace: The store.
        as_json: For a program.
    """
    launches = launched(study, workspace)
    reader = TrialReader(workspace)
    overviews = [study_overview(one, workspace, reader) for one in launches]
    left_over = find_left_over(launches[0], workspace) if study else ()
    if as_json:
        content = _as_json(study, overviews, left_over)
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
    elif study is None:
        click.echo(_studies_text(overviews, workspace))
    else:
        _echo_study(overviews[0], left_over)


def row_table(rows: Sequence[RowOverview]) -> str:
    """Lay out how far rows are.

    Args:
        rows: Of a study.

    Returns:
        A line for each, and a header.
    """
    return aligned(_row_cells(rows), numbers_from=1)


def failure_line(one: TrialOverview) -> str:
    """Say why a trial is not finished.

    Args:
        one: A trial that failed or diverged.

    Returns:
        Its name, why, and where it says more.
    """
    return f"{one.trial.name} {one.state}: {one.error} ({one.log})"


def watch_status(study: str | None, workspace: Workspace, *, as_json: bool) -> int:
    """Show how far studies are until nothing more will come of them, or Ctrl-C.

    Args:
        study: By name or file; None is every one that was launched.
        workspace: The store.
        as_json: A line of JSON for every change.

    Returns:
        The exit code: 0 where they are complete, 1 where what is left cannot complete
        or nobody runs it any more, 130 where Ctrl-C ended it.
    """
    from rich.console import Console

    reader = TrialReader(workspace)

    def look() -> list[StudyOverview]:
        some = launched(study, workspace)
        return [study_overview(launch, workspace, reader) for launch in some]

    console = Console()
    try:
        if as_json:
            lines = _watch(look, _on_change(lambda now: _echo_json_line(study, now)))
        elif console.is_terminal:
            lines = _watch_live(look, study, workspace, console)
        else:
            lines = _watch(look, _PlainLines().show)
    except KeyboardInterrupt:
        return _INTERRUPTED
    if not as_json:
        echo_status(study, workspace, as_json=False)
    for line in lines:
        click.echo(line, err=True)
    return 1 if lines else 0


def _echo_study(overview: StudyOverview, left_over: Sequence[LeftOver]) -> None:
    click.echo(f"{_headline(overview)}\n")
    click.echo(row_table(overview.rows))
    if any(row.screened for row in overview.rows):
        click.echo(
            "screened: cut short by a launch with --screen, so no result; "
            f"`film run {overview.study}` goes on with them"
        )
    if left_over:
        click.echo(said_of(left_over))
    for trial in overview.bad:
        click.echo(failure_line(trial))


def _watch(
    look: Callable[[], list[StudyOverview]],
    show: Callable[[list[StudyOverview]], None],
) -> list[str]:
    prospects = Prospects()
    while True:
        now = look()
        show(now)
        lines = prospects.ends(now)
        if lines is not None:
            return lines
        time.sleep(_PAUSE_S)


def _on_change(
    show: Callable[[list[StudyOverview]], None],
) -> Callable[[list[StudyOverview]], None]:
    before: list[StudyOverview] | None = None

    def show_news(now: list[StudyOverview]) -> None:
        nonlocal before
        if now != before:
            before = now
            show(now)

    return show_news


def _watch_live(
    look: Callable[[], list[StudyOverview]],
    study: str | None,
    workspace: Workspace,
    console: "Console",
) -> list[str]:
    from rich.live import Live

    def draw(now: list[StudyOverview]) -> None:
        if study is None:
            lines = _studies_text(now, workspace).splitlines()
        else:
            lines = _fitting(now[0], console.height)
        live.update(_drawn(lines), refresh=True)

    with Live(console=console, auto_refresh=False, transient=True) as live:
        return _watch(look, _on_change(draw))


def _drawn(lines: Sequence[str]) -> "Group":
    from rich.console import Group
    from rich.text import Text

    return Group(*(Text(line, no_wrap=True, overflow="ellipsis") for line in lines))


# The rows that fit; those at which somebody works come before the others.
def _fitting(overview: StudyOverview, height: int) -> list[str]:
    failures = [failure_line(one) for one in overview.bad][: max(height // 4, 1)]
    room = max(height - 5 - len(failures), 2)
    rows = list(overview.rows)
    hidden = []
    if len(rows) > room:
        busy = sorted(rows, key=lambda row: not row.count(TrialState.RUNNING))
        kept = {row.label for row in busy[: room - 1]}
        hidden = [row for row in rows if row.label not in kept]
        rows = [row for row in rows if row.label in kept]
    lines = [_headline(overview), "", *row_table(rows).splitlines()]
    if hidden:
        done = sum(row.is_complete for row in hidden)
        lines.append(f"and {len(hidden)} more rows, {done} of them complete")
    return [*lines, *failures]


class _PlainLines:
    """A line for each failure at once, and one of all the rest now and then."""

    def __init__(self) -> None:
        self._said_at = 0.0
        self._said: set[str] = set()

    def show(self, overviews: Sequence[StudyOverview]) -> None:
        for overview in overviews:
            for one in overview.bad:
                self._say(failure_line(one))
        is_over = all(one.is_complete for one in overviews)
        if is_over or time.monotonic() - self._said_at < _PLAIN_PAUSE_S:
            return
        self._said_at = time.monotonic()
        for overview in overviews:
            self._say(_headline(overview))

    def _say(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            click.echo(line)


def _headline(overview: StudyOverview) -> str:
    n_done = overview.count(TrialState.FINISHED)
    line = (
        f"{overview.study}: {overview.rows_complete} of {len(overview.rows)} rows, "
        f"{n_done} of {len(overview.trials)} runs complete; {_who(overview)}"
    )
    if overview.is_complete or overview.left_s is None:
        return line
    if overview.count(TrialState.RUNNING):
        return f"{line}; about {clock(overview.left_s)} left"
    if overview.left_s:
        return f"{line}; about {clock(overview.left_s)} of training left"
    return line


def _who(overview: StudyOverview) -> str:
    if not overview.is_running:
        return "not running"
    return "running" if overview.owner is None else f"running, {overview.owner}"


def _row_cells(rows: Sequence[RowOverview]) -> list[tuple[str, ...]]:
    is_screened = any(row.screened for row in rows)
    states = [state.lower() for state in _STATES]
    header = ["row", "runs", *states, "epochs", "best val."]
    return [(*header, *(["screened"] * is_screened))] + [
        (
            row.label,
            str(len(row.trials)),
            *(str(_counted(row, state) or "–") for state in _STATES),
            str(row.epochs),
            percent(row.best_val_accuracy),
            *([str(row.screened or "–")] * is_screened),
        )
        for row in rows
    ]


# Who was screened out has a column, and is not killed as well.
def _counted(row: RowOverview, state: TrialState) -> int:
    return row.count(state) - row.screened * (state is TrialState.KILLED)


def _studies_text(overviews: Sequence[StudyOverview], workspace: Workspace) -> str:
    if not overviews:
        return f"no study was launched in {workspace.root}"
    return aligned([_STUDY_HEADER, *map(_study_cells, overviews)])


def _study_cells(one: StudyOverview) -> tuple[str, ...]:
    counted = (
        TrialState.RUNNING,
        TrialState.FAILED,
        TrialState.KILLED,
        TrialState.DIVERGED,
    )
    return (
        one.study,
        f"{one.rows_complete}/{len(one.rows)}",
        str(len(one.trials)),
        str(one.count(TrialState.FINISHED)),
        *(str(one.count(state) or "–") for state in counted),
        ("–" if not one.is_running else str(one.owner or "running")),
    )


def _echo_json_line(study: str | None, overviews: Sequence[StudyOverview]) -> None:
    click.echo(json.dumps(_as_json(study, overviews, ()), ensure_ascii=False))


def _as_json(
    study: str | None, overviews: Sequence[StudyOverview], left_over: Sequence[LeftOver]
) -> Any:  # noqa: ANN401 - JSON
    if study is None:
        return [_study_json(one) for one in overviews]
    (overview,) = overviews
    return _study_json(overview) | {
        "mean_val_accuracy": _finished_means(overview),
        "trials": [_trial_json(one) for one in overview.trials],
        "not_wanted": [asdict(one) for one in left_over],
    }


def _study_json(one: StudyOverview) -> dict[str, Any]:
    owner = one.owner
    return {
        "study": one.study,
        "is_running": one.is_running,
        "owner": owner
        and {"host": owner.host, "pid": owner.pid, "started_at": owner.started_at},
        "rows_complete": one.rows_complete,
        "rows": len(one.rows),
        "runs_complete": one.count(TrialState.FINISHED),
        "runs": len(one.trials),
        "states": {state: one.count(state) for state in _STATES},
        "left_s": one.left_s,
    }


def _trial_json(one: TrialOverview) -> dict[str, Any]:
    return {
        "trial_id": one.trial.trial_id,
        "row": one.trial.row,
        "seed": one.trial.seed,
        "state": one.state,
        "epochs": one.epochs,
        "max_epochs": one.max_epochs,
        "best_val_accuracy": one.best_val_accuracy,
        "wall_time_s": one.wall_time_s,
        "screened_at_epoch": one.screened_at_epoch,
        "error": one.error,
        "log": str(one.log),
    }


def _finished_means(overview: StudyOverview) -> dict[str, float]:
    best = {
        row.label: [
            one.best_val_accuracy
            for one in row.trials
            if one.state is TrialState.FINISHED and one.best_val_accuracy is not None
        ]
        for row in overview.rows
    }
    return {row: sum(some) / len(some) for row, some in best.items() if some}
