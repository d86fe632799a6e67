"""A checkpoint of the authors' code, or of clevr-iep, as a model of this package.

References:
    clevr-iep, https://github.com/facebookresearch/clevr-iep: a checkpoint holds the
    weights and the arguments of a ``program_generator`` and of an ``execution_engine``.
    The authors' code, https://github.com/ethanjperez/film, keeps these words: there the
    one makes γ and β, and the other is the network that they modulate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from film.config import ModelConfig
from film.data.vocabulary import Vocabulary, parse_vocabulary
from film.errors import ConfigError, DataError
from film.model.authors.programs import program_names, program_settings
from film.model.authors.settings import film_settings
from film.model.authors.weights import State, film_names, fitted
from film.model.build import build_network
from film.model.network import DataSizes

__all__ = ["AuthorsModel", "parse_checkpoint"]

_HALVES: Final = ("program_generator", "execution_engine")
_IS_FILM: Final = "condition_method"  # no argument of an engine that runs programs
_WRONG: Final = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    RuntimeError,  # torch's, of sizes that no network can have
    ConfigError,
)


@dataclass(frozen=True, kw_only=True)
class AuthorsModel:
    """What a checkpoint holds.

    Attributes:
        config: The network.
        sizes: What it is fed.
        vocabulary: The words and answers that its numbers mean.
        weights: All of the network's, by this package's names.
        unused: Weights of the checkpoint that the network has not, by their names.
        accuracy: The best on validation, as the checkpoint says; None where it does
            not.
        steps: Of training, as the checkpoint says; None where it does not.
    """

    config: ModelConfig
    sizes: DataSizes
    vocabulary: Vocabulary
    weights: Mapping[str, Tensor]
    unused: tuple[str, ...]
    accuracy: float | None
    steps: int | None

    @property
    def n_parameters(self) -> int:
        """Numbers that are learnt."""
        with torch.device("meta"):
            network = build_network(self.config, self.sizes)
        return sum(one.numel() for one in network.parameters())


def parse_checkpoint(
    content: Mapping[str, Any], source: str, vocabulary: Vocabulary | None = None
) -> AuthorsModel:
    """Turn what a checkpoint holds into a model.

    Args:
        content: Tensors and plain values, as they were read; nobody vouches for them.
        source: Where they are from, for messages.
        vocabulary: The words, instead of the checkpoint's own.

    Returns:
        The model.

    Raises:
        DataError: It is no checkpoint of FiLM or PG+EE, or of one that this package
            lacks.
    """
    try:
        return _parsed(content, source, vocabulary)
    except _WRONG as error:
        line = " ".join(f"{_before(error)}{error}".split())
        raise DataError(f"{source}: cannot be imported: {line}") from None


# What Python says of a value that it cannot take does not say whose value that is.
def _before(error: Exception) -> str:
    match error:
        case KeyError():
            return "lacks "
        case TypeError() | AttributeError():
            return "it is not as the authors' code writes it: "
        case _:
            return ""


def _parsed(
    content: Mapping[str, Any], source: str, given: Vocabulary | None
) -> AuthorsModel:
    _refuse_other_systems(content)
    generator, engine = (_state(content, half) for half in _HALVES)
    of_generator, of_engine = (_arguments(content, half) for half in _HALVES)
    _refuse_more_than_there_is(of_generator, of_engine, generator, engine)
    own = None if given else _own_vocabulary(content, of_engine)
    vocabulary = given or parse_vocabulary(own, source)
    is_film = _IS_FILM in of_engine
    settings = film_settings if is_film else program_settings
    config, sizes = settings(of_generator, of_engine, vocabulary)
    with torch.device("meta"):
        network = build_network(config, sizes)
    state = {**generator, **engine}
    if is_film:
        names = film_names(generator, engine)
    else:
        names = program_names(network, state, vocabulary)
    weights, unused = fitted(network, state, names)
    accuracy, steps = content.get("best_val_acc"), content.get("model_t")
    return AuthorsModel(
        config=config,
        sizes=sizes,
        vocabulary=vocabulary,
        weights=weights,
        unused=unused,
        accuracy=accuracy if isinstance(accuracy, float) else None,
        steps=steps if type(steps) is int else None,
    )


def _refuse_other_systems(content: Mapping[str, Any]) -> None:
    missing = [half for half in _HALVES if content.get(f"{half}_state") is None]
    if content.get("baseline_state") is not None:
        kind = content.get("baseline_type")
        raise ValueError(f"it is the baseline {kind!s:.40}; FiLM and PG+EE are read")
    if len(missing) == len(_HALVES):
        raise ValueError(
            "it has neither a program_generator_state nor an execution_engine_state, "
            "as the authors' code writes them"
        )
    if missing:
        raise ValueError(f"it has no {missing[0]}_state, which is half of a network")


def _state(content: Mapping[str, Any], half: str) -> State:
    state = dict(content[f"{half}_state"])
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise TypeError(f"{half}_state has something else than weights")
    return state


def _arguments(content: Mapping[str, Any], half: str) -> dict[str, Any]:
    arguments = content.get(f"{half}_kwargs")
    if not isinstance(arguments, Mapping):
        raise ValueError(  # noqa: TRY004 - said of the file, as what else it lacks
            f"it has no {half}_kwargs, which say how large the network is"
        )
    return dict(arguments)


def _own_vocabulary(content: Mapping[str, Any], engine: Mapping[str, Any]) -> object:
    for holder in (content, engine):
        if holder.get("vocab") is not None:
            return holder["vocab"]
    raise ValueError("it has no vocabulary; give clevr-iep's vocab.json with --vocab")


# Nothing is built that the file has no weights for.
def _refuse_more_than_there_is(
    of_generator: Mapping[str, Any],
    of_engine: Mapping[str, Any],
    generator: State,
    engine: State,
) -> None:
    said = (
        ("rnn_num_layers", of_generator["rnn_num_layers"], generator),
        ("stem_num_layers", of_engine["stem_num_layers"], engine),
        ("num_modules", of_engine.get("num_modules", 0), engine),
    )
    for name, number, state in said:
        if number > len(state):
            raise ValueError(f"{name} is {number}, and it has not as many weights")
