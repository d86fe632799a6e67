"""``film analyse zero-shot``: arithmetic on γ and β."""

from functools import partial
from typing import Unpack

import click

from runner.cli.analyse.examples import (
    ExampleFlags,
    chosen_examples,
    example_options,
)
from runner.cli.analyse.options import analysis_options

__all__ = ["zero_shot"]


@click.command("zero-shot")
@analysis_options
@example_options(4)
@click.option(
    "--pairs",
    type=click.Choice(["unseen", "any"]),
    default="unseen",
    show_default=True,
    help="What is put together: pairs of colour and shape that CoGenT's condition A "
    "lacks, or any.",
)
@click.option(
    "--colors",
    type=click.Choice(["printed", "all"]),
    default="printed",
    show_default=True,
    help="By what another colour is replaced: that of the paper's examples, or the "
    "mean over all that A allows.",
)
@click.option(
    "--shape",
    type=click.Choice(["sphere", "cube", "cylinder"]),
    default="sphere",
    show_default=True,
    help="By what another shape is replaced.",
)
def zero_shot(
    runs: tuple[str, ...],
    pairs: str,
    colors: str,
    shape: str,
    **flags: Unpack[ExampleFlags],
) -> None:
    """Put γ and β of what was never seen together from what was, and judge by that.

    (cyan cubes) = (cyan spheres) + (brown cubes) − (brown spheres), as Figure 10 of
    the paper has it. It is meant for runs that learnt from CoGenT's condition A, and
    `--split valB`; on other data it says what the arithmetic costs.

    Example: film analyse zero-shot baseline --study cogent-embedded --split valB
    """
    from film.analysis.zero_shot.measuring import measure_zero_shot
    from film.analysis.zero_shot.swapping import Pairs, ReplacementColors, SwapRule
    from runner.cli.analyse.working import analyse_runs

    rule = SwapRule(pairs=Pairs(pairs), colors=ReplacementColors(colors), shape=shape)
    work = partial(measure_zero_shot, rule=rule, choice=chosen_examples(flags))
    analyse_runs("zero-shot", runs, flags, work)
