"""What ``film run --screen`` prints: not the report, and marked as what it is."""

import click

from runner.planning.request import Request
from runner.sweeping.screening import screened_rows
from runner.text import aligned, percent
from runner.tracking.mirror import Mirror

__all__ = ["conclude_screening"]


def conclude_screening(request: Request, mirror: Mirror) -> int:
    """Mirror what happened, and print what the screening found.

    Args:
        request: What was wanted.
        mirror: To MLflow.

    Returns:
        The exit code: 0 where every wanted trial is finished, and none screened out.
    """
    request.write_down()
    mirror.everything(request.folders(), [])
    records = request.records()
    head = ("row", "runs", "finished", "screened out", "epochs", "best val.")
    lines: list[tuple[str, ...]] = [head]
    for row in screened_rows(request.trials, records):
        counts = (row.runs, row.finished, row.screened, row.epochs)
        best = percent(row.best_val_accuracy)
        lines.append((row.label, *map(str, counts), best))
    name = request.study.name
    click.echo(
        f"SCREENING of {name}, no result: trials that looked less promising were "
        "ended early,\nso that accuracies are of different epochs.\n"
    )
    click.echo(aligned(lines, numbers_from=1))
    click.echo(f"\n`film run {name}` trains the others to their end")
    return 0 if all(record.summary for record in records.values()) else 1
