"""Numbers as a table prints them: percent, points, and never a negative zero."""

import math

__all__ = ["NOTHING", "count", "interval", "mean_and_sd", "percent", "signed"]

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


def count(number: int, noun: str) -> str:
    """Write a number with its noun.

    Args:
        number: How many.
        noun: Of what, in the singular; its plural takes an s.

    Returns:
        For instance ``1 run`` or ``6,000 questions``.
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _fixed(fraction: float, decimals: int, *, plus: str) -> str:
    if math.isnan(fraction):
        return NOTHING
    digits = f"{abs(100 * fraction):.{decimals}f}"
    if float(digits) == 0:
        return digits
    return f"{'−' if fraction < 0 else plus}{digits}"
