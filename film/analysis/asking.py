"""Ask a network about one picture, from a file or of its own data.

A picture file becomes what the network is fed: pixels at the size that it learnt from,
or the features of the extractor that made those of its data.

References:
    Perez et al., *FiLM*, AAAI 2018, Figures 4 and 10; the authors' ``run_model.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from film.analysis.model import one_thread
from film.analysis.parameters import generator_of
from film.analysis.pictured.location import count_winners, hear, pooled_maps
from film.analysis.zero_shot.measuring import swapped_parameters
from film.analysis.zero_shot.question_parser import COLORS, find_phrases
from film.analysis.zero_shot.swapping import Swap, SwapRule, plan_swap
from film.config import ImageInput
from film.data.hdf5 import open_file
from film.data.images import read_pixels
from film.data.resnet import RESNET_SIZE, load_resnet
from film.data.stored_images import ImageRows, StoredImages
from film.data.vocabulary import SPECIAL_TOKENS, UNKNOWN, Vocabulary, tokenize
from film.errors import AnalysisError, DataError
from film.model.network import FilmNetwork
from film.training.best import Best
from film.validation import nearest
from film.world.features.extraction import EXTRACTOR_NAME, extract_features
from film.world.features.extractor import N_CHANNELS
from film.world.features.lessons import CELL

__all__ = [
    "Reply",
    "UnknownWord",
    "ask",
    "picture_input",
    "plan_ask",
    "stored_extractor",
    "stored_input",
    "unknown_words",
]

_RESNET_SHAPE: Final = (1024, 14, 14)


@final
@dataclass(frozen=True, eq=False)
class Reply:
    """What a network answers.

    Attributes:
        probabilities: Of every answer, the most probable first; without special ones.
        winners: At each place how many of the pooled maps have their maximum there;
            None for a system that pools no maps.
    """

    probabilities: Mapping[str, float]
    winners: Int[np.ndarray, "rows columns"] | None

    @property
    def answer(self) -> str:
        """The most probable."""
        return next(iter(self.probabilities))


@final
@dataclass(frozen=True)
class UnknownWord:
    """A word that the network never read, and what may have been meant."""

    word: str
    hint: str  # " (did you mean 'x'?)" or nothing


def unknown_words(text: str, vocabulary: Vocabulary) -> list[UnknownWord]:
    """List the words of a question that a network does not know.

    Args:
        text: The question.
        vocabulary: The network's.

    Returns:
        Each word once, in the question's order.

    Raises:
        AnalysisError: The question has no words, or none that the network knows.
    """
    words = [word for word in _words(text) if word]
    if not words:
        raise AnalysisError("the question has no words")
    known = vocabulary.question_token_to_idx
    lacking = dict.fromkeys(
        word for word in words if known.get(word, UNKNOWN) <= UNKNOWN
    )
    if len(lacking) == len(set(words)):
        raise AnalysisError(
            f"the network knows no word of the question ({', '.join(lacking)})"
        )
    choices = [word for word in known if word and word not in SPECIAL_TOKENS]
    hints = {word: nearest(word, choices).removeprefix("; ") for word in lacking}
    return [UnknownWord(word, hint and f" ({hint})") for word, hint in hints.items()]


def picture_input(
    path: Path, best: Best, *, made_by: str | None = None, weights: Path | None = None
) -> Float[Tensor, "images=1 channels height width"]:
    """Make of a picture file what a network is fed.

    Args:
        path: The picture.
        best: The network's weights, which say what it learnt from.
        made_by: What computed the features that it learnt from, as its store says;
            None where that is not known, and their shape has to tell.
        weights: Of the ResNet-101, where the features are its; None takes those that
            torchvision fetches.

    Returns:
        Pixels from 0 to 1, or features; of no size where no picture is seen.

    Raises:
        AnalysisError: The features that the network learnt from are of an extractor
            that the suite does not have.
    """
    channels, height, width = best.sizes.image_shape
    match best.config.model.image_input:
        case None:
            return torch.zeros((1, channels, height, width))
        case ImageInput.PIXELS:
            return torch.from_numpy(read_pixels(path, (height, width))[None]) / 255
        case ImageInput.FEATURES if best.sizes.image_shape == _RESNET_SHAPE:
            resnet = load_resnet(weights)
            _refuse_other_extractor(resnet.name, made_by)
            features = resnet(read_pixels(path, RESNET_SIZE)[None])
        case ImageInput.FEATURES if channels == N_CHANNELS:
            _refuse_other_extractor(EXTRACTOR_NAME, made_by)
            size = height * CELL, width * CELL
            features = extract_features(read_pixels(path, size)[None])
        case ImageInput.FEATURES:
            raise AnalysisError(
                f"the run learnt from features of shape {best.sizes.image_shape}: "
                "neither resnet101 nor the world's own network gives such; name a "
                "picture of its data by its number"
            )
    return torch.from_numpy(features).float()


def stored_extractor(stored: StoredImages) -> str | None:
    """Say what computed the features of a store.

    Args:
        stored: The images of a split.

    Returns:
        Its name; None where the store does not say.
    """
    with open_file(stored.path) as file:
        name = file[stored.dataset].attrs.get("extractor")
    return None if name is None else str(name)


def stored_input(
    stored: StoredImages, image: int
) -> Float[Tensor, "images=1 channels height width"]:
    """Read what a network is fed of a picture of its own data.

    Args:
        stored: The images of a split.
        image: The picture's number.

    Returns:
        Pixels from 0 to 1, or features.

    Raises:
        AnalysisError: There is no such picture.
    """
    try:
        rows = stored.rows_of(np.array([image]))
    except DataError:
        ids = stored.image_ids
        first, last = (0, stored.n_rows - 1) if ids is None else (ids.min(), ids.max())
        raise AnalysisError(
            f"{stored.path} has no picture {image}; it has {stored.n_rows:,}, numbered "
            f"from {first} to {last}"
        ) from None
    images = torch.from_numpy(ImageRows(stored).read(rows))
    return images / 255 if images.dtype == torch.uint8 else images.float()


def plan_ask(text: str, phrase: str, by: str | None, vocabulary: Vocabulary) -> Swap:
    """Plan the arithmetic for a phrase that the user names.

    Args:
        text: The question.
        phrase: The phrase that is put together from others: "blue cylinder".
        by: What replaces its colour and its shape: "green sphere"; None leaves that to
            `SwapRule`.
        vocabulary: The network's.

    Returns:
        What is added and taken.

    Raises:
        AnalysisError: A phrase names no colour and shape, the question does not have
            it, or what replaces it is the same or not known to the network.
    """
    color, shape = pair = _pair(phrase)
    rule = SwapRule(only=pair)
    if by is not None:
        other_color, other_shape = _pair(by)
        if other_color == color or other_shape == shape:
            raise AnalysisError(
                f"'{by}' has to have another colour and another shape than '{phrase}'"
            )
        rule = SwapRule(only=pair, color=other_color, shape=other_shape)
    elif shape == rule.shape:
        raise AnalysisError(
            f"a {shape} replaces other shapes: say what replaces '{phrase}' "
            "(--by 'green cube')"
        )
    words = _words(text)
    found = find_phrases(words)
    if pair not in [one.pair for one in found]:
        named = ", ".join(f"'{one.color} {one.shape}'" for one in found)
        there = f"; it names {named}" if found else ""
        raise AnalysisError(f"the question does not name a '{phrase}'{there}")
    swap = plan_swap(words, None, rule, vocabulary.question_token_to_idx.keys())
    if swap is None:
        known = [one for one in COLORS if one in vocabulary.question_token_to_idx]
        raise AnalysisError(
            f"the network lacks a word for what would replace '{phrase}'; choose with "
            f"--by (colours that it knows: {', '.join(known)})"
        )
    return swap


def ask(
    best: Best,
    text: str,
    image: Float[Tensor, "images=1 channels height width"],
    swap: Swap | None = None,
) -> Reply:
    """Ask a network about a picture.

    Args:
        best: Its weights.
        text: The question; words that it does not know become ``<UNK>``.
        image: What it is fed of the picture.
        swap: What γ and β are put together from; None asks the question itself.

    Returns:
        The answers.

    Raises:
        AnalysisError: γ and β are to be put together, and the network has none.
    """
    network, words = best.network(), best.vocabulary
    questions = torch.tensor([words.encode_question(" ".join(text.split()))])
    winners = None
    with one_thread():
        if isinstance(network, FilmNetwork):
            parameters = (
                hear(network, questions)
                if swap is None
                else swapped_parameters(generator_of(network), [swap], words)
            )
            logits, maps = pooled_maps(network, image, *parameters)
            winners = count_winners(maps)[0].numpy()
        elif swap is None:
            logits = network(questions, image)
        else:
            raise AnalysisError(
                f"it is the system {best.config.model.architecture}, which has no FiLM"
            )
        shares = logits.double().softmax(dim=1)[0].tolist()
    named = zip(words.answers, shares, strict=True)
    usual = [(answer, p) for answer, p in named if answer not in SPECIAL_TOKENS]
    return Reply(dict(sorted(usual, key=lambda one: -one[1])), winners)


def _words(text: str) -> list[str]:
    return tokenize(" ".join(text.split()))


def _pair(phrase: str) -> tuple[str, str]:
    found = find_phrases(_words(phrase))
    if len(found) != 1:
        raise AnalysisError(f"'{phrase}' is no colour and shape, as 'blue cylinder' is")
    return found[0].pair


def _refuse_other_extractor(ours: str, theirs: str | None) -> None:
    if theirs is not None and theirs != ours:
        raise AnalysisError(
            f"the run learnt from features of {theirs}, and these would be of {ours}"
            + ("; give --resnet-weights" if theirs.startswith("resnet101") else "")
        )
