"""Flags of analyses that show some questions one by one, with their pictures."""

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner.cli.analyse.options import AnalysisFlags

if TYPE_CHECKING:
    from film.analysis.pictured.examples import ExampleChoice

__all__ = ["ExampleFlags", "chosen_examples", "example_options"]

_Command = Callable[..., Any]


class ExampleFlags(AnalysisFlags):
    """Values of the flags below and of those of all analyses, as click has them."""

    question: tuple[int, ...]
    examples: int
    example_seed: int
    images: Path | None


def example_options(count: int) -> Callable[[_Command], _Command]:
    """Add what chooses examples.

    Args:
        count: How many are shown unasked.

    Returns:
        What decorates a command.
    """
    options = (
        click.option(
            "--question",
            type=click.IntRange(min=0),
            metavar="N",
            multiple=True,
            help="Show question N of the split, from 0 on; repeatable.",
        ),
        click.option(
            "--examples",
            type=click.IntRange(min=1, max=24),
            metavar="N",
            default=count,
            show_default=True,
            help="Or show N questions that are drawn.",
        ),
        click.option(
            "--example-seed",
            type=click.IntRange(min=0),
            metavar="N",
            default=0,
            show_default=True,
            help="Of the drawing.",
        ),
        click.option(
            "--images",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            metavar="FOLDER",
            help="Where picture files are.  [default: found by the data]",
        ),
    )

    def add(command: _Command) -> _Command:
        return reduce(
            lambda wrapped, option: option(wrapped), reversed(options), command
        )

    return add


def chosen_examples(flags: ExampleFlags) -> "ExampleChoice":
    """Turn the flags into a choice.

    Args:
        flags: Of the command.

    Returns:
        The choice.
    """
    from film.analysis.pictured.examples import ExampleChoice

    return ExampleChoice(
        rows=flags["question"],
        count=flags["examples"],
        seed=flags["example_seed"],
        images=flags["images"],
    )
