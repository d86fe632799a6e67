"""``film analyse errors``: counts, hidden objects and contradictions."""

from functools import partial
from pathlib import Path
from typing import Unpack

import click

from runner.cli.analyse.options import AnalysisFlags, analysis_options

__all__ = ["errors"]


@click.command()
@analysis_options
@click.option(
    "--source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="CLEVR's own files, whose scenes tell what is hidden.  [default: those beside "
    "the data, which a world has]",
)
def errors(
    runs: tuple[str, ...], source: Path | None, **flags: Unpack[AnalysisFlags]
) -> None:
    """Say what is answered wrong, and what explains it.

    Counts: which number is given for which, and how often it is off by one. Hidden
    objects: accuracy by how much of what a question needs is hidden. Contradictions:
    how often answers to questions about one picture cannot all be true, and how often
    they would not if errors were independent (Section 4.2 and appendix of the paper).

    Example: film analyse errors baseline
    """
    from film.analysis.errors.measuring import measure_errors
    from runner.cli.analyse.working import analyse_runs

    analyse_runs("errors", runs, flags, partial(measure_errors, source=source))
