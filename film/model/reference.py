"""Hold the network against recorded outputs of the authors' own model.

A reference file is an ``.npz`` with one variant's settings, weights, inputs and
outputs. The network is built from the settings, given the weights, and must return
the outputs.
"""

import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from film.config import ModelConfig
from film.errors import ConfigError, DataError
from film.model.authors.settings import translate
from film.model.network import DataSizes, FilmNetwork

__all__ = ["Agreement", "Reference", "build", "read_reference", "verify"]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One variant of the authors' model: settings, weights, inputs, outputs."""

    config: ModelConfig
    sizes: DataSizes
    weights: dict[str, torch.Tensor]  # by this package's names
    questions: torch.Tensor  # (batch, tokens)
    features: torch.Tensor  # (batch, channels, height, width)
    answers: torch.Tensor  # (batch,)
    logits_eval: torch.Tensor  # (batch, answers)
    logits_train: torch.Tensor  # likewise, after the eval pass
    gradient_norms: dict[str, float]  # of the generator's parameters, by name


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Largest absolute differences between the network and a reference."""

    logits_eval: float
    logits_train: float

    @property
    def largest(self) -> float:
        """The larger of the two; NaN where either is."""
        return float(np.maximum(self.logits_eval, self.logits_train))


def read_reference(path: Path) -> Reference:
    """Read a reference file.

    Args:
        path: An ``.npz`` file.

    Returns:
        What it holds, with settings and names turned into this package's.

    Raises:
        DataError: The file is missing, no reference, or its weights do not fit.
    """
    arrays = _read_arrays(path)
    try:
        settings = json.loads(str(arrays["config"]))
        config, sizes = translate(settings)
        return Reference(
            config=config,
            sizes=sizes,
            weights=_weights(arrays, n_hidden=len(config.classifier.hidden)),
            **_inputs(arrays, sizes),
            logits_eval=torch.from_numpy(arrays["logits_eval"]),
            logits_train=torch.from_numpy(arrays["logits_train"]),
            gradient_norms={
                name.removeprefix("grad_norm/generator."): float(value)
                for name, value in arrays.items()
                if name.startswith("grad_norm/generator.")
            },
        )
    except KeyError as error:
        raise DataError(f"{path}: lacks {error}; is it a reference file?") from None
    except (ValueError, TypeError, ConfigError) as error:
        line = str(error).splitlines()[0]
        raise DataError(f"{path}: its settings cannot be used: {line}") from None


def verify(path: Path) -> Agreement:
    """Build the network of a reference file and compare its outputs.

    The order is the file's: an eval pass with running statistics, then a train pass
    with the batch's.

    Args:
        path: An ``.npz`` file.

    Returns:
        The largest differences.
    """
    reference = read_reference(path)
    network = build(reference, path)
    with torch.no_grad():
        network.eval()
        logits_eval = network(reference.questions, reference.features)
        network.train()
        logits_train = network(reference.questions, reference.features)
    return Agreement(
        logits_eval=_difference(logits_eval, reference.logits_eval, path),
        logits_train=_difference(logits_train, reference.logits_train, path),
    )


def build(reference: Reference, path: Path) -> FilmNetwork:
    """Build the network that a reference describes, with its weights.

    Args:
        reference: What was read.
        path: From where, for messages.

    Returns:
        The network.

    Raises:
        DataError: The weights are not those of such a network.
    """
    network = FilmNetwork(reference.config, reference.sizes)
    weights = reference.weights
    if network.generator is None:  # the authors build one even where it is not heard
        weights = {k: v for k, v in weights.items() if not k.startswith("generator.")}
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        line = " ".join(str(error).split())
        raise DataError(
            f"{path}: its weights do not fit its settings: {line}"
        ) from None
    return network


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        with np.load(path, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise DataError(f"{path}: is a single array, not a reference (.npz)")
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        raise DataError(
            f"{path}: cannot be read as .npz: is no such file, or cut off"
        ) from None


def _inputs(arrays: dict[str, np.ndarray], sizes: DataSizes) -> dict[str, torch.Tensor]:
    questions = arrays["questions"].astype(np.int64, casting="safe")
    features = arrays["features"].astype(np.float32, casting="same_kind")
    answers = arrays["answers"].astype(np.int64, casting="safe")
    expected = (len(questions), *sizes.image_shape)
    if questions.ndim != 2 or features.shape != expected:  # noqa: PLR2004 - rows, words
        raise ValueError(
            f"questions have shape {questions.shape} and features {features.shape}, "
            f"should be (n, tokens) and (n, {', '.join(map(str, sizes.image_shape))})"
        )
    if not ((questions >= 0) & (questions < sizes.n_words)).all():
        raise ValueError(
            f"questions have words beyond the vocabulary of {sizes.n_words}"
        )
    return {
        "questions": torch.from_numpy(questions),
        "features": torch.from_numpy(features),
        "answers": torch.from_numpy(answers),
    }


def _weights(
    arrays: dict[str, np.ndarray], *, n_hidden: int
) -> dict[str, torch.Tensor]:
    names = {"stem.conv": "stem.layers.0.conv", "stem.bn": "stem.layers.0.norm"}
    names["classifier.conv_bn"] = "classifier.conv_norm"
    for number in range(1, n_hidden + 1):
        first = 3 * (number - 1)  # a linear layer, its norm, its ReLU
        names[f"classifier.fc{number}"] = f"classifier.hidden.{first}"
        names[f"classifier.fc{number}_bn"] = f"classifier.hidden.{first + 1}"
    names[f"classifier.fc{n_hidden + 1}"] = "classifier.answer"
    weights = {}
    for key, value in arrays.items():
        if not key.startswith("weights/"):
            continue
        layer, _, parameter = key.removeprefix("weights/").rpartition(".")
        if layer.startswith("blocks."):
            layer = layer.removesuffix("bn") + ("norm" if layer.endswith("bn") else "")
        weights[f"{names.get(layer, layer)}.{parameter}"] = torch.from_numpy(
            np.asarray(value)
        )
    return weights


def _difference(ours: torch.Tensor, theirs: torch.Tensor, path: Path) -> float:
    if ours.shape != theirs.shape:
        raise DataError(
            f"{path}: holds outputs of shape {tuple(theirs.shape)}, "
            f"but its settings give {tuple(ours.shape)}"
        )
    return float((ours - theirs).abs().max())
