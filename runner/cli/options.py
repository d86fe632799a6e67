"""Flags that several commands share."""

import math
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, TypedDict

import click
from click.core import ParameterSource

from film.errors import DataError
from runner.errors import LaunchError
from runner.quantities import parse_bytes, parse_seconds

__all__ = [
    "Flags",
    "Positive",
    "as_json",
    "budget_option",
    "check_data",
    "choice_options",
    "data_option",
    "device_option",
    "limit_options",
    "store_option",
    "tracking_option",
    "worker_options",
]


class Positive(click.FloatRange):
    """A finite number above zero: a range alone lets NaN and infinity through."""

    def __init__(self) -> None:
        """Set the lower end."""
        super().__init__(min=0, min_open=True)

    def convert(
        self, value: float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read a number.

        Args:
            value: What was given.
            param: For which flag.
            ctx: In which command.

        Returns:
            The number.
        """
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


class Flags(TypedDict, total=False):
    """Values of the flags below, as click hands them on."""

    address: str | None
    budget: float | None
    data: Path | None
    device: str
    exclude: tuple[str, ...]
    gpus_per_trial: float
    hang_after: float | None
    jobs: int | None
    max_crashes: int
    memory_per_trial: int | None
    only: tuple[str, ...]
    screen: bool
    seeds: int | None
    storage: str | None
    store: Path
    tracking_uri: str | None
    yes: bool


_Command = Callable[..., Any]
_FOLDER = click.Path(file_okay=False, path_type=Path)

store_option = click.option(
    "--store",
    type=_FOLDER,
    envvar="FILM_STORE",
    default="film-store",
    show_default=True,
    help="Folder of everything that is computed.  [env: FILM_STORE]",
)
data_option = click.option(
    "--data",
    type=_FOLDER,
    envvar="FILM_DATA",
    help="Prepared data, for a study of CLEVR.  [env: FILM_DATA]",
)
tracking_option = click.option(
    "--tracking-uri",
    envvar="MLFLOW_TRACKING_URI",
    metavar="URI",
    help="MLflow: http://HOST:PORT or sqlite:///FILE.  [default: in the store]",
)
device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to train; auto takes a GPU where there is one.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def check_data(name: str, *, has_world: bool) -> None:
    """Refuse data that would be ignored; a FILM_DATA that is always set may be.

    Args:
        name: Who learns.
        has_world: Whether it makes what it learns from.

    Raises:
        DataError: Data are named on the command line all the same.
    """
    source = click.get_current_context().get_parameter_source("data")
    if has_world and source is ParameterSource.COMMANDLINE:
        raise DataError(f"{name} learns from its own world: leave out --data")


def choice_options(command: _Command) -> _Command:
    """Add the flags that choose a part of a study.

    Args:
        command: The command.

    Returns:
        The command with them.
    """
    return _with(
        command,
        click.option(
            "--seeds", type=click.IntRange(min=1), help="Runs per row.", metavar="N"
        ),
        click.option(
            "--only",
            multiple=True,
            metavar="PATTERN",
            help="Only rows like this ('no FiLM*'), and the baseline; repeatable.",
        ),
        click.option(
            "--exclude",
            multiple=True,
            metavar="PATTERN",
            help="No rows like this; repeatable.",
        ),
    )


def worker_options(command: _Command) -> _Command:
    """Add the flags that share the machine.

    Args:
        command: The command.

    Returns:
        The command with them.
    """
    return _with(
        command,
        click.option(
            "-j",
            "--jobs",
            type=click.IntRange(min=1),
            metavar="N",
            help="Trials at once.  [default: one per core, or per GPU share]",
        ),
        device_option,
        click.option(
            "--gpus-per-trial",
            type=Positive(),
            default=1.0,
            show_default=True,
            help="Share of a GPU for each trial.",
        ),
        click.option(
            "--address",
            metavar="HOST:PORT",
            help="Head of a Ray cluster to run on, or auto.  [default: this machine]",
        ),
        click.option(
            "--storage",
            metavar="URI",
            help="Where its machines share trials: s3://BUCKET/PREFIX, file:///PATH.  "
            "[default: the store, on a shared disk]",
        ),
    )


def limit_options(command: _Command) -> _Command:
    """Add the flags that say what a trial may take.

    Args:
        command: The command.

    Returns:
        The command with them.
    """
    return _with(
        command,
        click.option(
            "--memory-per-trial",
            callback=_read_by(parse_bytes),
            metavar="SIZE",
            help="A trial over it fails.  [default: only while memory is short, the "
            "one over its share of what was free, 1 GiB at least]",
        ),
        click.option(
            "--hang-after",
            callback=_read_by(parse_seconds),
            metavar="TIME",
            help="An epoch that takes longer hangs; a process that stands still as a "
            "whole is ended after twice that, 20s at least.  [default: 10 × the "
            "longest, 10m at least; 1d before the first]",
        ),
        click.option(
            "--max-crashes",
            type=click.IntRange(min=1),
            default=3,
            show_default=True,
            metavar="N",
            help="A process that dies so often without a new epoch fails.",
        ),
    )


def _read_by(parse: Callable[[str], float]) -> Callable[..., float | None]:
    def read(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
        try:
            return None if text is None else parse(text)
        except LaunchError as error:
            raise click.BadParameter(str(error)) from None

    return read


def budget_option(command: _Command) -> _Command:
    """Add the flag that ends a launch after some time.

    Args:
        command: The command.

    Returns:
        The command with it.
    """
    return _with(
        command,
        click.option(
            "--budget",
            callback=_read_by(parse_seconds),
            metavar="TIME",
            help="Stop tidily after 90s, 30m, 6h or 1d.",
        ),
    )


def _with(command: _Command, *options: Callable[[_Command], _Command]) -> _Command:
    return reduce(lambda wrapped, option: option(wrapped), reversed(options), command)
