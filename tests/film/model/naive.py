"""The FiLM network a second time: NumPy, loops, one picture at a time.

Written from the paper's text to be read beside it, and slow. It shares no line with
``film.model``; it takes that network's weights by name.
"""

from typing import Any

import numpy as np

from film.config import ModelConfig

Weights = dict[str, np.ndarray]
EPSILON = 1e-5


def logits(
    config: ModelConfig, weights: Weights, question: np.ndarray, image: np.ndarray
) -> np.ndarray:
    """Answer one question about one picture, with running statistics."""
    if "generator.linear.weight" in weights:
        gamma, beta = generate(config, weights, question)
    else:  # nothing is heard: FiLM is absent, or fixed at 1 and 0
        gamma = np.ones((config.n_blocks, config.width))
        beta = np.zeros((config.n_blocks, config.width))
    maps = stem(config, weights, image)
    for number in range(config.n_blocks):
        maps = block(config, weights, number, maps, gamma[number], beta[number])
    return classify(config, weights, maps)


def generate(
    config: ModelConfig, weights: Weights, question: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    hidden = np.zeros(config.generator.hidden)
    for word in question:
        if word == 0:
            break
        x = weights["generator.embedding.weight"][word]
        w_i, w_h = (weights[f"generator.rnn.weight_{k}_l0"] for k in ("ih", "hh"))
        b_i, b_h = (weights[f"generator.rnn.bias_{k}_l0"] for k in ("ih", "hh"))
        of_x, of_h = np.split(w_i @ x + b_i, 3), np.split(w_h @ hidden + b_h, 3)
        reset, update = sigmoid(of_x[0] + of_h[0]), sigmoid(of_x[1] + of_h[1])
        new = np.tanh(of_x[2] + reset * of_h[2])
        hidden = (1 - update) * new + update * hidden
    out = weights["generator.linear.weight"] @ hidden
    out = (out + weights["generator.linear.bias"]).reshape(config.n_blocks, 2, -1)
    gamma, beta = out[:, 0], out[:, 1]
    squash: Any = {
        "none": lambda x: x,
        "sigmoid": sigmoid,
        "tanh": np.tanh,
        "exp": np.exp,
        "one": lambda x: 0 * x + 1 - config.film.gamma_baseline,
    }[config.film.gamma.value]
    gamma = squash(gamma) + (0 if is_change(config) else config.film.gamma_baseline)
    return gamma, beta if config.film.beta.value == "learned" else 0 * beta


def is_change(config: ModelConfig) -> bool:
    return config.film.conditioning.value.startswith("conditional")


def stem(config: ModelConfig, weights: Weights, image: np.ndarray) -> np.ndarray:
    if config.stem.input.value == "features":
        maps = add_coordinates(config, image)
        padding = config.stem.kernel_size // 2
        maps = convolve(weights, "stem.layers.0.conv", maps, padding=padding)
        maps = normalise(config.norm.value, config, weights, "stem.layers.0.norm", maps)
        return np.maximum(maps, 0)
    maps = image
    for layer in range(config.stem.n_downsamplings):
        name = f"stem.layers.{layer}"
        maps = convolve(weights, f"{name}.conv", maps, padding=1, stride=2)
        maps = normalise(config.norm.value, config, weights, f"{name}.norm", maps)
        maps = np.maximum(maps, 0)
    return maps


def block(
    config: ModelConfig,
    weights: Weights,
    number: int,
    maps: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
) -> np.ndarray:
    name = f"blocks.{number}"
    wanted = config.film.blocks
    is_conditioned = wanted == "all" or (wanted != "none" and number + 1 in wanted)
    way = config.film.conditioning.value if is_conditioned else ""
    place = {"film": config.film.placement.value, "adain": "after_norm"}.get(way, "")

    def film(where: str, x: np.ndarray) -> np.ndarray:
        if place != where:
            return x
        return gamma[:, None, None] * x + beta[:, None, None]

    x = film("before_conv", maps)
    x = add_coordinates(config, x)
    x = np.maximum(convolve(weights, f"{name}.conv_1x1", x), 0)
    y = x
    if way == "concat":
        constants = np.concatenate([gamma, beta])[:, None, None]
        y = np.concatenate([y, constants + np.zeros((1, *y.shape[1:]))])
    if config.coordinates.value == "twice":
        y = add_coordinates(config, y)
    y = convolve(weights, f"{name}.conv_kxk", y, padding=config.kernel_size // 2)
    y = film("after_conv", y)
    if way.startswith("conditional"):
        norm = "batch" if "batch" in way else "layer"
        y = normalise(norm, config, weights, f"{name}.norm.norm", y)
        scale = weights[f"{name}.norm.weight"] + gamma
        shift = weights[f"{name}.norm.bias"] + beta
        y = scale[:, None, None] * y + shift[:, None, None]
    elif way == "adain":
        y = np.stack([(m - m.mean()) / np.sqrt(m.var() + EPSILON) for m in y])
    else:
        y = normalise(config.norm.value, config, weights, f"{name}.norm", y)
    y = np.maximum(film("after_norm", y), 0)
    y = film("after_relu", y)
    return film("after_residual", x + y if config.residual else y)


def classify(config: ModelConfig, weights: Weights, maps: np.ndarray) -> np.ndarray:
    norm = config.classifier.norm.value
    maps = convolve(weights, "classifier.conv", add_coordinates(config, maps))
    maps = normalise(norm, config, weights, "classifier.conv_norm", maps)
    maps = np.maximum(maps, 0)
    pool = {"max": np.max, "average": np.mean}[config.classifier.pooling.value]
    x = pool(maps, axis=(1, 2))
    for number in range(len(config.classifier.hidden)):
        name = f"classifier.hidden.{3 * number}"
        x = weights[f"{name}.weight"] @ x + weights[f"{name}.bias"]
        name = f"classifier.hidden.{3 * number + 1}"
        x = normalise(norm, config, weights, name, x[:, None, None])[:, 0, 0]
        x = np.maximum(x, 0)
    return weights["classifier.answer.weight"] @ x + weights["classifier.answer.bias"]


def add_coordinates(config: ModelConfig, maps: np.ndarray) -> np.ndarray:
    if config.coordinates.value == "none":
        return maps
    _, height, width = maps.shape
    x, y = np.zeros((1, height, width)), np.zeros((1, height, width))
    for row in range(height):
        for column in range(width):
            x[0, row, column] = -1 + 2 * column / max(width - 1, 1)
            y[0, row, column] = -1 + 2 * row / max(height - 1, 1)
    return np.concatenate([maps, x, y])


def convolve(
    weights: Weights, name: str, maps: np.ndarray, padding: int = 0, stride: int = 1
) -> np.ndarray:
    kernel, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    size = kernel.shape[-1]
    padded = np.pad(maps, [(0, 0), (padding, padding), (padding, padding)])
    height = (padded.shape[1] - size) // stride + 1
    width = (padded.shape[2] - size) // stride + 1
    out = np.zeros((len(kernel), height, width))
    for row in range(height):
        for column in range(width):
            top, left = row * stride, column * stride
            patch = padded[:, top : top + size, left : left + size]
            out[:, row, column] = (kernel * patch).sum(axis=(1, 2, 3)) + bias
    return out


def normalise(
    norm: str, config: ModelConfig, weights: Weights, name: str, maps: np.ndarray
) -> np.ndarray:
    if norm == "none":
        return maps
    if norm == "batch":
        mean = weights[f"{name}.running_mean"][:, None, None]
        variance = weights[f"{name}.running_var"][:, None, None]
        maps = (maps - mean) / np.sqrt(variance + EPSILON)
    else:
        groups = np.split(maps, 1 if norm == "layer" else config.norm_groups)
        maps = np.concatenate(
            [(g - g.mean()) / np.sqrt(g.var() + EPSILON) for g in groups]
        )
    if f"{name}.weight" in weights:
        scale, shift = weights[f"{name}.weight"], weights[f"{name}.bias"]
        maps = scale[:, None, None] * maps + shift[:, None, None]
    return maps


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))
