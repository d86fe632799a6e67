"""Bars for work that takes a while, or lines where there is no terminal."""

import time
from collections.abc import Callable, Iterable
from itertools import chain
from typing import TYPE_CHECKING, Final, final

from film.data.progress import Progress
from runner.sweeping.progress import clock

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Lines", "follow"]

_WHOLE: Final = "the whole"
_BETWEEN_LINES_S: Final = 10.0
_SILENT_AT_MOST_S: Final = 60.0
_WORTH_A_LINE: Final = 0.1  # of the stage
_MEMORY_S: Final = 120.0  # over which bars measure the speed


def follow(work: Iterable[Progress]) -> None:
    """Do work to its end, showing how far it is: bars in a terminal, else lines.

    Args:
        work: Does a part whenever it is asked for the next one.
    """
    steps = iter(work)
    first = next(steps, None)
    if first is None:
        return
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        _draw_bars(console, chain([first], steps))
        return
    lines = Lines(lambda line: console.print(line, highlight=False))
    for step in chain([first], steps):
        lines.show(step)


# The whole work has a bar of its own, where its length is known.
def _draw_bars(console: "Console", steps: Iterable[Progress]) -> None:
    from rich import progress as rich_progress

    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.TextColumn("{task.fields[count]}"),
        rich_progress.TimeRemainingColumn(),
    )
    tasks: dict[str, rich_progress.TaskID] = {}
    with rich_progress.Progress(
        *columns, console=console, speed_estimate_period=_MEMORY_S
    ) as bars:
        for step in steps:
            shown: list[tuple[str, float, float, str]] = [
                (step.stage, step.done, step.total, f"{step.done}/{step.total}")
            ]
            if step.whole is not None:
                shown.insert(0, (_WHOLE, step.whole, 1, f"{step.whole:.0%}"))
            for name, done, total, count in shown:
                if name not in tasks:
                    tasks[name] = bars.add_task(name, total=total, count=count)
                bars.update(tasks[name], completed=done, total=total, count=count)


@final
class Lines:
    """Say now and then how far work is: at each stage's start, and after a while.

    Args:
        say: Prints a line.
        now: Tells the time in seconds.
    """

    def __init__(
        self, say: Callable[[str], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._say = say
        self._now = now
        self._last: Progress | None = None
        self._last_time = 0.0

    def show(self, step: Progress) -> None:
        """Take note of a step, and print a line where one is due.

        Args:
            step: How far the work is.
        """
        last, passed = self._last, self._now() - self._last_time
        if last is None or last.stage != step.stage:
            self._say(step.stage)
        elif _is_due(last, step, passed):
            self._say(_line(last, step, passed))
        else:
            return
        self._last, self._last_time = step, self._now()


def _is_due(last: Progress, step: Progress, passed: float) -> bool:
    if passed < _BETWEEN_LINES_S:
        return False
    done = step.done - last.done
    return done >= _WORTH_A_LINE * step.total or passed >= _SILENT_AT_MOST_S


def _line(last: Progress, step: Progress, passed: float) -> str:
    stage = f"{step.stage} {step.done:,} of {step.total:,}"
    if step.whole is None or last.whole is None:
        left = _left_s(last.done, step.done, step.total, passed)
        return f"{stage}, {clock(left)} left"
    left = _left_s(last.whole, step.whole, 1, passed)
    return f"{stage}; {step.whole:.0%} of the whole, {clock(left)} left"


def _left_s(before: float, now: float, total: float, passed: float) -> float | None:
    return passed * (total - now) / (now - before) if now > before else None
