"""A printed number has its unit and sign, and zero has none."""

import math

import pytest

from reports.tables.numbers import (
    NOTHING,
    count,
    interval,
    mean_and_sd,
    p_value,
    percent,
    points,
    probability,
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


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0421, ".042"),
        (0.0499, ".0499"),
        (0.04999996, ".04999996"),
        (0.05, ".050"),
        (0.0504, ".050"),
        (0.0, "< .001"),
        (0.0004, "< .001"),
        (0.9999, "1"),
        (math.nan, NOTHING),
    ],
)
def test_a_p_value_stays_on_its_side_of_the_level(p: float, text: str) -> None:
    assert p_value(p) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.0004, "< .001"),
        (0.0499, ".050"),
        (0.9996, "> .999"),
        (1.0, "1"),
        (math.nan, NOTHING),
    ],
)
def test_only_never_and_always_are_whole_numbers(value: float, text: str) -> None:
    assert probability(value) == text


def test_one_point_is_no_points() -> None:
    assert (points(1.0), points(0.5), points(2)) == (
        "1 point",
        "0.5 points",
        "2 points",
    )


def test_a_count_agrees_with_its_noun() -> None:
    assert count(1, "run") == "1 run"
    assert count(6000, "question") == "6,000 questions"
