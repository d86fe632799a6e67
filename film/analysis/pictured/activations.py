"""Feature maps before and after FiLM, in the blocks that apply it.

References:
    Perez et al., *FiLM*, AAAI 2018, Figures 14 and 15 (appendix): map 14 of the first
    block, which finds gray and brown objects, and map 79 of the last, of left and
    right, front and back. https://arxiv.org/abs/1709.07871
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from film.analysis.model import TrainedModel, one_thread
from film.analysis.pictured.examples import ExampleChoice, describe_examples
from film.analysis.pictured.location import hear
from film.analysis.pictured.pictures import find_pictures
from film.analysis.record import Analysis
from film.config import FilmPlacement
from film.errors import AnalysisError
from film.model.block import ResBlock
from film.model.modulation import modulate
from film.model.network import FilmNetwork

__all__ = ["BlockMaps", "film_maps", "measure_activations"]


@final
@dataclass(frozen=True, eq=False)
class BlockMaps:
    """What FiLM gets in one block, and what it makes of that.

    Attributes:
        before: Feature maps that are scaled and shifted.
        after: The same, scaled by ``gamma`` and shifted by ``beta``.
        gamma: One scale per question and map.
        beta: One shift per question and map.
    """

    before: Float[Tensor, "batch channels height width"]
    after: Float[Tensor, "batch channels height width"]
    gamma: Float[Tensor, "batch channels"]
    beta: Float[Tensor, "batch channels"]


def film_maps(
    network: FilmNetwork,
    questions: Int[Tensor, "batch tokens"],
    images: Float[Tensor, "batch inputs height width"],
) -> tuple[Float[Tensor, "batch answers"], dict[int, BlockMaps]]:
    """Answer questions, and keep the maps before and after FiLM.

    Args:
        network: In eval mode.
        questions: Token ids, padded on the right with 0.
        images: Features, or pixels from 0 to 1.

    Returns:
        Logits, and the maps by the number of the block, from 1; blocks in which
        nothing is scaled and shifted on its own are left out.
    """
    gamma, beta = hear(network, questions)
    blocks = {
        number: block
        for number, block in enumerate(network.blocks, start=1)
        if isinstance(block, ResBlock) and block.placement is not None
    }
    seen: dict[int, dict[str, Tensor]] = {number: {} for number in blocks}
    with ExitStack() as hooks:
        for number, block in blocks.items():
            for handle in _watch(block, seen[number]):
                hooks.callback(handle.remove)
        logits = network.answer(images, gamma, beta)
    found = {}
    if gamma is not None and beta is not None:
        for number, block in blocks.items():
            scale, shift = gamma[:, number - 1], beta[:, number - 1]
            before = _before(block, seen[number])
            after = modulate(before, scale, shift)
            found[number] = BlockMaps(before, after, scale, shift)
    return logits, found


def measure_activations(
    model: TrainedModel,
    split: str,
    n_questions: int | None = None,
    choice: ExampleChoice | None = None,
    channels: Sequence[int] = (),
    n_channels: int = 2,
) -> Analysis:
    """Keep feature maps before and after FiLM, for a few questions and channels.

    Those channels are kept of each block that change most: the root of the mean
    squared difference between after and before, over places and the chosen questions,
    is largest.

    Table ``examples``: see `describe_examples`, with ``given`` (the answer). Table
    ``channels``: for each ``example`` (its place), ``block`` and kept ``channel``,
    its ``gamma``, ``beta`` and ``change`` (the measure above, of this question alone).
    Arrays: ``before_1``, ``after_1`` and so on, by block: (examples, kept channels,
    rows, columns); and the examples' pictures, where there are some.

    Args:
        model: A run of FiLM.
        split: Of which split.
        n_questions: Examples are drawn from so many, from the first on; None is all.
        choice: Which questions.
        channels: These of every block, by their numbers from 0; none keeps those that
            change most.
        n_channels: How many of these.

    Returns:
        What was found.

    Raises:
        AnalysisError: There is no FiLM of its own in any block, or no such channel.
    """
    choice = choice or ExampleChoice(count=3)
    network, questions = model.film, model.open(split, n_questions)
    pictures = find_pictures(model.data, split, choice.images)
    chosen = choice.pick(questions)
    batch = questions.batch(chosen)
    with one_thread():
        logits, maps = film_maps(network, batch.questions, batch.images)
    if not maps:
        raise AnalysisError("no block has FiLM of its own: nothing is before or after")
    _refuse_channels(channels, model.config.model.width)
    kept = {
        number: np.array(channels) if channels else _most_changed(one, n_channels)
        for number, one in maps.items()
    }
    answers = questions.vocabulary.answers
    given = [answers[int(n)] for n in logits.argmax(dim=1)]
    return Analysis(
        tables={
            "examples": describe_examples(questions, chosen).assign(given=given),
            "channels": pd.DataFrame(_lines(maps, kept)),
        },
        arrays={
            **_arrays(maps, kept),
            **pictures.arrays(questions.image_ids[chosen]),
        },
        about={
            **model.about(questions, split),
            "seed": choice.drawn_with,
            "channels": "named" if channels else "most changed",
            "pictures": pictures.said,
        },
    )


def _watch(block: ResBlock, seen: dict[str, Tensor]) -> Iterator[RemovableHandle]:
    parts: Mapping[str, nn.Module] = {
        "conv_1x1": block.conv_1x1,
        "conv_kxk": block.conv_kxk,
        "norm": block.norm,
    }

    def keep_input(_block: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen["input"] = inputs[0]

    yield block.register_forward_pre_hook(keep_input)
    for name, part in parts.items():

        def keep(
            _part: nn.Module, _inputs: object, output: Tensor, name: str = name
        ) -> None:
            seen[name] = output

        yield part.register_forward_hook(keep)


# Where FiLM is the first to come after a part, its input is the part's output.
def _before(block: ResBlock, seen: Mapping[str, Tensor]) -> Tensor:
    match block.placement:
        case FilmPlacement.BEFORE_CONV:
            return seen["input"]
        case FilmPlacement.AFTER_CONV:
            return seen["conv_kxk"]
        case FilmPlacement.AFTER_NORM:
            return seen["norm"]
        case FilmPlacement.AFTER_RELU:
            return seen["norm"].relu()
        case FilmPlacement.AFTER_RESIDUAL:
            maps = seen["norm"].relu()
            is_residual = block.config.residual
            return seen["conv_1x1"].relu() + maps if is_residual else maps
        case None:
            raise ValueError("the block has no FiLM of its own")


def _refuse_channels(channels: Sequence[int], width: int) -> None:
    for channel in channels:
        if not 0 <= channel < width:
            raise AnalysisError(
                f"there is no channel {channel}; blocks have the channels 0 to "
                f"{width - 1}"
            )


def _changes(
    maps: BlockMaps,
) -> Float[np.ndarray, "examples channels"]:
    squares = (maps.after - maps.before).double().square()
    return np.asarray(squares.mean(dim=(2, 3)).numpy())


def _most_changed(maps: BlockMaps, n_channels: int) -> Int[np.ndarray, " kept"]:
    change = _changes(maps).mean(axis=0)
    return np.argsort(-change, kind="stable")[:n_channels]


def _lines(
    maps: Mapping[int, BlockMaps], kept: Mapping[int, Int[np.ndarray, " kept"]]
) -> Iterator[dict[str, float | int]]:
    for number, one in maps.items():
        changes = np.sqrt(_changes(one))
        for example, change in enumerate(changes):
            for channel in kept[number]:
                yield {
                    "example": example,
                    "block": number,
                    "channel": int(channel),
                    "gamma": float(one.gamma[example, channel]),
                    "beta": float(one.beta[example, channel]),
                    "change": float(change[channel]),
                }


def _arrays(
    maps: Mapping[int, BlockMaps], kept: Mapping[int, Int[np.ndarray, " kept"]]
) -> dict[str, np.ndarray]:
    return {
        f"{when}_{number}": getattr(one, when).numpy()[:, kept[number]]
        for number, one in maps.items()
        for when in ("before", "after")
    }
