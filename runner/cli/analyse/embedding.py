"""``film analyse embedding``: t-SNE of γ and β."""

from functools import partial
from typing import Unpack

import click

from runner.cli.analyse.options import AnalysisFlags, analysis_options

__all__ = ["embedding"]


@click.command()
@analysis_options
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of the draw of questions, and of t-SNE.",
)
def embedding(runs: tuple[str, ...], seed: int, **flags: Unpack[AnalysisFlags]) -> None:
    """Draw (γ, β) of questions on a plane, and count which neighbours are alike.

    t-SNE of the first and the last block that hear the question, coloured by type of
    question (Figure 6 of the paper). --questions are drawn at random, 1,000 unless it
    is given; the paper draws 3,000.

    Example: film analyse embedding baseline@0 --questions 3000
    """
    from film.analysis.embedding import embed_questions
    from runner.cli.analyse.working import analyse_runs

    analyse_runs("embedding", runs, flags, partial(embed_questions, seed=seed))
