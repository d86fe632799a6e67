"""Ctrl-C, SIGTERM, a closed terminal and other wishes that a sweep should end."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Self

from runner.hanging_up import forget_terminal, is_told_of_hanging_up
from runner.sweeping.stopping import Stop

__all__ = ["Interruption", "sigterm_kept"]


@contextmanager
def sigterm_kept() -> Iterator[None]:
    """Keep this process's way with SIGTERM while Ray starts, which takes it over.

    Ray's own handler leaves with exit code 15, and says nothing.

    Yields:
        While Ray starts.

    Raises:
        KeyboardInterrupt: SIGTERM came meanwhile, and its handler let it pass.
        SystemExit: Whoever starts Ray leaves for another reason.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Ray leaves signals alone
        return
    ours = signal.getsignal(signal.SIGTERM)
    is_asked = False
    try:
        yield
    except SystemExit as left:
        if left.code != signal.SIGTERM:
            raise
        is_asked = True
    finally:
        signal.signal(signal.SIGTERM, ours or signal.SIG_DFL)
    if is_asked:
        signal.raise_signal(signal.SIGTERM)
        raise KeyboardInterrupt


@dataclass
class Interruption:
    """A signal asks the sweep to stop, once; a second one leaves at once.

    A closed terminal is never the second one: kernel and shell both tell of it.
    """

    reason: Stop | None = None
    is_passed_on: bool = False
    _is_heard: bool = False  # a signal was
    _before: dict[int, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Listen to signals.

        Returns:
            This.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._hear)
        if is_told_of_hanging_up():
            self._before[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._hang_up)
        return self

    def __exit__(self, *_: object) -> None:
        """Let others listen again."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def request(self, reason: Stop) -> None:
        """Ask the sweep to stop.

        Args:
            reason: Why; the first one counts.
        """
        self.reason = self.reason or reason

    def pass_on(self) -> bool:
        """Let Tune, whose steps run, stop tidily where that was asked.

        Returns:
            Whether it was told just now.
        """
        if self.is_passed_on or self.reason is None:
            return False
        self.is_passed_on = True
        os.kill(os.getpid(), signal.SIGUSR1)
        return True

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if self._is_heard:
            if os.isatty(2):
                os.write(2, b"\x1b[?25h")  # the live table had hidden the cursor
            os.write(2, b"\nfilm: stopped at once\n")
            os._exit(128 + number)
        self._is_heard = True
        self.request(Stop.INTERRUPTED)

    def _hang_up(self, _number: int, _frame: FrameType | None) -> None:
        forget_terminal()
        self.request(Stop.INTERRUPTED)
