"""PG+EE in the words of clevr-iep: its arguments, and the names of its weights.

References:
    Johnson et al., ICCV 2017, https://github.com/facebookresearch/clevr-iep:
    ``seq2seq.py`` and ``module_net.py``.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from torch import nn

from film.config import Architecture, Config, ModelConfig
from film.data.vocabulary import Vocabulary
from film.model.authors.settings import image_shape, require
from film.model.authors.weights import State, numbered
from film.model.network import DataSizes

__all__ = ["program_names", "program_settings"]

_GENERATOR: Final = {
    "encoder_embed": "embedding",
    "encoder_rnn": "reader",
    "decoder_embed": "token_embedding",
    "decoder_rnn": "writer",
    "decoder_linear": "token",
}
_UNARY: Final = {
    "conv1": "first",
    "conv2": "second",
    "bn1": "norms.0",
    "bn2": "norms.1",
}
_BINARY: Final = {
    "proj": "join",
    **{f"res_block.{theirs}": f"block.{ours}" for theirs, ours in _UNARY.items()},
}


def program_settings(
    generator: Mapping[str, Any], engine: Mapping[str, Any], vocabulary: Vocabulary
) -> tuple[ModelConfig, DataSizes]:
    """Turn what a checkpoint of PG+EE was made with into settings.

    Args:
        generator: The arguments of ``Seq2Seq``.
        engine: Those of ``ModuleNet``.
        vocabulary: The words that they are for.

    Returns:
        The network, and what it is fed.
    """
    require(engine, {"module_residual": True, "classifier_downsample": "maxpool2"})
    has_norm = engine["module_batchnorm"]
    require(engine, {"stem_batchnorm": has_norm, "classifier_batchnorm": has_norm})
    settings = {
        "word_dim": generator["wordvec_dim"],
        "hidden": generator["hidden_dim"],
        "n_layers": generator["rnn_num_layers"],
        "width": engine["module_dim"],
        "stem_layers": engine["stem_num_layers"],
        "projection": engine["classifier_proj_dim"],
        "classifier_hidden": list(engine["classifier_fc_layers"]),
        "batch_norm": bool(has_norm),
    }
    named = {f"model.pg_ee.{name}": value for name, value in settings.items()}
    model = {"model.architecture": Architecture.PG_EE, **named}
    return Config().with_changes(model).model, DataSizes(
        n_words=len(vocabulary.question_token_to_idx),
        n_answers=len(vocabulary.answer_token_to_idx),
        image_shape=image_shape(engine["feature_dim"]),
        program_words=vocabulary.program_words,
    )


def program_names(
    network: nn.Module, state: State, vocabulary: Vocabulary
) -> dict[str, str]:
    """Say what this package calls the weights of PG+EE.

    Args:
        network: As this package builds it.
        state: The weights of both halves.
        vocabulary: Its programs' tokens name the modules.

    Returns:
        Names here by names there; what has no name here is left out.
    """
    layers = {theirs: f"generator.{ours}" for theirs, ours in _GENERATOR.items()}
    for group in ("stem", "classifier"):
        known = (name for name, _ in numbered(state, group))
        layers |= dict(zip(known, _layers(network, f"engine.{group}"), strict=False))
    for token, number in vocabulary.program_token_to_idx.items():
        for theirs, ours in {**_UNARY, **_BINARY}.items():
            layers[f"{token}.{theirs}"] = f"engine.functions.{number}.{ours}"
    names = {}
    for name in state:
        layer, _, parameter = name.rpartition(".")
        if layer in layers:
            names[name] = f"{layers[layer]}.{parameter}"
    return names


# Those with weights, in their order: what stands between has other numbers there.
def _layers(network: nn.Module, group: str) -> list[str]:
    found = (
        re.fullmatch(rf"({re.escape(group)}\.\d+)\.weight", name)
        for name in network.state_dict()
    )
    return [one[1] for one in found if one]
