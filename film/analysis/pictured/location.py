"""Where the network looks: the places from which its global max pool takes its values.

The classifier's last maps are pooled over all places. Each map whose maximum is
positive says something, and the place where it has its maximum, its winner, is where it
saw it. How many maps win at each place is drawn over the picture.

References:
    Perez et al., *FiLM*, AAAI 2018, Section 4.2 and Figure 4; the authors'
    ``run_model.py``, which counts ties at every place. https://arxiv.org/abs/1709.07871
"""

from typing import Final

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from film.analysis.model import TrainedModel, one_thread
from film.analysis.pictured.examples import ExampleChoice, describe_examples
from film.analysis.pictured.pictures import find_pictures
from film.analysis.record import Analysis
from film.data.dataset import QuestionDataset
from film.data.programs import QuestionType
from film.model.network import FilmNetwork

__all__ = ["count_winners", "hear", "measure_location", "pooled_maps"]

_ALL: Final = "all"


def count_winners(
    maps: Float[Tensor, "batch channels height width"],
) -> Int[Tensor, "batch height width"]:
    """Count at each place how many maps have their maximum there.

    Args:
        maps: What is pooled, nothing of it negative. A map that is 0 everywhere has no
            winner, and one with several equal maxima has several.

    Returns:
        Counts.
    """
    highest = maps.amax(dim=(2, 3), keepdim=True)
    return ((maps == highest) & (highest > 0)).sum(dim=1)


def hear(
    network: FilmNetwork, questions: Int[Tensor, "batch tokens"]
) -> tuple[
    Float[Tensor, "batch blocks channels"] | None,
    Float[Tensor, "batch blocks channels"] | None,
]:
    """Generate γ and β of questions.

    Args:
        network: Of which no block may hear the question.
        questions: Token ids, padded on the right with 0.

    Returns:
        γ and β of every block; None where none hears the question.
    """
    return (None, None) if network.generator is None else network.generator(questions)


def pooled_maps(
    network: FilmNetwork,
    images: Float[Tensor, "batch inputs height width"],
    gamma: Float[Tensor, "batch blocks channels"] | None,
    beta: Float[Tensor, "batch blocks channels"] | None,
) -> tuple[
    Float[Tensor, "batch answers"], Float[Tensor, "batch projection rows columns"]
]:
    """Score the answers, and keep the maps that are pooled for them.

    Args:
        network: In eval mode.
        images: Features, or pixels from 0 to 1.
        gamma: Scales of every block; None for 1 everywhere.
        beta: Shifts of every block; None for 0 everywhere.

    Returns:
        Logits, and the classifier's maps after its 1×1 convolution, norm and ReLU.
    """
    seen: list[Tensor] = []

    def keep(_classifier: object, inputs: tuple[Tensor, ...]) -> None:
        seen.append(inputs[0])

    handle = network.classifier.register_forward_pre_hook(keep)
    try:
        logits = network.answer(images, gamma, beta)
    finally:
        handle.remove()
    return logits, network.classifier.locate(seen[0])


def measure_location(
    model: TrainedModel,
    split: str,
    n_questions: int | None = None,
    choice: ExampleChoice | None = None,
) -> Analysis:
    """Count winners for every question, and keep some questions one by one.

    Table ``examples``: see `describe_examples`, with ``given`` (the answer) and
    ``winners`` (how many maps won). Table ``means``: the ``type`` of questions, ``all``
    first, how many ``questions``, their mean of ``winners`` and of ``places`` (the
    fewest that hold half of a question's winners). Arrays: ``counts`` (examples, rows,
    columns); ``means`` (types, rows, columns), the mean share of winners at each place,
    which add up to 1 where every question has a winner; and the examples' pictures,
    where there are some.

    Args:
        model: A run of FiLM.
        split: Of which split.
        n_questions: Only so many, from the first on; None is all.
        choice: Which are kept one by one.

    Returns:
        What was found.
    """
    choice = choice or ExampleChoice()
    network, questions = model.film, model.open(split, n_questions)
    pictures = find_pictures(model.data, split, choice.images)
    chosen = choice.pick(questions)
    with one_thread():
        counts, given = _count_all(network, model, questions)
    words = questions.vocabulary.answers
    examples = describe_examples(questions, chosen).assign(
        given=[words[given[row]] for row in chosen],
        winners=counts[chosen].sum(axis=(1, 2)),
    )
    means, names = _means(counts, questions)
    return Analysis(
        tables={"examples": examples, "means": names},
        arrays={
            "counts": counts[chosen],
            "means": means,
            **pictures.arrays(questions.image_ids[chosen]),
        },
        about={
            **model.about(questions, split),
            "seed": choice.drawn_with,
            "pooling": str(model.config.model.classifier.pooling),
            "pictures": pictures.said,
        },
    )


def _count_all(
    network: FilmNetwork, model: TrainedModel, questions: QuestionDataset
) -> tuple[Int[np.ndarray, "questions rows columns"], Int[np.ndarray, " questions"]]:
    counts, given = [], []
    for batch in model.batches(questions):
        parameters = hear(network, batch.questions)
        logits, maps = pooled_maps(network, batch.images, *parameters)
        counts.append(count_winners(maps))
        given.append(logits.argmax(dim=1))
    return (
        torch.cat(counts).numpy().astype(np.int32),
        torch.cat(given).numpy().astype(np.int64),
    )


def _means(
    counts: Int[np.ndarray, "questions rows columns"], questions: QuestionDataset
) -> tuple[Float[np.ndarray, "types rows columns"], pd.DataFrame]:
    totals = counts.sum(axis=(1, 2))
    shares = counts / np.maximum(totals, 1)[:, None, None]
    parts = {_ALL: np.ones(len(counts), dtype=bool)}
    parts |= {
        str(kind): questions.types == number
        for number, kind in enumerate(QuestionType)
        if (questions.types == number).any()
    }
    places = _places_of_half(shares)
    lines = [
        {
            "type": name,
            "questions": int(part.sum()),
            "winners": float(totals[part].mean()),
            "places": float(places[part].mean()),
        }
        for name, part in parts.items()
    ]
    means = np.stack([shares[part].mean(axis=0) for part in parts.values()])
    return means, pd.DataFrame(lines)


def _places_of_half(
    shares: Float[np.ndarray, "questions rows columns"],
) -> Int[np.ndarray, " questions"]:
    by_place = -np.sort(-shares.reshape(len(shares), -1), axis=1)
    held = by_place.cumsum(axis=1) >= 0.5 - 1e-9  # half, as rounded
    return np.where(held.any(axis=1), held.argmax(axis=1) + 1, 0)
