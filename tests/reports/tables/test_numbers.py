"""A printed number has its unit and sign, and zero has none."""

import math

import pytest

from reports.tables.numbers import (
    NOTHING,
    count,
    interval,
    mean_and_sd,
    percent,
    signed,
)


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (-0.0123, "−1.2"),
        (0.0034, "+0.3"),
        (-0.0, "0.0"),
        (0.0, "0.0"),
        (-0.0004, "0.0"),
        (0.0004, "0.0"),
        (math.nan, NOTHING),
    ],
)
def test_a_difference_has_a_real_sign_and_no_negative_zero(
    fraction: float, text: str
) -> None:
    assert signed(fraction) == text


def test_an_interval_of_nothing_is_empty() -> None:
    assert interval(math.nan, math.nan) == ""
    assert interval(-0.0171, -0.0001, 1) == "[−1.7, 0.0]"


def test_a_single_run_has_no_standard_deviation() -> None:
    assert mean_and_sd(0.969, math.nan) == "96.9"
    assert mean_and_sd(0.969, 0.003) == "96.9 ± 0.3"
    assert mean_and_sd(math.nan, math.nan) == NOTHING


def test_decimals_are_as_asked() -> None:
    assert percent(0.96949, 2) == "96.95"


def test_a_count_agrees_with_its_noun() -> None:
    assert count(1, "run") == "1 run"
    assert count(6000, "question") == "6,000 questions"
