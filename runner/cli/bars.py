"""Bars for work that takes a while."""

from collections.abc import Iterable

from film.data.progress import Progress

__all__ = ["follow"]


def follow(work: Iterable[Progress]) -> None:
    """Do work to its end, showing how far it is: bars in a terminal, else lines.

    Args:
        work: Does a part whenever it is asked for the next one.
    """
    steps = iter(work)
    first = next(steps, None)
    if first is None:
        return
    from rich import progress as rich_progress
    from rich.console import Console

    console = Console(stderr=True)
    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeRemainingColumn(),
    )
    bars = rich_progress.Progress(
        *columns, console=console, disable=not console.is_terminal
    )
    tasks: dict[str, rich_progress.TaskID] = {}
    with bars:
        step: Progress | None = first
        while step is not None:
            if step.stage not in tasks:
                tasks[step.stage] = bars.add_task(step.stage, total=step.total)
                if not console.is_terminal:
                    console.print(step.stage)
            bars.update(tasks[step.stage], completed=step.done, total=step.total)
            step = next(steps, None)
