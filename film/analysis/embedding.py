"""Whether questions of one type get γ and β that lie near each other.

Nearest neighbours are counted in the whole space of (γ, β), where a picture cannot
mislead; t-SNE draws that space on a plane.

References:
    Perez et al., AAAI 2018, Section 4.2 and Figure 6; van der Maaten & Hinton,
    *Visualizing data using t-SNE*, JMLR 2008.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, Shaped
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from film.analysis.model import TrainedModel
from film.analysis.parameters import Parameters, generate
from film.analysis.record import Analysis
from film.data.dataset import QuestionDataset
from film.data.programs import QuestionType
from film.data.store import outermost_functions
from film.errors import AnalysisError

__all__ = ["N_QUESTIONS", "embed_questions", "neighbour_shares"]

N_QUESTIONS: Final = 1000
"""How many are drawn unless more are asked for; the paper draws 3,000."""

_NEIGHBOURS: Final = 10
_PERPLEXITY: Final = 30.0  # the paper does not say; what most take
_FEWEST: Final = 12
_ATTRIBUTES: Final = "color", "material", "shape", "size"
_UNKNOWN: Final = "unknown"

_Labels = Shaped[np.ndarray, " questions"]


def embed_questions(
    model: TrainedModel,
    split: str,
    n_questions: int | None = None,
    *,
    seed: int = 0,
) -> Analysis:
    """Embed (γ, β) of questions, by the block that they are for.

    Questions are drawn at random among those of different words, since the same words
    have the same γ and β. Their type is the outermost function of their program, or
    CLEVR's five types where programs are unknown.

    Tables: ``points`` (of the first and the last block that hear the question:
    ``layer``, ``question`` (row of the split), ``type``, ``x``, ``y``) and
    ``neighbours``, as of `neighbour_shares`, of every such block.

    Args:
        model: The run.
        split: Of which split; its images are not looked at.
        n_questions: How many to draw, where there are as many; None is 1,000.
        seed: Of the draw, and of t-SNE.

    Returns:
        What was found.

    Raises:
        AnalysisError: There are too few different questions.
    """
    everything = model.open(split, with_images=False)
    rows = _different(everything, n_questions or N_QUESTIONS, seed)
    if len(rows) < _FEWEST:
        raise AnalysisError(
            f"{split} has {len(rows)} different questions, too few to be embedded"
        )
    questions = everything.rows(rows)
    types = _types(questions)
    found = generate(model, questions)
    by_layer = dict(_vectors(found))
    shares = [
        {"layer": layer, **line}
        for layer, vectors in by_layer.items()
        for line in neighbour_shares(vectors, types)
    ]
    drawn = dict.fromkeys((found.layers[0], found.layers[-1]))
    points = [
        _points(by_layer[layer], seed).assign(layer=layer, question=rows, type=types)
        for layer in drawn
    ]
    return Analysis(
        tables={
            "points": pd.concat(points, ignore_index=True),
            "neighbours": pd.DataFrame(shares),
        },
        about={
            **model.about(questions, split),
            "seed": seed,
            "perplexity": _perplexity(len(rows)),
            "neighbours": _NEIGHBOURS,
            "layers": list(found.layers),
        },
    )


def neighbour_shares(
    vectors: Float[np.ndarray, "questions dimensions"], types: _Labels
) -> list[dict[str, Any]]:
    """Count which nearest neighbours, by Euclidean distance, are alike.

    Three things may be alike: the ``type`` (``equal_color``), and, among questions
    that query or compare an attribute, the ``attribute`` (color) and the
    ``operation`` (equal). What all questions share is left out.

    Args:
        vectors: One per question.
        types: Outermost functions.

    Returns:
        For each: ``alike``, ``share`` of the 10 nearest that are alike, ``chance``
        (the share among all others) and ``n`` (questions).
    """
    operations, attributes = _parts(types)
    is_of_attribute = attributes != _UNKNOWN
    wanted: Mapping[str, tuple[_Labels, Bool[np.ndarray, " questions"]]] = {
        "type": (types, np.ones(len(types), dtype=bool)),
        "attribute": (attributes, is_of_attribute),
        "operation": (operations, is_of_attribute),
    }
    return [
        {"alike": alike, **_share(vectors[kept], labels[kept])}
        for alike, (labels, kept) in wanted.items()
        if kept.sum() > _NEIGHBOURS and len(set(labels[kept])) > 1
    ]


def _share(
    vectors: Float[np.ndarray, "some dimensions"], labels: Shaped[np.ndarray, " some"]
) -> dict[str, float]:
    nearest = NearestNeighbors(n_neighbors=_NEIGHBOURS).fit(vectors)
    with threadpool_limits(limits=1):
        others = nearest.kneighbors(return_distance=False)
    _, counts = np.unique(labels, return_counts=True)
    n = len(labels)
    return {
        "share": float((labels[others] == labels[:, None]).mean()),
        "chance": float((counts * (counts - 1)).sum() / (n * (n - 1))),
        "n": n,
    }


def _points(
    vectors: Float[np.ndarray, "questions dimensions"], seed: int
) -> pd.DataFrame:
    method = TSNE(
        perplexity=_perplexity(len(vectors)),
        init="pca",
        random_state=seed,
        n_jobs=1,
    )
    with threadpool_limits(limits=1):  # sums in another order are other sums
        places = method.fit_transform(vectors)
    return pd.DataFrame(places.astype(np.float64), columns=["x", "y"])


def _perplexity(n_questions: int) -> float:
    return min(_PERPLEXITY, (n_questions - 1) / 3)


def _vectors(
    found: Parameters,
) -> Iterator[tuple[int, Float[np.ndarray, "questions dimensions"]]]:
    for at, layer in enumerate(found.layers):
        yield layer, np.hstack([found.gamma[:, at], found.beta[:, at]])


# Rows of questions of which no two have the same words, in the order of the split.
def _different(
    questions: QuestionDataset, n_questions: int, seed: int
) -> Int[np.ndarray, " rows"]:
    every = np.arange(len(questions))
    order = np.random.default_rng(seed).permutation(every)
    words = questions.batch(order).questions.numpy()
    _, first = np.unique(words, axis=0, return_index=True)
    return np.sort(order[np.sort(first)[:n_questions]])


def _types(questions: QuestionDataset) -> _Labels:
    programs = questions.batch(np.arange(len(questions))).programs.numpy()
    if programs.shape[1] and questions.has_program.all():
        words = np.array(questions.vocabulary.program_words)
        return np.asarray(words[outermost_functions(programs, questions.vocabulary)])
    names = np.array([*(kind.value for kind in QuestionType), _UNKNOWN])
    return np.asarray(names[questions.types])


def _parts(types: _Labels) -> tuple[_Labels, _Labels]:
    operations, attributes = [], []
    for one in types:
        operation, _, attribute = str(one).rpartition("_")
        is_of_attribute = attribute in _ATTRIBUTES
        operations.append(operation if is_of_attribute else str(one))
        attributes.append(attribute if is_of_attribute else _UNKNOWN)
    return np.array(operations), np.array(attributes)
