"""Ctrl-C, SIGTERM and other wishes that a sweep should end."""

import os
import signal
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Self

from runner.sweeping.stopping import Stop

__all__ = ["Interruption"]


@dataclass
class Interruption:
    """A signal asks the sweep to stop, once; a second one leaves at once."""

    reason: Stop | None = None
    is_passed_on: bool = False
    _before: dict[int, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Listen to signals.

        Returns:
            This.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._hear)
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
        if self.reason is Stop.INTERRUPTED:
            if os.isatty(2):
                os.write(2, b"\x1b[?25h")  # the live table had hidden the cursor
            os.write(2, b"\nfilm: stopped at once\n")
            os._exit(128 + number)
        self.reason = Stop.INTERRUPTED
