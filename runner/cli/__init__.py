"""The command ``film``: parses, calls, prints.

What takes time to import is imported by the command that needs it, so that a help
page answers at once.
"""

import atexit
import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import NoReturn

import click

from film.errors import FilmError
from runner.cli import looking
from runner.cli.analyse import analyse
from runner.cli.ask import ask
from runner.cli.browse import ui
from runner.cli.cancelling import cancel
from runner.cli.data import data
from runner.cli.keeping import export, gc, import_archive
from runner.cli.reporting import report
from runner.cli.reproducing import compare
from runner.cli.single import predict, train, verify
from runner.cli.study import listing, plan, retry, run, show, sync
from runner.cli.telling import completion, diff, doctor, logs, status
from runner.errors import BusyError
from runner.hanging_up import forget_terminal, is_told_of_hanging_up

__all__ = ["film", "main"]

_BUSY = 1
_BAD_INPUT = 2
_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="film-ablations", message="film %(version)s")
def film() -> None:
    """Ablation studies of FiLM, from a study file to a table.

    Begin with `film list`, then `film run quick`; `film COMMAND --help` has examples.
    """


for _command in (
    listing, show, plan, run, cancel, retry, status, logs, diff, report, compare,
    analyse, sync, ui, train, ask, predict, verify, doctor, completion, data, gc,
    export, import_archive,
):  # fmt: skip
    film.add_command(_command)
for _command in (looking.check, looking.show):
    data.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; a user's mistake is one line, and never a traceback.

    Args:
        arguments: What follows ``film``; None takes the process's own.
    """
    _listen()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # Greek, in a terminal without it
            stream.reconfigure(errors="replace")
    try:
        code = film.main(arguments, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = _BAD_INPUT
    except FilmError as error:
        click.echo(f"film: error: {error}", err=True)
        code = _BUSY if isinstance(error, BusyError) else _BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        _leave_when_asked(arguments)
        click.echo("film: stopped; nothing that was finished is lost", err=True)
        code = _end_interrupted(arguments)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"film: error: {where}{error.strerror or error}", err=True)
        code = _BAD_INPUT
    _leave_when_asked(arguments)
    sys.exit(code if isinstance(code, int) else 0)


def _listen() -> None:
    signal.signal(signal.SIGTERM, _interrupt)
    if is_told_of_hanging_up():
        signal.signal(signal.SIGHUP, _hang_up)
    # A shell starts what runs in its background with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)


# All is done but for Python's own end, which a signal would turn into a traceback, or
# into an exit code of Python's. Who gives arguments calls from a process that goes on.
def _leave_when_asked(arguments: Sequence[str] | None) -> None:
    if arguments is not None:
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)


# Where the interruption met a text that a library executes, as dataclasses do when
# imported, `python -m` remembers it though it was caught, and ends by SIGINT itself.
def _end_interrupted(arguments: Sequence[str] | None) -> int:
    if arguments is None:
        atexit._run_exitfuncs()  # noqa: SLF001 - nothing public does, and stays here
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(_INTERRUPTED)
    return _INTERRUPTED


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    os._exit(_INTERRUPTED)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


# The kernel and the shell both send it: the second one asks for nothing new.
def _hang_up(_number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    forget_terminal()
    raise KeyboardInterrupt
