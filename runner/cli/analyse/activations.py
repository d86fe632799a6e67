"""``film analyse activations``: feature maps before and after FiLM."""

from functools import partial
from typing import Unpack

import click

from runner.cli.analyse.examples import (
    ExampleFlags,
    chosen_examples,
    example_options,
)
from runner.cli.analyse.options import analysis_options

__all__ = ["activations"]


@click.command()
@analysis_options
@example_options(3)
@click.option(
    "--channel",
    type=click.IntRange(min=0),
    metavar="N",
    multiple=True,
    help="Show feature map N of every block, from 0 on; repeatable.",
)
@click.option(
    "--channels",
    type=click.IntRange(min=1, max=8),
    metavar="N",
    default=2,
    show_default=True,
    help="Or the N of each block that FiLM changes most in the examples.",
)
def activations(
    runs: tuple[str, ...],
    channel: tuple[int, ...],
    channels: int,
    **flags: Unpack[ExampleFlags],
) -> None:
    """Show feature maps before and after FiLM, in every block that has it.

    For a few questions, with γ and β of each map (Figures 14 and 15 of the paper).
    What changes most has the largest root of the mean squared difference.

    Example: film analyse activations baseline@0 --channel 14
    """
    from film.analysis.pictured.activations import measure_activations
    from runner.cli.analyse.working import analyse_runs

    choice = chosen_examples(flags)
    work = partial(
        measure_activations, choice=choice, channels=channel, n_channels=channels
    )
    analyse_runs("activations", runs, flags, work)
