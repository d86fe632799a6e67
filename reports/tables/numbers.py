"""Numbers as a table prints them: percent, points, and never a negative zero."""

import math
from collections.abc import Sequence
from typing import Final

from reports.statistics.corrections import ALPHA

__all__ = [
    "NOTHING",
    "both_runs",
    "count",
    "interval",
    "mean_and_sd",
    "p_value",
    "percent",
    "points",
    "probability",
    "signed",
]

_LEAST: Final = 0.001  # that a table prints of a probability

NOTHING = "—"
"""What a cell says where there is no number."""


def percent(fraction: float, decimals: int = 1) -> str:
    """Write a fraction in percent.

    Args:
        fraction: A number from 0 to 1, or NaN.
        decimals: Digits after the point.

    Returns:
        For instance ``96.9``; a dash for NaN.
    """
    return _fixed(fraction, decimals, plus="")


def signed(fraction: float, decimals: int = 1) -> str:
    """Write a difference of fractions in percentage points, with its sign.

    Args:
        fraction: A difference, or NaN.
        decimals: Digits after the point.

    Returns:
        For instance ``−1.2``, ``+0.3`` or ``0.0``; a dash for NaN.
    """
    return _fixed(fraction, decimals, plus="+")


def interval(lower: float, upper: float, decimals: int = 1) -> str:
    """Write an interval of differences.

    Args:
        lower: Its lower end, or NaN.
        upper: Its upper end, or NaN.
        decimals: Digits after the point.

    Returns:
        For instance ``[−1.7, −0.8]``; empty for NaN.
    """
    if math.isnan(lower) or math.isnan(upper):
        return ""
    return f"[{signed(lower, decimals)}, {signed(upper, decimals)}]"


def mean_and_sd(mean: float, sd: float, decimals: int = 1) -> str:
    """Write a mean with the standard deviation over runs.

    Args:
        mean: The mean, a fraction or NaN.
        sd: The standard deviation; NaN for a single run.
        decimals: Digits after the point.

    Returns:
        For instance ``96.9 ± 0.3``, or ``96.9`` without a standard deviation.
    """
    if math.isnan(sd):
        return percent(mean, decimals)
    return f"{percent(mean, decimals)} ± {percent(sd, decimals)}"


def both_runs(runs: Sequence[float], decimals: int = 1) -> str:
    """Write the accuracies of two runs, which have no standard deviation to speak of.

    Args:
        runs: Fractions.
        decimals: Digits after the point.

    Returns:
        For instance ``[96.7, 97.1]``, the lower one first.
    """
    return f"[{', '.join(percent(run, decimals) for run in sorted(runs))}]"


def probability(value: float) -> str:
    """Write a probability.

    Args:
        value: From 0 to 1, or NaN.

    Returns:
        For instance ``.042``, ``< .001``, ``0`` or ``1``; a dash for NaN.
    """
    if math.isnan(value):
        return NOTHING
    if value in {0, 1}:
        return f"{value:.0f}"
    if value < _LEAST:
        return "< .001"
    return "> .999" if value > 1 - _LEAST else _digits(value, 3)


def p_value(p: float) -> str:
    """Write a p value, on the side of the level that it is on.

    Args:
        p: From 0 to 1, or NaN.

    Returns:
        For instance ``.042``, ``.0499`` or ``< .001``; a dash for NaN.
    """
    if math.isnan(p):
        return NOTHING
    if p < _LEAST:
        return "< .001"
    places = 3
    while (round(p, places) < ALPHA) != (p < ALPHA):
        places += 1
    return _digits(p, places)


def points(number: float) -> str:
    """Write a number of percentage points.

    Args:
        number: How many.

    Returns:
        For instance ``1 point`` or ``0.5 points``.
    """
    return f"{number:g} point{'' if number == 1 else 's'}"


def count(number: int, noun: str) -> str:
    """Write a number with its noun.

    Args:
        number: How many.
        noun: Of what, in the singular; its plural takes an s.

    Returns:
        For instance ``1 run`` or ``6,000 questions``.
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _digits(value: float, places: int) -> str:
    text = f"{value:.{places}f}"
    return "1" if float(text) == 1 else text.removeprefix("0")


def _fixed(fraction: float, decimals: int, *, plus: str) -> str:
    if math.isnan(fraction):
        return NOTHING
    digits = f"{abs(100 * fraction):.{decimals}f}"
    if float(digits) == 0:
        return digits
    return f"{'−' if fraction < 0 else plus}{digits}"
