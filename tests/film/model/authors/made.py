"""Checkpoints as the authors' code writes them, of small networks made here."""

import pickle
import struct
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from film.config import Config, ModelConfig
from film.data.vocabulary import SPECIAL_TOKENS
from film.model.network import DataSizes, FilmNetwork

WORDS = ("left", "right")
ANSWERS = ("no", "yes")
IMAGE = (2, 3, 3)
SMALL = {
    "model.width": 4,
    "model.n_blocks": 2,
    "model.generator.word_dim": 4,
    "model.generator.hidden": 8,
    "model.classifier.projection": 4,
    "model.classifier.hidden": [4],
}
_METHODS = {
    "before_conv": "block-input-film",
    "after_conv": "conv-film",
    "after_norm": "bn-film",
    "after_relu": "relu-film",
    "after_residual": "block-output-film",
}


def numbered(*words: str) -> dict[str, int]:
    return {word: number for number, word in enumerate((*SPECIAL_TOKENS, *words))}


def made_vocabulary() -> dict[str, Any]:
    tokens = {"question": WORDS, "program": ("exist", "scene"), "answer": ANSWERS}
    maps = {f"{kind}_token_to_idx": numbered(*some) for kind, some in tokens.items()}
    back = {number: word for word, number in numbered(*ANSWERS).items()}
    return {**maps, "answer_idx_to_token": back}


def made_network(
    changes: dict[str, Any] | None = None, image_shape: tuple[int, int, int] = IMAGE
) -> FilmNetwork:
    """A network none of whose weights is trivial."""
    config = Config().with_changes({**SMALL, **(changes or {})}).model
    n_words, n_answers = (4 + len(some) for some in (WORDS, ANSWERS))
    network = FilmNetwork(
        config, DataSizes(n_words=n_words, n_answers=n_answers, image_shape=image_shape)
    )
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.add_(torch.rand(value.shape, generator=draw) / 2)
    return network.eval()


def made_checkpoint(
    network: FilmNetwork, image_shape: tuple[int, int, int] = IMAGE
) -> dict[str, Any]:
    """Write a network down in the layout of the authors' code."""
    config = network.config
    return {
        "args": {"model_type": "FiLM", "learning_rate": 3e-4},
        "program_generator_kwargs": _generator(config),
        "program_generator_state": _generator_state(network),
        "execution_engine_kwargs": _engine(config, image_shape),
        "execution_engine_state": _engine_state(network),
        "baseline_kwargs": None,
        "baseline_state": None,
        "baseline_type": None,
        "vocab": made_vocabulary(),
        "best_val_acc": 0.75,
        "model_t": 1200,
    }


def _generator(config: ModelConfig) -> dict[str, Any]:
    gamma = config.film.gamma.value
    return {
        "encoder_vocab_size": 4 + len(WORDS),
        "wordvec_dim": config.generator.word_dim,
        "hidden_dim": config.generator.hidden,
        "rnn_num_layers": config.generator.n_layers,
        "rnn_dropout": 0.0,
        "parameter_efficient": True,
        "output_batchnorm": False,
        "bidirectional": False,
        "encoder_type": "gru",
        "decoder_type": "linear",
        "gamma_option": "linear" if gamma in {"none", "one"} else gamma,
        "gamma_baseline": config.film.gamma_baseline,
        "num_modules": config.n_blocks,
        "module_num_layers": 1,
        "module_dim": config.width,
        "debug_every": float("inf"),
    }


def _engine(config: ModelConfig, image_shape: tuple[int, int, int]) -> dict[str, Any]:
    is_pixels = config.stem.input.value == "pixels"
    on = config.conditioned_blocks
    return {
        "vocab": made_vocabulary(),
        "feature_dim": image_shape,
        "stem_batchnorm": config.norm.value == "batch",
        "stem_num_layers": config.stem.n_downsamplings if is_pixels else 1,
        "stem_kernel_size": [4] if is_pixels else config.stem.kernel_size,
        "stem_stride": [2] if is_pixels else 1,
        "stem_padding": 1 if is_pixels else None,
        "num_modules": config.n_blocks,
        "module_num_layers": 1,
        "module_dim": config.width,
        "module_residual": config.residual,
        "module_batchnorm": config.norm.value == "batch",
        "module_batchnorm_affine": False,
        "module_dropout": 0.05,
        "module_input_proj": 1,
        "module_kernel_size": config.kernel_size,
        "classifier_proj_dim": config.classifier.projection,
        "classifier_downsample": {"max": "maxpoolfull", "average": "avgpoolfull"}[
            config.classifier.pooling.value
        ],
        "classifier_fc_layers": tuple(config.classifier.hidden),
        "classifier_batchnorm": config.classifier.norm.value == "batch",
        "classifier_dropout": 0.0,
        "condition_method": _METHODS[config.film.placement.value],
        "condition_pattern": [int(n + 1 in on) for n in range(config.n_blocks)],
        "use_gamma": config.film.gamma.value != "one",
        "use_beta": config.film.beta.value != "zero",
        "use_coords": {"none": 0, "once": 1, "twice": 2}[config.coordinates.value],
        "debug_every": float("inf"),
    }


