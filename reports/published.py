"""The numbers of the paper, with their source, under the row labels of our studies.

Perez et al., *FiLM: Visual Reasoning with a General Conditioning Layer*, AAAI 2018,
https://arxiv.org/abs/1709.07871. Accuracy in percent on all 149,991 validation
questions of CLEVR v1.0. Every row is one training run, but for the best model: mean and
standard deviation over five.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["CLEVR_VAL_QUESTIONS", "PUBLISHED", "Published", "published_for"]

CLEVR_VAL_QUESTIONS: Final = 149_991
"""How many questions the published accuracies are over."""


@dataclass(frozen=True)
class Published:
    """One published accuracy, in percent as it was printed."""

    accuracy: float
    source: str
    sd: float | None = None
    n_runs: int = 1


_TABLE_2: Final = "Perez et al., AAAI 2018, Table 2"
_TABLE_3: Final = "Perez et al., AAAI 2018, Table 3"


def _table(
    source: str, baseline: str, accuracies: Mapping[str, float]
) -> Mapping[str, Published]:
    rows = {row: Published(value, source) for row, value in accuracies.items()}
    rows[baseline] = Published(97.4, source, sd=0.4, n_runs=5)
    return MappingProxyType(rows)


PUBLISHED: Final[Mapping[str, Mapping[str, Published]]] = MappingProxyType(
    {
        "paper-table2": _table(
            _TABLE_2,
            "baseline",
            {
                "β := 0": 96.9,
                "γ := 1": 95.9,
                "γ := σ(γ)": 95.9,
                "γ := tanh(γ)": 96.3,
                "γ := exp(γ)": 96.3,
                "after residual connection": 96.6,
                "after ResBlock ReLU-2": 97.7,
                "after ResBlock Conv-2": 97.1,
                "before ResBlock Conv-1": 95.0,
                "no FiLM in ResBlock 4": 96.8,
                "no FiLM in ResBlocks 3-4": 96.5,
                "no FiLM in ResBlocks 2-4": 97.3,
                "no FiLM in ResBlocks 1-4": 21.4,
                "1×1 conv only, no coord. maps": 95.3,
                "no residual connection": 94.0,
                "no batch normalization": 93.7,
                "raw pixels instead of features": 97.6,
            },
        ),
        "paper-table3": _table(
            _TABLE_3,
            "baseline",
            {
                "1 block": 93.5,
                "2 blocks": 97.1,
                "3 blocks": 96.7,
                "5 blocks": 97.4,
                "6 blocks": 97.7,
                "7 blocks": 97.4,
                "8 blocks": 97.6,
                "12 blocks": 96.9,
            },
        ),
    }
)
"""Published accuracies by study and row."""


def published_for(study: str) -> Mapping[str, Published]:
    """Look up what was published for a study.

    Args:
        study: Its name.

    Returns:
        Published accuracies by row label; empty where there are none.
    """
    return PUBLISHED.get(study, MappingProxyType({}))
