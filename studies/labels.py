"""What rows are called: names that people give, and names that follow from a design."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

__all__ = ["ComponentLabel", "Label", "adding_label", "listed", "removing_label"]

_FEW = 3  # as many can be named as missing, however few are left


def _refuse_unprintable(label: str) -> str:
    if not label.isprintable() or label != label.strip():
        raise ValueError(f"got {label!r}, should be one printable line")
    return label


Label = Annotated[
    str, Field(min_length=1, max_length=80), AfterValidator(_refuse_unprintable)
]
ComponentLabel = Annotated[
    str, Field(min_length=1, max_length=24), AfterValidator(_refuse_unprintable)
]


def removing_label(on: Sequence[str], off: Sequence[str]) -> str:
    """Name a row for what is missing in it.

    Args:
        on: Components that are on, in the order of the study.
        off: Components that are off; at least one.

    Returns:
        ``without γ``, ``without γ and β``, ``only β``, or ``none of γ and β``.
    """
    if not on:
        return f"none of {listed(off)}"
    if len(off) <= max(_FEW, len(on)):
        return f"without {listed(off)}"
    return f"only {listed(on)}"


def adding_label(on: Sequence[str], off: Sequence[str]) -> str:
    """Name a row for what is there.

    Args:
        on: Components that are on, in the order of the study.
        off: Components that are off.

    Returns:
        ``none of γ and β``, ``only γ``, or ``γ + β``.
    """
    if not on:
        return f"none of {listed(off)}"
    return f"only {on[0]}" if len(on) == 1 else " + ".join(on)


def listed(words: Sequence[str]) -> str:
    """Put words in a row, as in a sentence.

    Args:
        words: At least one.

    Returns:
        ``γ``, ``γ and β``, or ``γ, β and residual``.
    """
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
