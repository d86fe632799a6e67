"""``film analyse intervention``: γ or β disturbed at test time."""

from functools import partial
from typing import Unpack

import click

from runner.cli.analyse.options import AnalysisFlags, analysis_options

__all__ = ["intervention"]

_NOISES = "0.25,0.5,1,1.5,2,3"


def _numbers(
    _context: click.Context, _parameter: click.Parameter, text: str
) -> tuple[float, ...]:
    try:
        numbers = tuple(float(one) for one in text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text}: needs numbers, as in {_NOISES}") from None
    if not all(0 < one < float("inf") for one in numbers):
        raise click.BadParameter(f"{text}: a standard deviation is above zero")
    return tuple(sorted(set(numbers)))


@click.command()
@analysis_options
@click.option(
    "--noise",
    "noises",
    default=_NOISES,
    show_default=True,
    callback=_numbers,
    metavar="S.D.,...",
    help="Of what is added.",
)
@click.option(
    "--noise-seeds",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    metavar="N",
    help="How often it is drawn.",
)
def intervention(
    runs: tuple[str, ...],
    noises: tuple[float, ...],
    noise_seeds: int,
    **flags: Unpack[AnalysisFlags],
) -> None:
    """Disturb γ or β of a trained network, and see what accuracy is left.

    Each is replaced by its mean over training questions, in all blocks and in one at a
    time, or has Gaussian noise added (Figure 7 of the paper). Of the first 10,000
    questions, unless --questions says otherwise.

    Example: film analyse intervention baseline --noise 0.5,1,2
    """
    from film.analysis.intervention import disturb
    from runner.cli.analyse.working import analyse_runs

    work = partial(disturb, noises=noises, n_seeds=noise_seeds)
    analyse_runs("intervention", runs, flags, work)
