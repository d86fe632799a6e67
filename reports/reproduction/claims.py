"""The paper's sentences as statements about rows, which runs can bear out or not.

A sentence becomes a contrast: the mean accuracy of some rows less that of others. How
it is judged follows from what the sentence says of that difference (``Says``), by the
rules in ``RULES``; each at 95 %, for itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from studies.trial import BASELINE

__all__ = ["CLAIMS", "RULES", "Claim", "Outcome", "Says", "judge"]


class Says(StrEnum):
    """What a sentence says of a difference."""

    LOWER = "below 0"
    HIGHER = "above 0"
    ALIKE = "within ± bound"
    NOT_LOWER = "above −bound"


class Outcome(StrEnum):
    """What became of a claim."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    UNDECIDED = "undecided"


_EITHER: Final = (
    "reproduced where the whole 95 % interval lies {}, not reproduced where it lies "
    "{}, else undecided"
)
RULES: Final[Mapping[Says, str]] = MappingProxyType(
    {
        Says.LOWER: _EITHER.format("below 0", "above 0 or within the study's margin"),
        Says.HIGHER: _EITHER.format("above 0", "below 0 or within the study's margin"),
        Says.ALIKE: _EITHER.format("within ± the bound", "beyond it"),
        Says.NOT_LOWER: _EITHER.format("above minus the bound", "below that"),
    }
)
"""How claims are judged, by what they say."""


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper that can be tested.

    Attributes:
        sentence: The paper's own words, shortened with dots.
        place: Where they stand.
        plus: Rows whose mean accuracy is taken.
        minus: Rows whose mean accuracy is taken off.
        says: What the sentence says of the difference.
        words: The contrast in words, where it is more than one row less another.
    """

    sentence: str
    place: str
    plus: tuple[str, ...]
    minus: tuple[str, ...]
    says: Says
    words: str = ""

    @property
    def contrast(self) -> str:
        """The contrast in words."""
        return self.words or f"{self.plus[0]} − {self.minus[0]}"

    @property
    def weights(self) -> dict[str, float]:
        """What each row counts."""
        plus = dict.fromkeys(self.plus, 1 / len(self.plus))
        return plus | dict.fromkeys(self.minus, -1 / len(self.minus))


def judge(
    says: Says, interval: tuple[float, float], bound: float, margin: float | None = None
) -> Outcome:
    """Judge a claim by the interval of its difference.

    Args:
        says: What the claim says of it.
        interval: 95 % interval of the difference.
        bound: What still counts as alike, in the unit of the difference.
        margin: What would not matter, in the same unit.

    Returns:
        The outcome; undecided for an interval that is not known.
    """
    lower, upper = interval
    match says:
        case Says.LOWER | Says.HIGHER:
            away = (-upper, -lower) if says is Says.LOWER else (lower, upper)
            is_borne_out = away[0] > 0
            is_refuted = away[1] < 0
            if margin is not None:
                is_refuted |= -margin < lower and upper < margin
        case Says.ALIKE:
            is_borne_out = -bound < lower and upper < bound
            is_refuted = lower > bound or upper < -bound
        case Says.NOT_LOWER:
            is_borne_out, is_refuted = lower > -bound, upper < -bound
    if is_borne_out:
        return Outcome.REPRODUCED
    return Outcome.NOT_REPRODUCED if is_refuted else Outcome.UNDECIDED


_ZERO_BETA: Final = "β := 0"
_UNIT_GAMMA: Final = "γ := 1"
_GATES: Final = "γ := σ(γ)", "γ := tanh(γ)"
_POSITIVE: Final = "γ := exp(γ)"
_RESIDUAL: Final = "after residual connection"
_RELU: Final = "after ResBlock ReLU-2"
_CONV_2: Final = "after ResBlock Conv-2"
_CONV_1: Final = "before ResBlock Conv-1"
_FEWER: Final = (
    "no FiLM in ResBlock 4",
    "no FiLM in ResBlocks 3-4",
    "no FiLM in ResBlocks 2-4",
)
_NO_SHORTCUT: Final = "no residual connection"
_PIXELS: Final = "raw pixels instead of features"
_OTHERS: Final = (
    _ZERO_BETA, _UNIT_GAMMA, *_GATES, _POSITIVE, _RESIDUAL, _RELU, _CONV_2, _CONV_1,
    *_FEWER, "1×1 conv only, no coord. maps", "no batch normalization", _PIXELS,
)  # fmt: skip
_DEEPER: Final = (
    "2 blocks", "3 blocks", BASELINE, "5 blocks", "6 blocks", "7 blocks", "8 blocks",
    "12 blocks",
)  # fmt: skip
_BOTH: Final = (
    "FiLM can learn to condition the CNN for visual reasoning through either biasing "
    "or scaling alone, albeit not as well as conditioning both together."
)
_HURT: Final = "Both restrictions hurt performance …"
_GAMMA_BETA: Final = "Section 4.3, Effect of γ and β"
_RESTRICTED: Final = "Section 4.3, Restricting γ"
_NORMALIZED: Final = "Section 4.3, Conditional Normalization"
_REPEATED: Final = "Section 4.3, Repetitive Conditioning"
_SHORTCUT: Final = "Section 4.3, Residual Connection"
_DEPTH: Final = "Section 4.3, Model Depth"
_BEST: Final = (BASELINE,)

CLAIMS: Final[Mapping[str, tuple[Claim, ...]]] = MappingProxyType(
    {
        "architecture": (
            Claim(_BOTH, _GAMMA_BETA, (_UNIT_GAMMA,), _BEST, Says.LOWER),
            Claim(_BOTH, _GAMMA_BETA, (_ZERO_BETA,), _BEST, Says.LOWER),
            Claim(
                "This result also suggests that γ is more important than β.",
                _GAMMA_BETA,
                (_UNIT_GAMMA,),
                (_ZERO_BETA,),
                Says.LOWER,
            ),
            Claim(_HURT, _RESTRICTED, _GATES[:1], _BEST, Says.LOWER),
            Claim(_HURT, _RESTRICTED, _GATES[1:], _BEST, Says.LOWER),
            Claim(
                "… roughly as much as removing conditioning from γ entirely by "
                "training with γ = 1.",
                _RESTRICTED,
                _GATES,
                (_UNIT_GAMMA,),
                Says.ALIKE,
                "mean of σ and tanh − γ := 1",
            ),
            Claim(
                "Limiting γ to (0, ∞) with exp also hurts performance …",
                _RESTRICTED,
                (_POSITIVE,),
                _BEST,
                Says.LOWER,
            ),
            Claim(
                "… we find no substantial performance drop when moving FiLM layers to "
                "different parts of our model's ResBlocks …",
                _NORMALIZED,
                (_RESIDUAL, _RELU, _CONV_2, _CONV_1),
                _BEST,
                Says.NOT_LOWER,
                "mean of the four places − baseline",
            ),
            Claim(
                "… we even reach the upper end of the best model's performance range "
                "when placing FiLM after the post-normalization ReLU …",
                _NORMALIZED,
                (_RELU,),
                _BEST,
                Says.NOT_LOWER,
            ),
            Claim(
                "Models with fewer FiLM layers … do not deviate far from the best "
                "model's performance …",
                _REPEATED,
                _FEWER,
                _BEST,
                Says.ALIKE,
                "mean of 3, 2 and 1 FiLM layers − baseline",
            ),
            Claim(
                "… even a single FiLM layer …",
                _REPEATED,
                (_FEWER[-1],),
                _BEST,
                Says.ALIKE,
            ),
            Claim(
                "Removing the residual connection causes one of the larger accuracy "
                "drops.",
                _SHORTCUT,
                (_NO_SHORTCUT,),
                _OTHERS,
                Says.LOWER,
                "no residual connection − mean of other rows with FiLM",
            ),
            Claim(
                "The higher accuracies for models with FiLM modulating features inside "
                "residual connections rather than outside …",
                _SHORTCUT,
                (BASELINE, _RELU, _CONV_2),
                (_RESIDUAL, _CONV_1),
                Says.HIGHER,
                "mean of the three places inside − mean of the two outside",
            ),
            Claim(
                "… FiLM performs equally well using raw pixel inputs.",
                "Section 4.1, Results, of Table 1",
                (_PIXELS,),
                _BEST,
                Says.ALIKE,
            ),
        ),
        "depth": (
            Claim(
                "FiLM is robust to varying depth …",
                _DEPTH,
                tuple(row for row in _DEEPER if row != BASELINE),
                _BEST,
                Says.ALIKE,
                "mean of 2 to 12 blocks but 4 − baseline",
            ),
            Claim(
                "… but less so with only 1 ResBlock …",
                _DEPTH,
                ("1 block",),
                _DEEPER,
                Says.LOWER,
                "1 block − mean of 2 to 12 blocks",
            ),
        ),
    }
)
"""Claims by the study that tests them, in the paper's order."""
