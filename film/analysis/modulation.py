"""How γ and β are distributed over questions, layers and channels.

References:
    Perez et al., AAAI 2018, Section 4.2 and Figure 5; appendix, Figures 16 to 18.
"""

import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Float

from film.analysis.model import TrainedModel
from film.analysis.parameters import Parameters, generate
from film.analysis.record import Analysis

__all__ = ["ALL_LAYERS", "QUANTILES", "measure_modulation"]

ALL_LAYERS: Final = 0
"""The number of the layer in lines that are of all of them; blocks count from 1."""

QUANTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)

_NEAR_ZERO: Final = 0.1  # |γ| below it switches a map off, nearly
_MOST_BINS: Final = 512
_FINEST: Final = -5  # bins of 2⁻⁵


def measure_modulation(
    model: TrainedModel, split: str, n_questions: int | None = None
) -> Analysis:
    """Describe γ and β of some questions.

    Tables: ``statistics`` (a line per parameter and layer, 0 for all of them:
    ``mean``, ``sd``, ``min``, ``max``, quantiles ``q01`` … ``q99``, the shares
    ``negative`` and ``near_zero``, |x| < 0.1), ``channels`` (the same of each channel,
    without quantiles) and ``histograms`` (``lower`` and ``upper`` end of a bin, and
    ``count``). Bins are of a width 2ᵏ and begin at multiples of it, so that those of
    several runs can be added. γ is as it is applied, with its baseline.

    Args:
        model: The run.
        split: Of which split; its images are not looked at.
        n_questions: Only so many, from the first on; None is all.

    Returns:
        What was found.
    """
    questions = model.open(split, n_questions, with_images=False)
    found = generate(model, questions)
    film = model.config.model.film
    return Analysis(
        tables={
            "statistics": pd.DataFrame(_statistics(found)),
            "channels": pd.DataFrame(_channels(found)),
            "histograms": pd.concat(_histograms(found), ignore_index=True),
        },
        about={
            **model.about(questions, split),
            "layers": list(found.layers),
            "fixed": found.fixed(),
            "gamma": str(film.gamma),
            "gamma_baseline": None if film.adds_to_norm else film.gamma_baseline,
        },
    )


def _statistics(found: Parameters) -> Iterator[dict[str, Any]]:
    for name, values in found.by_name.items():
        for layer, some in _by_layer(found, values):
            quantiles = np.quantile(some, QUANTILES)
            yield {
                "parameter": name,
                "layer": layer,
                **_moments(some),
                **{
                    f"q{round(100 * share):02d}": float(value)
                    for share, value in zip(QUANTILES, quantiles, strict=True)
                },
            }


def _channels(found: Parameters) -> Iterator[dict[str, Any]]:
    for name, values in found.by_name.items():
        for at, layer in enumerate(found.layers):
            for channel in range(values.shape[2]):
                yield {
                    "parameter": name,
                    "layer": layer,
                    "channel": channel,
                    **_moments(values[:, at, channel]),
                }


def _histograms(found: Parameters) -> Iterator[pd.DataFrame]:
    for name, values in found.by_name.items():
        edges = _edges(float(values.min()), float(values.max()))
        for layer, some in _by_layer(found, values):
            counts, _ = np.histogram(some, edges)
            yield pd.DataFrame(
                {
                    "parameter": name,
                    "layer": layer,
                    "lower": edges[:-1],
                    "upper": edges[1:],
                    "count": counts,
                }
            )


# Bins that begin at multiples of a power of two, so that coarser ones are sums of them.
def _edges(low: float, high: float) -> Float[np.ndarray, " edges"]:
    power = _FINEST
    while (high - low) / 2.0**power > _MOST_BINS - 2:
        power += 1
    width = 2.0**power
    first, last = math.floor(low / width), math.floor(high / width) + 1
    return np.arange(first, last + 1) * width


def _by_layer(
    found: Parameters, values: Float[np.ndarray, "questions layers channels"]
) -> Iterator[tuple[int, Float[np.ndarray, "..."]]]:
    yield ALL_LAYERS, values
    for at, layer in enumerate(found.layers):
        yield layer, values[:, at]


def _moments(values: Float[np.ndarray, "..."]) -> dict[str, float]:
    return {
        "mean": float(values.mean(dtype=np.float64)),
        "sd": float(values.std(dtype=np.float64)),
        "min": float(values.min()),
        "max": float(values.max()),
        "negative": float((values < 0).mean()),
        "near_zero": float((np.abs(values) < _NEAR_ZERO).mean()),
    }
