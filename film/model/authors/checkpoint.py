"""A checkpoint of the authors' code as a model of this package.

References:
    The authors' code, https://github.com/ethanjperez/film: a checkpoint holds the
    weights and the arguments of a ``program_generator``, which makes γ and β, and of an
    ``execution_engine``, which is the network that they modulate. Of clevr-iep,
    https://github.com/facebookresearch/clevr-iep, it keeps these words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from film.config import ModelConfig
from film.data.vocabulary import Vocabulary, parse_vocabulary
from film.errors import ConfigError, DataError
from film.model.authors.settings import translate
from film.model.authors.weights import State, film_names, fitted
from film.model.build import build_network
from film.model.network import DataSizes

__all__ = ["AuthorsModel", "parse_checkpoint"]

_HALVES: Final = ("program_generator", "execution_engine")
_GENERATOR_ONLY: Final = {
    "encoder_type": "gru",
    "decoder_type": "linear",
    "bidirectional": False,
    "output_batchnorm": False,
    "parameter_efficient": True,
    "module_num_layers": 1,
}
_ENGINE_ONLY: Final = {
    "module_num_layers": 1,
    "module_input_proj": 1,
    "module_batchnorm_affine": False,
}
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
        DataError: It is no checkpoint of a FiLM network, or of one that this package
            cannot be.
    """
    try:
        return _parsed(content, source, vocabulary)
    except _WRONG as error:
        lacks = "lacks " if isinstance(error, KeyError) else ""
        line = " ".join(f"{lacks}{error}".split())
        raise DataError(f"{source}: cannot be imported: {line}") from None


def _parsed(
    content: Mapping[str, Any], source: str, given: Vocabulary | None
) -> AuthorsModel:
    _refuse_other_systems(content)
    states = [_state(content, half) for half in _HALVES]
    generator, engine = (dict(content[f"{half}_kwargs"]) for half in _HALVES)
    vocabulary = given or parse_vocabulary(_own_vocabulary(content, engine), source)
    settings = _settings(generator, engine)
    settings["V"] = len(vocabulary.question_token_to_idx)
    settings["A"] = len(vocabulary.answer_token_to_idx)
    _refuse_more_than_there_is(settings, *states)
    config, sizes = translate(settings)
    state = {**states[0], **states[1]}
    with torch.device("meta"):
        network = build_network(config, sizes)
    weights, unused = fitted(network, state, film_names(*states))
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
        raise ValueError(f"it is the baseline {kind!s:.40}, and not a FiLM network")
    if len(missing) == len(_HALVES):
        raise ValueError(
            "it has neither a program_generator_state nor an execution_engine_state, "
            "as the authors' code writes them"
        )
    if missing:
        raise ValueError(f"it has no {missing[0]}_state, which is half of a network")
    if "condition_method" not in content["execution_engine_kwargs"]:
        raise ValueError("it is PG+EE, of programs and modules, and not a FiLM network")


def _state(content: Mapping[str, Any], half: str) -> State:
    state = dict(content[f"{half}_state"])
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise TypeError(f"{half}_state has something else than weights")
    return state


def _own_vocabulary(content: Mapping[str, Any], engine: Mapping[str, Any]) -> object:
    for holder in (content, engine):
        if holder.get("vocab") is not None:
            return holder["vocab"]
    raise ValueError("it has no vocabulary; give clevr-iep's vocab.json with --vocab")


def _settings(generator: dict[str, Any], engine: dict[str, Any]) -> dict[str, Any]:
    _require(generator, _GENERATOR_ONLY)
    _require(engine, _ENGINE_ONLY)
    for name in ("num_modules", "module_dim"):
        _require(generator, {name: engine[name]})
    _require(engine, {"stem_batchnorm": engine["module_batchnorm"]})
    return {
        "method": engine["condition_method"],
        "pattern": engine.get("condition_pattern") or None,
        "option": generator["gamma_option"],
        "baseline": generator["gamma_baseline"],
        "use_gamma": engine["use_gamma"],
        "use_beta": engine["use_beta"],
        "nb": engine["num_modules"],
        "md": engine["module_dim"],
        "residual": engine["module_residual"],
        "bn": engine["module_batchnorm"],
        "clbn": engine["classifier_batchnorm"],
        "coords": engine["use_coords"],
        "kernel": engine["module_kernel_size"],
        "down": engine["classifier_downsample"],
        "proj": engine["classifier_proj_dim"],
        "fc": list(engine["classifier_fc_layers"]),
        "wd": generator["wordvec_dim"],
        "hd": generator["hidden_dim"],
        "layers": generator["rnn_num_layers"],
        "fd": list(engine["feature_dim"]),
        **_stem(engine),
    }


# Of what the authors' stems can be, this package has the two that they trained.
def _stem(engine: Mapping[str, Any]) -> dict[str, Any]:
    kernel, stride, padding = (
        _one(engine.get(f"stem_{name}"))
        for name in ("kernel_size", "stride", "padding")
    )
    n_layers = engine["stem_num_layers"]
    if (kernel, stride, padding) == (4, 2, 1):
        return {"downsamplings": n_layers}
    if (stride, n_layers) == (1, 1) and padding in {None, int(kernel) // 2}:
        return {"stemk": kernel}
    raise ValueError(
        f"its stem has {n_layers} layers of kernel {kernel}, stride {stride} and "
        f"padding {padding}; known are one layer of stride 1, and layers of kernel 4, "
        "stride 2 and padding 1"
    )


def _one(value: Any) -> Any:  # noqa: ANN401 - a number, a list of one number, or none
    if isinstance(value, list | tuple) and len(set(value)) == 1:
        return value[0]
    return value


def _require(given: Mapping[str, Any], only: Mapping[str, Any]) -> None:
    for name, value in only.items():
        if name in given and given[name] != value:
            raise ValueError(
                f"{name} is {given[name]!r:.40}; this package knows {value!r} alone"
            )


# Nothing is built that the file has no weights for.
def _refuse_more_than_there_is(
    settings: Mapping[str, Any], generator: State, engine: State
) -> None:
    said = {
        "num_modules": (settings["nb"], engine),
        "stem_num_layers": (settings.get("downsamplings") or 1, engine),
        "rnn_num_layers": (settings["layers"], generator),
    }
    for name, (number, state) in said.items():
        if number > len(state):
            raise ValueError(f"{name} is {number}, and it has not as many weights")
