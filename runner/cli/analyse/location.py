"""``film analyse location``: where the network looks."""

from functools import partial
from typing import Unpack

import click

from runner.cli.analyse.examples import (
    ExampleFlags,
    chosen_examples,
    example_options,
)
from runner.cli.analyse.options import analysis_options

__all__ = ["location"]


@click.command()
@analysis_options
@example_options(6)
def location(
    runs: tuple[str, ...],
    **flags: Unpack[ExampleFlags],
) -> None:
    """Show on pictures where the classifier's global max pool takes its values from.

    For each question, the maps that have their maximum at a place are counted, and
    drawn over the picture (Figure 4 of the paper); and averaged over all questions.

    Example: film analyse location baseline@0 --question 12 --question 40
    """
    from film.analysis.pictured.location import measure_location
    from runner.cli.analyse.working import analyse_runs

    choice = chosen_examples(flags)
    analyse_runs("location", runs, flags, partial(measure_location, choice=choice))
