"""The numbers of the paper, with their source, under the row labels of our studies.

Perez et al., *FiLM: Visual Reasoning with a General Conditioning Layer*, AAAI 2018,
https://arxiv.org/abs/1709.07871. Accuracies are in percent, as they were printed. Every
row is one training run, but for the best model in Tables 2 and 3: mean and standard
deviation over five. The row that others are compared with is called ``baseline``, as in
our studies.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from studies.trial import BASELINE

__all__ = [
    "CLEVR_VAL_QUESTIONS",
    "HUMAN",
    "PUBLISHED",
    "Published",
    "PublishedTable",
    "published_for",
]

CLEVR_VAL_QUESTIONS: Final = 149_991
"""How many questions the accuracies of Tables 2 and 3 are over."""

HUMAN: Final = "Human"
"""The row of Table 1 that no system has: people."""

_CLEVR_TEST_QUESTIONS: Final = 149_988


@dataclass(frozen=True)
class Published:
    """One published accuracy, in percent as it was printed.

    Attributes:
        accuracy: Overall; the mean where there are several runs.
        source: Where it was printed.
        sd: Standard deviation over the runs, where it was printed.
        n_runs: Number of training runs.
        group: Heading that the row stands under; empty for none.
        by_type: Accuracy by type of question, where it was printed.
        against: Label of the row that it is compared with: of the same questions.
    """

    accuracy: float
    source: str
    sd: float | None = None
    n_runs: int = 1
    group: str = ""
    by_type: Mapping[str, float] = field(default_factory=dict)
    against: str = BASELINE


@dataclass(frozen=True)
class PublishedTable:
    """A published table of accuracies.

    Attributes:
        name: That of the study which it belongs to, or of a file.
        source: Where it was printed.
        rows: Its rows by label, the baseline among them.
        baseline_is: What the baseline is called there.
        questions: What the accuracies are over, in words.
        n_questions: How many these are; 0 where that is not known.
        rounding: Half a unit of the last printed digit, in points.
    """

    name: str
    source: str
    rows: Mapping[str, Published]
    baseline_is: str = ""
    questions: str = ""
    n_questions: int = 0
    rounding: float = 0.05

    @property
    def baseline(self) -> Published:
        """The row that the others are compared with."""
        return self.rows[BASELINE]

    @property
    def is_staged(self) -> bool:
        """Whether some rows are judged by other questions than the baseline."""
        return any(row.against != BASELINE for row in self.rows.values())

    def difference(self, label: str) -> float:
        """Say what a row has more than the one that it is compared with.

        Args:
            label: Of the row.

        Returns:
            Points; NaN for a row that others are compared with.
        """
        row = self.rows[label]
        is_reference = label in {one.against for one in self.rows.values()}
        if is_reference:
            return math.nan
        return row.accuracy - self.rows[row.against].accuracy


_PAPER: Final = "Perez et al., AAAI 2018"
_BEST: Final = (97.4, 0.4, 5)  # mean, s.d. and number of runs of the best model
_TYPES: Final = (
    "count", "exist", "compare_numbers", "query_attribute", "compare_attribute",
)  # fmt: skip
_VAL: Final = "CLEVR's validation questions"
_OTHERS: Final = "Other systems, published alone"


def _ablations(
    name: str, number: int, groups: Mapping[str, Mapping[str, float]]
) -> PublishedTable:
    source = f"{_PAPER}, Table {number}"
    mean, sd, n_runs = _BEST
    rows = {BASELINE: Published(mean, source, sd=sd, n_runs=n_runs)}
    return PublishedTable(
        name=name,
        source=source,
        rows=MappingProxyType({**rows, **_rows(source, groups)}),
        baseline_is="best architecture",
        questions=_VAL,
        n_questions=CLEVR_VAL_QUESTIONS,
    )


def _rows(
    source: str, groups: Mapping[str, Mapping[str, float]]
) -> dict[str, Published]:
    return {
        label: Published(accuracy, source, group=group)
        for group, rows in groups.items()
        for label, accuracy in rows.items()
    }


def _systems() -> PublishedTable:
    source = f"{_PAPER}, Table 1"
    given: Mapping[str, Mapping[str, tuple[float, ...]]] = {
        "": {
            BASELINE: (97.7, 94.3, 99.1, 96.8, 99.1, 99.1),
            HUMAN: (92.6, 86.7, 96.6, 86.5, 95.0, 96.0),
        },
        "Question alone": {
            "Q-type baseline": (41.8, 34.6, 50.2, 51.0, 36.0, 51.3),
            "LSTM": (46.8, 41.7, 61.1, 69.8, 36.8, 51.8),
        },
        "Question and picture": {
            "CNN+LSTM": (52.3, 43.7, 65.2, 67.1, 49.3, 53.0),
            "CNN+LSTM+SA": (76.6, 64.4, 82.7, 77.4, 82.6, 75.4),
            "CNN+LSTM+RN": (95.5, 90.1, 97.8, 93.6, 97.9, 97.1),
            "CNN+GRU+FiLM from raw pixels": (97.6, 94.3, 99.3, 93.4, 99.3, 99.3),
        },
        "With program labels": {
            "N2NMN": (83.7, 68.5, 85.7, 84.9, 90.0, 88.7),
            "PG+EE (9K programs)": (88.6, 79.7, 89.7, 79.1, 92.6, 96.0),
            "PG+EE (700K programs)": (96.9, 92.7, 97.1, 98.7, 98.1, 98.9),
        },
    }
    rows = {
        label: Published(
            overall,
            source,
            group=group,
            by_type=dict(zip(_TYPES, by_type, strict=True)),
        )
        for group, some in given.items()
        for label, (overall, *by_type) in some.items()
    }
    return PublishedTable(
        name="clevr-systems",
        source=source,
        rows=MappingProxyType(rows),
        baseline_is="CNN+GRU+FiLM, from image features",
        questions="CLEVR's test questions",
        n_questions=_CLEVR_TEST_QUESTIONS,
    )


# Without an s.d.: that of the best model on CLEVR says nothing of other questions.
def _humans() -> PublishedTable:
    source = f"{_PAPER}, Table 4"
    before, after = f"{BASELINE} → Humans", "generator tuned → Humans"
    own, tuned = "Judged by Humans", "Tuned on CLEVR-Humans"
    rows = {
        BASELINE: Published(_BEST[0], f"{_PAPER}, Table 2", n_runs=_BEST[2]),
        "generator tuned": Published(75.9, source, group=tuned, against=before),
        before: Published(56.6, source, group=own),
        after: Published(75.9, source, group=own, against=before),
    }
    for system, accuracies in {
        "LSTM": (27.5, 36.5),
        "CNN+LSTM": (37.7, 43.2),
        "CNN+LSTM+SA+MLP": (50.4, 57.6),
        "PG+EE (18K programs)": (54.0, 66.6),
    }.items():
        for label, accuracy in zip(
            (system, f"{system}, tuned"), accuracies, strict=True
        ):
            rows[f"{label} → Humans"] = Published(
                accuracy, source, group=_OTHERS, against=before
            )
    return PublishedTable(
        name="humans",
        source=source,
        rows=MappingProxyType(rows),
        baseline_is="CNN+GRU+FiLM, judged on CLEVR's validation questions",
        questions="CLEVR-Humans' test questions, whose answers are not public",
    )


def _cogent() -> PublishedTable:
    source = f"{_PAPER}, Figure 9"
    tuned = "30,000 samples of B"
    a, b = f"{BASELINE} → A", f"{BASELINE} → B"
    rows = {
        BASELINE: Published(98.3, source),
        tuned: Published(96.9, source, group="Tuned on samples of B", against=b),
        a: Published(98.3, source, group="Judged by A"),
        f"{tuned} → A": Published(80.8, source, group="Judged by A", against=a),
        b: Published(75.6, source, group="Judged by B"),
        f"{tuned} → B": Published(96.9, source, group="Judged by B", against=b),
    }
    for system, accuracies in {
        "CNN+LSTM+SA": (80.3, 68.7, 75.7, 75.8),
        "PG+EE (18K programs)": (96.6, 73.7, 76.1, 92.7),
        "CNN+GRU+FiLM 0-shot": (98.3, 78.8, 81.1, 96.9),
    }.items():
        labels = [
            f"{one} → {on}" for one in (system, f"{system}, tuned") for on in "AB"
        ]
        for label, accuracy, against in zip(
            labels, accuracies, (a, b) * 2, strict=True
        ):
            rows[label] = Published(accuracy, source, group=_OTHERS, against=against)
    return PublishedTable(
        name="cogent",
        source=source,
        rows=MappingProxyType(rows),
        baseline_is="CNN+GRU+FiLM, trained on A, judged on A",
        questions="CLEVR-CoGenT's validation questions of A, and of B without those "
        "of the 30,000 samples",
    )


_TABLES: Final = (
    _systems(),
    _ablations(
        "architecture",
        2,
        {
            "Restricted γ or β": {
                "β := 0": 96.9,
                "γ := 1": 95.9,
                "γ := σ(γ)": 95.9,
                "γ := tanh(γ)": 96.3,
                "γ := exp(γ)": 96.3,
            },
            "Moving FiLM within ResBlock": {
                "after residual connection": 96.6,
                "after ResBlock ReLU-2": 97.7,
                "after ResBlock Conv-2": 97.1,
                "before ResBlock Conv-1": 95.0,
            },
            "Removing FiLM from ResBlocks": {
                "no FiLM in ResBlock 4": 96.8,
                "no FiLM in ResBlocks 3-4": 96.5,
                "no FiLM in ResBlocks 2-4": 97.3,
                "no FiLM in ResBlocks 1-4": 21.4,
            },
            "Miscellaneous": {
                "1×1 conv only, no coord. maps": 95.3,
                "no residual connection": 94.0,
                "no batch normalization": 93.7,
                "raw pixels instead of features": 97.6,
            },
        },
    ),
    _ablations(
        "depth",
        3,
        {
            "Number of ResBlocks": {
                "1 block": 93.5,
                "2 blocks": 97.1,
                "3 blocks": 96.7,
                "5 blocks": 97.4,
                "6 blocks": 97.7,
                "7 blocks": 97.4,
                "8 blocks": 97.6,
                "12 blocks": 96.9,
            }
        },
    ),
    _humans(),
    _cogent(),
)

PUBLISHED: Final[Mapping[str, PublishedTable]] = MappingProxyType(
    {table.name: table for table in _TABLES}
)
"""Published tables by the study that they belong to."""


def published_for(study: str) -> Mapping[str, Published]:
    """Look up what was published for a study.

    Args:
        study: Its name.

    Returns:
        Published accuracies by row label; empty where there are none.
    """
    table = PUBLISHED.get(study)
    return table.rows if table else MappingProxyType({})
