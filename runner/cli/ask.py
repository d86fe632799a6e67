"""``film ask``: a question about a picture."""

from pathlib import Path

import click

from runner.cli.completing import rows as rows_of
from runner.cli.options import as_json, data_option, store_option

__all__ = ["ask"]


@click.command()
@click.argument("run", shell_complete=rows_of)
@click.argument("image", shell_complete=lambda *_: [])
@click.argument("question")
@click.option(
    "--swap",
    metavar="PHRASE",
    help="Put γ and β together as if PHRASE had never been learnt: 'blue cylinder'.",
)
@click.option(
    "--by",
    metavar="PHRASE",
    help="The other colour and shape for --swap: 'green sphere'.  [default: a sphere "
    "of a colour that CoGenT's condition A allows]",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write where it looks as a picture: map.png, .pdf or .svg.",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    metavar="N",
    help="How many answers.",
)
@click.option("--study", metavar="STUDY", help="Of which study RUN is a row.")
@click.option(
    "--split",
    metavar="NAME",
    help="Whose pictures are numbered.  [default: those that the run was judged by]",
)
@click.option(
    "--resnet-weights",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="ResNet-101's weights, for a run that learnt from its features.  "
    "[default: torchvision fetches them]",
)
@data_option
@store_option
@as_json
def ask(
    run: str,
    image: str,
    question: str,
    *,
    swap: str | None,
    by: str | None,
    out: Path | None,
    top: int,
    study: str | None,
    split: str | None,
    resnet_weights: Path | None,
    data: Path | None,
    store: Path,
    as_json: bool,
) -> None:
    """Ask RUN a QUESTION about IMAGE, and print its most probable answers.

    RUN is a row, ROW@SEED, or the beginning of a trial's id; its best weights answer.
    IMAGE is a picture file, or the number of a picture of the run's own data. Words
    that the run never read are named, and read as one word for all unknown.

    Example: film ask baseline@0 3 'Is there a red cube?' --out map.png
    """
    from runner.cli.answering import Asking, answer_question

    if by is not None and swap is None:
        raise click.UsageError(
            "--by says what replaces the phrase of --swap: give both"
        )
    asking = Asking(
        run=run,
        image=image,
        question=question,
        swap=swap,
        by=by,
        study=study,
        split=split,
        weights=resnet_weights,
        data=data,
        store=store,
    )
    answer_question(asking, top=top, out=out, as_json=as_json)
