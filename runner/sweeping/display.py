"""The live table of a sweep in a terminal, and plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, final

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from runner.sweeping.progress import Board, Display, RowStatus, clock

__all__ = ["shown"]

_PLAIN_PAUSE_S: Final = 30.0
_BAR: Final = 12


@contextmanager
def shown(board: Board, console: Console) -> Iterator[Display]:
    """Show a board while something is done: live in a terminal, else now and then.

    Args:
        board: The board.
        console: Where to.

    Yields:
        What refreshes the view, and says lines beside it.
    """
    if not console.is_terminal:
        yield _Plain(board, console)
        return
    live = Live(
        console=console,
        get_renderable=lambda: _table(board, console.height),
        refresh_per_second=4,
        transient=True,
    )
    with live:
        yield _Live(live)


@final
class _Live:
    def __init__(self, live: Live) -> None:
        self._live = live

    def refresh(self) -> None:
        """Do nothing: a thread draws four times a second."""

    def say(self, line: str) -> None:
        self._live.console.print(Text(line))


@final
class _Plain:
    def __init__(self, board: Board, console: Console) -> None:
        self._board = board
        self._console = console
        self._said_at = time.monotonic()

    def refresh(self) -> None:
        if time.monotonic() - self._said_at < _PLAIN_PAUSE_S:
            return
        self._said_at = time.monotonic()
        self.say(_totals(self._board))

    def say(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)


def _totals(board: Board) -> str:
    rows = board.rows()
    finished = sum(row.finished for row in rows)
    wanted = sum(row.wanted for row in rows)
    running = sum(row.running for row in rows)
    failed = sum(row.failed for row in rows)
    line = f"{finished} of {wanted} runs done, {running} running"
    if failed:
        line += f", {failed} failed"
    line += f"; {clock(board.elapsed_s)} elapsed"
    return f"{line}, about {clock(board.left_s())} left"


# The rows that fit; those that run come before those that wait or are done.
def _table(board: Board, height: int) -> Group:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("row", overflow="ellipsis", no_wrap=True, max_width=40)
    table.add_column("runs", justify="right", no_wrap=True)
    table.add_column("epochs", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, width=_BAR)
    table.add_column("best val.", justify="right", no_wrap=True)
    rows = board.rows()
    room = max(height - 6, 3)
    if len(rows) > room:
        busy = sorted(rows, key=lambda row: (not row.running, row.epochs == 0))
        kept = {row.label for row in busy[: room - 1]}
        hidden = len(rows) - len(kept)
        rows = [row for row in rows if row.label in kept]
    else:
        hidden = 0
    for row in rows:
        table.add_row(*_cells(row))
    if hidden:
        table.add_row(Text(f"and {hidden} more rows", style="dim"))
    return Group(table, Text(f" {_totals(board)}", style="dim"))


def _cells(row: RowStatus) -> tuple[Text, ...]:
    style = "bold" if row.running else "dim" if row.finished < row.wanted else ""
    runs = Text(f"{row.finished}/{row.wanted}")
    if row.failed:
        runs.append(f" {row.failed} failed", style="red")
    filled = round(_BAR * row.epochs / max(row.max_epochs, 1))
    best = row.best_val_accuracy
    return (
        Text(row.label, style=style),
        runs,
        Text(f"{row.epochs}/{row.max_epochs}"),
        Text("━" * filled, style="green") + Text("━" * (_BAR - filled), style="dim"),
        Text("–" if best is None else f"{100 * best:.1f} %"),
    )
