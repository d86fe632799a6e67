"""In what a study is not what the paper did, as far as its configuration shows it.

Perez et al., AAAI 2018, Section 3, and the authors' code,
https://github.com/ethanjperez/film: CLEVR v1.0, features of a ResNet-101, 80 epochs,
one run per row, batch norms that began with scales drawn from U(0, 1).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from film.config import Config, ImageInput, Norm
from film.world.config import WorldConfig
from reports.published import PUBLISHED, PublishedTable
from reports.results import Results
from reports.tables.numbers import count
from studies.study import Study

__all__ = ["Deviation", "deviations"]

_RESNET: Final = "of a ResNet-101 that was trained on ImageNet"
_EPOCHS: Final = "train.max_epochs"
_CLEVR_TRAIN: Final = "70,000 pictures of CLEVR v1.0, 699,989 questions"


@dataclass(frozen=True)
class Deviation:
    """Something that was done otherwise.

    Attributes:
        what: Its name.
        here: What this study did.
        there: What the paper did; empty where only this study says something.
    """

    what: str
    here: str
    there: str = ""


def deviations(
    study: Study, results: Results, table: PublishedTable
) -> tuple[Deviation, ...]:
    """List what a study did otherwise than the paper.

    Args:
        study: What was asked.
        results: What was recorded.
        table: Published; of what is not the paper's, nothing is known.

    Returns:
        What differs: data, runs, settings.
    """
    if table.name not in PUBLISHED:
        return ()
    return (
        *_data(study, results, table),
        *_runs(results, table),
        *_settings(study.baseline.config),
    )


def _data(study: Study, results: Results, table: PublishedTable) -> Iterable[Deviation]:
    if study.world is not None:
        yield Deviation("training data", _made(study.world), _CLEVR_TRAIN)
    judged = {answer.questions.n_questions for answer in results.answers.values()}
    if judged and judged != {table.n_questions}:
        sizes = " or ".join(f"{size:,}" for size in sorted(judged))
        there = f"{table.n_questions:,}, {table.questions}"
        yield Deviation("questions judged", sizes, there.removeprefix("0, "))
    if study.world is not None and ImageInput.FEATURES in study.inputs:
        here = "of a small network that was trained on pictures of this world's kind"
        yield Deviation("features of pictures", here, _RESNET)


def _made(world: WorldConfig) -> str:
    most = world.n_train * world.questions_per_scene
    return f"{world.n_train:,} pictures made here, up to {most:,} questions"


def _runs(results: Results, table: PublishedTable) -> Iterable[Deviation]:
    finished = results.trials[results.trials["val_accuracy"].notna()]
    runs = set(finished.groupby("row").size())
    if runs and runs != {1}:
        few, many = min(runs), max(runs)
        here = count(many, "run") if few == many else f"{few} to {many} runs"
        best = table.baseline.n_runs
        but = f", {best} of the best model" if best > 1 else ""
        yield Deviation("runs of a row", here, f"1 run{but}")


def _settings(config: Config) -> Iterable[Deviation]:
    paper, here = Config().flat(), config.flat()
    inert: Mapping[str, Any] = config.inert()
    for name, value in here.items():
        if value != paper[name] and name not in inert:
            what = "epochs, at most" if name == _EPOCHS else name
            yield Deviation(what, _word(value), _word(paper[name]))
    if config.model.norm is Norm.BATCH:
        yield Deviation("scales of batch norms at first", "1", "drawn from U(0, 1)")


def _word(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_word, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (
        "none"
        if value is None
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )
