"""Claims are about rows that were published, and are judged by stated rules."""

import math

import pytest

from reports.published import PUBLISHED
from reports.reproduction.claims import CLAIMS, RULES, Claim, Outcome, Says, judge
from reports.reproduction.evidence import from_table
from tests.reports.reproduction.drawn import TABLE_2

ALL = [(name, claim) for name, claims in CLAIMS.items() for claim in claims]
YES, NO, OPEN = Outcome.REPRODUCED, Outcome.NOT_REPRODUCED, Outcome.UNDECIDED


@pytest.mark.parametrize(("name", "claim"), ALL)
def test_a_claim_weighs_published_rows_against_others(name: str, claim: Claim) -> None:
    assert set(claim.weights) <= set(PUBLISHED[name].rows)
    assert sum(claim.weights.values()) == pytest.approx(0)
    assert not set(claim.plus) & set(claim.minus)
    assert claim.place.startswith("Section 4.")


@pytest.mark.parametrize(
    ("says", "interval", "margin", "outcome"),
    [
        (Says.LOWER, (-2, -1), None, YES),
        (Says.LOWER, (1, 2), None, NO),
        (Says.LOWER, (-1, 1), None, OPEN),
        (Says.LOWER, (-0.4, 0.3), 0.5, NO),  # too little to matter
        (Says.LOWER, (-0.4, -0.1), 0.5, YES),
        (Says.LOWER, (-0.6, 0.3), 0.5, OPEN),
        (Says.HIGHER, (1, 2), None, YES),
        (Says.HIGHER, (-2, -1), None, NO),
        (Says.ALIKE, (-0.5, 0.9), None, YES),
        (Says.ALIKE, (1.1, 2), None, NO),
        (Says.ALIKE, (-3, -1.1), None, NO),
        (Says.ALIKE, (-1.1, 0), None, OPEN),
        (Says.NOT_LOWER, (-0.9, 5), None, YES),
        (Says.NOT_LOWER, (-3, -1.1), None, NO),
        (Says.NOT_LOWER, (-1.1, 0), None, OPEN),
    ],
)
def test_a_claim_is_judged_by_its_interval(
    says: Says, interval: tuple[float, float], margin: float | None, outcome: Outcome
) -> None:
    assert judge(says, interval, 1.0, margin) is outcome


@pytest.mark.parametrize("says", Says)
def test_an_interval_that_is_not_known_decides_nothing(says: Says) -> None:
    assert judge(says, (math.nan, math.nan), 1.0, 0.5) is OPEN
    assert says in RULES


def test_the_paper_s_own_numbers_do_not_settle_whether_gamma_beats_beta() -> None:
    claims = from_table(CLAIMS["architecture"], TABLE_2)
    found = claims.set_index("contrast").loc["γ := 1 − β := 0"]
    assert found["published"] == pytest.approx(-0.010)
    assert found["outcome"] == OPEN
    half = 2.776445 * 0.004 * math.sqrt(2)  # t of 4 degrees of freedom
    assert found["upper"] == pytest.approx(-0.010 + half, rel=1e-5)


def test_the_paper_s_own_numbers_bear_out_that_the_shortcut_matters() -> None:
    claims = from_table(CLAIMS["architecture"], TABLE_2)
    outcomes = claims.loc[claims["claim"].str.startswith("Removing the residual")]
    assert list(outcomes["outcome"]) == [YES]


def test_what_is_said_of_both_restrictions_has_to_hold_of_each() -> None:
    claims = CLAIMS["architecture"]
    both = [one for one in claims if one.sentence.startswith("Both restrictions")]
    assert [one.plus for one in both] == [("γ := σ(γ)",), ("γ := tanh(γ)",)]


def test_without_an_sd_a_table_decides_nothing() -> None:
    claim = Claim("A is better.", "Section 4.1", ("LSTM",), ("baseline",), Says.LOWER)
    found = from_table((claim,), PUBLISHED["clevr-systems"])
    assert list(found["outcome"]) == [OPEN]
    assert "no s.d." in found.loc[0, "why"]
