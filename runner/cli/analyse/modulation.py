"""``film analyse modulation``: the distribution of γ and β."""

from typing import Unpack

import click

from runner.cli.analyse.options import AnalysisFlags, analysis_options

__all__ = ["modulation"]


@click.command()
@analysis_options
def modulation(runs: tuple[str, ...], **flags: Unpack[AnalysisFlags]) -> None:
    """Describe γ and β: mean, spread, share below zero, histograms.

    Over all questions and feature maps, by block and by feature map (Figures 5 and 16
    to 18 of the paper). γ is as it is applied, with its baseline.

    Example: film analyse modulation baseline
    """
    from film.analysis.modulation import measure_modulation
    from runner.cli.analyse.working import analyse_runs

    analyse_runs("modulation", runs, flags, measure_modulation)
