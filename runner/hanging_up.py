"""What to do when the terminal is closed."""

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["forget_terminal", "hanging_up_deferred", "is_told_of_hanging_up"]


@contextmanager
def hanging_up_deferred() -> Iterator[None]:
    """Start processes that a closed terminal does not reach, though it is theirs too.

    They end with this one, which hears of it afterwards.

    Yields:
        While they are started: what is blocked, a child inherits.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def forget_terminal() -> None:
    """Write nothing more to a terminal that is gone, where every write would raise.

    What goes to a file or a pipe goes on.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in (1, 2):
        if stat.S_ISCHR(os.fstat(output).st_mode):
            os.dup2(nowhere, output)
    os.close(nowhere)


def is_told_of_hanging_up() -> bool:
    """Tell whether closing the terminal is to end this process.

    Returns:
        False under ``nohup``, which is there so that it does not.
    """
    return signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