def _generator_state(network: FilmNetwork) -> dict[str, Tensor]:
    if network.generator is None:  # the authors have one all the same
        return {"decoder_linear.bias": torch.zeros(3)}
    names = {"embedding": "encoder_embed", "rnn": "encoder_rnn"}
    state = {"decoder_rnn.weight_ih_l0": torch.zeros(3)}  # which nothing uses
    for name, value in network.generator.state_dict().items():
        part, _, rest = name.partition(".")
        state[f"{names.get(part, 'decoder_linear')}.{rest}"] = value.clone()
    return state


def _engine_state(network: FilmNetwork) -> dict[str, Tensor]:
    config = network.config
    has_norm = config.norm.value == "batch"
    layers = {}
    number = 0
    for index in range(len(network.stem.layers)):
        layers[f"stem.layers.{index}.conv"] = f"stem.{number}"
        layers[f"stem.layers.{index}.norm"] = f"stem.{number + 1}"
        number += 3 if has_norm else 2  # a ReLU is a layer too
    for index in range(config.n_blocks):
        layers[f"blocks.{index}.conv_1x1"] = f"{index}.input_proj"
        layers[f"blocks.{index}.conv_kxk"] = f"{index}.conv1"
        layers[f"blocks.{index}.norm"] = f"{index}.bn1"
    state = {}
    for name, value in network.state_dict().items():
        layer, _, parameter = name.rpartition(".")
        if parameter != "num_batches_tracked":  # torch 0.1 counted nothing
            theirs = {**layers, **_classifier(config)}.get(layer)
            if theirs is not None:
                state[f"{theirs}.{parameter}"] = value.clone()
    return state


def _classifier(config: ModelConfig) -> dict[str, str]:
    has_norm = config.classifier.norm.value == "batch"
    layers = {"classifier.conv": "classifier.0", "classifier.conv_norm": "classifier.1"}
    number = 5 if has_norm else 4  # a norm, a ReLU, the pooling, a flattening
    for index in range(len(config.classifier.hidden)):
        layers[f"classifier.hidden.{3 * index}"] = f"classifier.{number}"
        layers[f"classifier.hidden.{3 * index + 1}"] = f"classifier.{number + 1}"
        number += 3 if has_norm else 2
    layers["classifier.answer"] = f"classifier.{number}"
    return layers


class _OldPickler(pickle.Pickler):
    """Pickles tensors as torch 0.1.11 did, from a GPU."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.storages: dict[str, Tensor] = {}

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, Tensor):
            storage = ("storage of", thing)
            shape, stride = tuple(thing.shape), tuple(thing.stride())
            return torch._utils._rebuild_tensor, (storage, 0, shape, stride)
        return NotImplemented

    def persistent_id(self, thing: Any) -> Any:
        if not (isinstance(thing, tuple) and thing and thing[0] == "storage of"):
            return None
        key = str(len(self.storages))
        self.storages[key] = thing[1]
        kind = torch.cuda.FloatStorage
        return ("storage", kind, key, "cuda:0", thing[1].numel(), None)


def write_as_of_old(content: dict[str, Any], path: Path) -> None:
    """Write a file as the authors' torch did: pickles, then bare numbers."""
    sizes = {"short": 2, "int": 4, "long": 4}
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": sizes}
    with path.open("wb") as file:
        for first in (0x1950A86A20F9469CFC6C, 1001, system):
            pickle.dump(first, file, protocol=2)
        pickler = _OldPickler(file, protocol=2)
        pickler.dump(content)
        pickle.dump(list(pickler.storages), file, protocol=2)
        for tensor in pickler.storages.values():
            file.write(struct.pack("<q", tensor.numel()))
            file.write(tensor.contiguous().numpy().tobytes())
