"""What ``film ask`` does."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from torch import Tensor

from film.analysis.asking import (
    Reply,
    UnknownWord,
    ask,
    picture_input,
    plan_ask,
    stored_extractor,
    stored_input,
    unknown_words,
)
from film.analysis.model import TrainedModel
from film.analysis.pictured.examples import as_sentence
from film.analysis.pictured.pictures import find_pictures
from film.analysis.zero_shot.swapping import Swap
from film.config import ImageInput
from film.data.images import read_pixels
from film.data.stored_images import find_images
from film.errors import AnalysisError, DataError
from film.training.best import Best
from runner.cli.analyse.runs import FinishedRun, finished_runs
from runner.cli.predicting import find_run
from runner.cli.warning import warn
from runner.looking.addresses import NamedTrial
from runner.store.workspace import Workspace
from runner.text import percent

__all__ = ["Asking", "answer_question"]

_SIDE: Final = 640  # pixels of a picture that is drawn, at most


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What the user asks, and of what."""

    run: str
    image: str
    question: str
    swap: str | None
    by: str | None
    study: str | None
    split: str | None
    weights: Path | None
    data: Path | None
    store: Path


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
    """A picture, for the network and for people."""

    name: str
    fed: Tensor
    shown: np.ndarray | None  # height first, channels last


def answer_question(
    asking: Asking, *, top: int, out: Path | None, as_json: bool
) -> None:
    """Ask a network a question about a picture, and print what it answers.

    Args:
        asking: The question.
        top: How many answers are printed.
        out: Where to write where the network looks; None does not.
        as_json: Print JSON.

    Raises:
        AnalysisError: There is nothing to write.
    """
    workspace = Workspace.at(asking.store)
    trial, folder = find_run(asking.run, workspace, study=asking.study)
    best = Best.read(folder.path / "best.pt")
    unknown = unknown_words(asking.question, best.vocabulary)
    swap = _swap(asking, best)
    seen = _look(asking, trial, best, workspace)
    replies = [ask(best, asking.question, seen.fed)]
    if swap is not None:
        replies.append(ask(best, asking.question, seen.fed, swap))
    if out is not None:
        _draw(asking, replies, seen, out)
    if as_json:
        content = _content(asking, trial, (unknown, swap, replies), top, out)
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    if unknown:
        words = ", ".join(f"'{one.word}'{one.hint}" for one in unknown)
        warn(f"the run never read {words}: read as <UNK>, a word that is not known")
    click.echo(f"{trial.name}, {seen.name}: {asking.question}")
    for line in _lines(replies, swap, top):
        click.echo(line)
    if out is not None:
        click.echo(f"where it looks: {out}")


def _swap(asking: Asking, best: Best) -> Swap | None:
    if asking.swap is None:
        return None
    return plan_ask(asking.question, asking.swap, asking.by, best.vocabulary)


def _look(asking: Asking, trial: NamedTrial, best: Best, workspace: Workspace) -> _Seen:
    path = Path(asking.image)
    if path.is_file() or not asking.image.isdecimal():
        return _from_file(path, asking, trial, best, workspace)
    run = _with_data(asking, trial, workspace)
    model = TrainedModel.load(run.folder.path, run.data, named_by=run.splits.names)
    number, split = int(asking.image), asking.split or run.splits.judge.split
    image_input = best.config.model.image_input
    pictures = find_pictures(model.data, split)
    form = image_input or ImageInput.FEATURES
    fed = stored_input(find_images(model.data, split, form), number)
    return _Seen(
        name=f"picture {number} of {split}",
        fed=fed if image_input else fed.new_zeros((1, *best.sizes.image_shape)),
        shown=pictures.arrays(np.array([number])).get("picture_0"),
    )


def _from_file(
    path: Path, asking: Asking, trial: NamedTrial, best: Best, workspace: Workspace
) -> _Seen:
    if asking.split is not None:
        raise AnalysisError("--split is of pictures with a number; this is a file")
    if not path.exists():
        raise AnalysisError(
            f"{path} is neither a picture file nor the number of a picture"
        )
    shown = read_pixels(path)
    _, height, width = shown.shape
    if max(height, width) > _SIDE:
        shrunk = _SIDE / max(height, width)
        size = max(1, round(shrunk * height)), max(1, round(shrunk * width))
        shown = read_pixels(path, size)
    made_by = None
    if best.config.model.image_input is ImageInput.FEATURES:
        made_by = _extractor(asking, trial, workspace)
    fed = picture_input(path, best, made_by=made_by, weights=asking.weights)
    return _Seen(name=path.name, fed=fed, shown=shown.transpose(1, 2, 0))


# A file needs no data; where they are there, they tell what their features are of.
def _extractor(asking: Asking, trial: NamedTrial, workspace: Workspace) -> str | None:
    try:
        run = _with_data(asking, trial, workspace)
        split = run.splits.judge.split
        return stored_extractor(find_images(run.data, split, ImageInput.FEATURES))
    except DataError:
        return None


def _with_data(asking: Asking, trial: NamedTrial, workspace: Workspace) -> FinishedRun:
    found = finished_runs(
        [trial.trial_id], workspace, study=asking.study, data=asking.data
    )
    return found[0]


def _draw(asking: Asking, replies: list[Reply], seen: _Seen, out: Path) -> None:
    from reports.figures.pictured import Panel, draw_panels
    from reports.figures.style import WIDTHS, save_figure

    if any(reply.winners is None for reply in replies):
        raise AnalysisError(
            "--out: only FiLM's network pools maps, so that there is no place where "
            "this run looks"
        )
    panels = [
        Panel(seen.shown, reply.winners, (asking.question, f"{how}{_best(reply)}"))
        for reply, how in zip(replies, ("", "γ and β put together: "), strict=False)
    ]
    width = WIDTHS["column" if len(panels) == 1 else "page"]
    save_figure(draw_panels(panels, width, columns=2), out)


def _best(reply: Reply) -> str:
    return f"{reply.answer} ({percent(reply.probabilities[reply.answer])})"


def _lines(replies: list[Reply], swap: Swap | None, top: int) -> Iterator[str]:
    yield from _answers(replies[0], top)
    if swap is not None:
        yield "γ and β put together:"
        for sign, questions in (("+", swap.added), ("−", swap.taken)):
            yield from (f"  {sign} {as_sentence(words)}" for words in questions)
        yield from _answers(replies[1], top)


def _answers(reply: Reply, top: int) -> Iterator[str]:
    first = list(reply.probabilities.items())[:top]
    widest = max(len(answer) for answer, _ in first)
    for answer, share in first:
        yield f"  {answer:<{widest}}  {percent(share):>7}"


def _content(
    asking: Asking,
    trial: NamedTrial,
    found: tuple[list[UnknownWord], Swap | None, list[Reply]],
    top: int,
    out: Path | None,
) -> dict[str, Any]:
    unknown, swap, replies = found
    content: dict[str, Any] = {
        "run": trial.name,
        "trial_id": trial.trial_id,
        "image": asking.image,
        "question": asking.question,
        "unknown_words": [one.word for one in unknown],
        "answers": _shares(replies[0], top),
        "map": None if out is None else str(out),
    }
    if swap is not None:
        content["swap"] = {
            "added": [as_sentence(words) for words in swap.added],
            "taken": [as_sentence(words) for words in swap.taken],
            "answers": _shares(replies[1], top),
        }
    return content


def _shares(reply: Reply, top: int) -> list[dict[str, Any]]:
    first = list(reply.probabilities.items())[:top]
    return [{"answer": answer, "probability": share} for answer, share in first]
