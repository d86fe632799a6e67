"""``film analyse``: what a trained network learned, one command per kind of look."""

import click

from runner.cli.analyse.activations import activations
from runner.cli.analyse.embedding import embedding
from runner.cli.analyse.errors import errors
from runner.cli.analyse.every import every
from runner.cli.analyse.intervention import intervention
from runner.cli.analyse.location import location
from runner.cli.analyse.modulation import modulation
from runner.cli.analyse.zero_shot import zero_shot

__all__ = ["analyse"]


@click.group()
def analyse() -> None:
    """Look at what a trained run learned.

    Each command takes runs, keeps what it finds in their folders, prints a table and
    writes figures; `film report` of a study shows them all.

    Example: film analyse modulation baseline
    """


for _command in (
    modulation, embedding, intervention, location, activations, zero_shot, errors,
    every,
):  # fmt: skip
    analyse.add_command(_command)
