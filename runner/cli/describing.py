"""What the commands about data print."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Final

import click

from film.data.describe import SplitDescription, StoreDescription
from film.data.priors import Grouping, PriorAccuracy
from film.data.progress import Progress
from film.world.features.teaching import ExtractorMetrics
from runner.cli.bars import follow
from runner.text import aligned, percent

__all__ = ["echo_store", "follow_teaching"]

_GROUPINGS: Final = {
    Grouping.ALL: "of all questions",
    Grouping.TYPE: "of the question type",
    Grouping.FUNCTION: "of the outermost function (CLEVR's Q-type mode)",
    Grouping.FAMILY: "of the question family",
}


def echo_store(store: StoreDescription, *, as_json: bool) -> None:
    """Print what a store holds.

    Args:
        store: Its description.
        as_json: For a program.
    """
    if as_json:
        click.echo(json.dumps(asdict(store), indent=2, ensure_ascii=False))
        return
    header = ("split", "questions", "images", "longest", "unknown words", "of images")
    rows = [_split(name, split) for name, split in store.splits.items()]
    click.echo(aligned([header, *rows]))
    kinds = sorted({one for split in store.splits.values() for one in split.images})
    click.echo(
        f"\n{store.n_question_words} words, {store.n_answers} answers; "
        f"images as {' and '.join(kinds) or 'nothing'}"
    )
    if store.priors:
        click.echo("\naccuracy on val without looking, giving the most frequent answer")
        click.echo(f"{_priors(store.priors)}\n")
    for kind, fingerprint in store.fingerprints.items():
        click.echo(f"fingerprint with {kind}: {fingerprint}")


def follow_teaching(work: Iterable[Progress | ExtractorMetrics]) -> None:
    """Do the work, with a bar for the drawing and a line per epoch.

    Args:
        work: Does a part whenever it is asked for the next one.
    """
    follow(_drawing(iter(work)))


def _drawing(steps: Iterator[Progress | ExtractorMetrics]) -> Iterator[Progress]:
    for step in steps:
        if isinstance(step, Progress):
            yield step
            continue
        objects = ", ".join(
            f"{name} {percent(right)}" for name, right in step.objects.items()
        )
        yield Progress(
            f"epoch {step.epoch}: cells {percent(step.presence)}, {objects}", 1, 1
        )


def _priors(priors: Mapping[Grouping, PriorAccuracy]) -> str:
    types = list(priors[Grouping.ALL].by_type)
    names = [name.replace("_", " ") for name in types]
    rows = [
        (
            _GROUPINGS[grouping],
            percent(prior.accuracy),
            *(percent(prior.by_type.get(name)) for name in types),
        )
        for grouping, prior in priors.items()
    ]
    return aligned([("", "all", *names), *rows], numbers_from=1)


def _split(name: str, split: SplitDescription) -> tuple[str, ...]:
    return (
        name,
        str(split.n_questions),
        str(split.n_images),
        f"{split.max_words} words",
        percent(split.unknown_word_share),
        ", ".join(f"{kind} {shape}" for kind, shape in split.images.items()) or "–",
    )
