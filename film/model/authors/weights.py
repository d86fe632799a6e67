"""Weights of the FiLM network by the authors' names, and by this package's.

Their stem and classifier are numbered layers, and the numbers depend on which layers
without weights stand between: what has weights is taken in its order.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import torch
from torch import Tensor, nn

__all__ = ["State", "film_names", "fitted", "numbered"]

State = Mapping[str, Tensor]

_GENERATOR: Final = {
    "encoder_embed": "generator.embedding",
    "encoder_rnn": "generator.rnn",
    "decoder_linear": "generator.linear",
}
_BLOCK: Final = {"input_proj": "conv_1x1", "conv1": "conv_kxk", "bn1": "norm"}
_MAPS, _NUMBERS = 4, 2  # axes of a convolution's weight, of a linear layer's
_COUNTER: Final = "num_batches_tracked"  # younger than the authors' torch


def film_names(generator: State, engine: State) -> dict[str, str]:
    """Say what this package calls the weights of a FiLM network.

    Args:
        generator: The weights of the authors' ``FiLMGen``.
        engine: Those of their ``FiLMedNet``.

    Returns:
        Names here by names there; what has no name here is left out.
    """
    layers = {**_GENERATOR, **_stem(engine), **_blocks(engine), **_classifier(engine)}
    names = {}
    for name in (*generator, *engine):
        layer, _, parameter = name.rpartition(".")
        if layer in layers:
            names[name] = f"{layers[layer]}.{parameter}"
    return names


def _stem(engine: State) -> dict[str, str]:
    names, number = {}, -1
    for layer, weight in numbered(engine, "stem"):
        number += weight.ndim == _MAPS
        names[layer] = f"stem.layers.{number}.{_kind(weight)}"
    return names


def _blocks(engine: State) -> dict[str, str]:
    names = {}
    for name in engine:
        found = re.fullmatch(r"((\d+)\.(\w+))\.\w+", name)
        if found and found[3] in _BLOCK:
            names[found[1]] = f"blocks.{found[2]}.{_BLOCK[found[3]]}"
    return names


# A linear layer and its norm stand three apart here: a ReLU follows them.
def _classifier(engine: State) -> dict[str, str]:
    names, linear = {}, []
    for layer, weight in numbered(engine, "classifier"):
        if weight.ndim == _NUMBERS:
            linear.append(layer)
            names[layer] = f"classifier.hidden.{3 * (len(linear) - 1)}"
        elif linear:
            names[layer] = f"classifier.hidden.{3 * (len(linear) - 1) + 1}"
        else:
            names[layer] = f"classifier.{'conv_norm' if weight.ndim == 1 else 'conv'}"
    if linear:
        names[linear[-1]] = "classifier.answer"
    return names


def _kind(weight: Tensor) -> str:
    return "conv" if weight.ndim == _MAPS else "norm"


def numbered(state: State, group: str) -> Iterator[tuple[str, Tensor]]:
    """List the layers of a group that are numbered and have weights, in their order.

    Args:
        state: Weights by name.
        group: The group's name: ``stem``, ``classifier``.

    Yields:
        The layer's name and its weight.
    """
    found = (re.fullmatch(rf"{group}\.(\d+)\.weight", name) for name in state)
    for number in sorted(int(one[1]) for one in found if one):
        yield f"{group}.{number}", state[f"{group}.{number}.weight"]


def fitted(
    network: nn.Module, state: State, names: Mapping[str, str]
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Take the weights that a network has, all of which have to be there.

    Args:
        network: Whose weights are wanted; it may be on the device ``meta``.
        state: Weights by their writer's names.
        names: The network's names by those.

    Returns:
        The network's weights, in single precision, and the names of what it has not.

    Raises:
        ValueError: One is missing, of another shape, or no dense finite numbers.
    """
    wanted = network.state_dict()
    theirs = {ours: name for name, ours in names.items()}
    weights = {}
    for ours, like in wanted.items():
        if ours in theirs:
            weights[ours] = _dense(theirs[ours], state[theirs[ours]], like)
        elif ours.endswith(_COUNTER):
            weights[ours] = torch.zeros((), dtype=like.dtype)
        else:
            raise ValueError(f"weights of {ours} are missing")
    used = {theirs[ours] for ours in wanted if ours in theirs}
    return weights, tuple(name for name in state if name not in used)


# What claims to be larger than its file is not made as large.
def _dense(name: str, value: Tensor, like: Tensor) -> Tensor:
    if tuple(value.shape) != tuple(like.shape):
        raise ValueError(
            f"{name} has shape {tuple(value.shape)}, and its settings make it "
            f"{tuple(like.shape)}"
        )
    is_dense = value.layout is torch.strided and not value.is_meta
    is_alike = value.is_floating_point() == like.is_floating_point()
    if not (is_dense and is_alike and value.is_contiguous()):
        raise ValueError(f"{name} is no dense tensor of numbers")
    if not bool(value.isfinite().all()):
        raise ValueError(f"{name} has numbers that are not finite: no answer follows")
    return value.to(like.dtype).clone()
