"""What was expected is said with its interval, and no more is claimed than it shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from reports.material import Material, material_of
from reports.results import Results, RunState
from reports.tables import to_text
from reports.tables.contrasts import contrast_findings, contrast_table
from reports.tables.forms import Format, write_table
from studies.catalogue import find_study
from studies.study import Study

RUNS: Mapping[str, Sequence[float | RunState]] = {
    "baseline": (0.90, 0.92, 0.91),
    "no FiLM in ResBlocks 1-4": (0.30, 0.32, 0.31),
    "γ := 1": (0.85, 0.87, 0.86),
    "β := 0": (0.90, 0.82, 0.86),
    "no batch normalization": (0.95, 0.96),
}
Make = Callable[..., Results]


@pytest.fixture
def study() -> Study:
    return find_study("architecture")


@pytest.fixture
def made(study: Study, make_results: Make) -> Material:
    return material_of(study, make_results(RUNS))


def test_the_table_says_what_became_of_every_expectation(made: Material) -> None:
    text = to_text(made.tables["contrasts"])
    first, second, third, fourth = (
        line for line in text.splitlines() if "below 0" in line
    )
    assert "no FiLM in ResBlocks 1-4 − baseline" in first
    assert first.endswith("came out")
    assert second.endswith("? not settled")
    assert third.endswith("no result (not asked: no residual connection)")
    assert fourth.endswith("§ too few runs")
    assert "over 2 contrasts" in text
    assert "Expected by: Perez et al., AAAI 2018, Table 2" in text


def test_sentences_claim_nothing_that_the_interval_does_not_show(
    made: Material,
) -> None:
    worse, unsettled, unknown, few = contrast_findings(made.contrasts)
    assert worse.startswith(
        "Expected: no FiLM anywhere is worse (Perez et al., AAAI 2018, Table 2). It "
        "came out: no FiLM in ResBlocks 1-4 − baseline is −60.0 ["
    )
    assert "The runs do not settle it: γ := 1 − β := 0 is 0.0 [" in unsettled
    assert unknown.endswith(
        "Nothing is known of it (not asked: no residual connection)."
    )
    assert few.endswith("points, of which 2 runs of a row give no verdict.")
    assert "came out" not in unsettled + unknown + few


def test_the_other_way_round_is_said_too(study: Study, make_results: Make) -> None:
    higher = {**RUNS, "no FiLM in ResBlocks 1-4": (0.97, 0.98, 0.97)}
    made = material_of(study, make_results(higher))
    first, *_ = contrast_findings(made.contrasts)
    assert "It is the other way round: no FiLM in ResBlocks 1-4 − baseline" in first


@pytest.mark.parametrize("form", list(Format))
def test_every_format_takes_it(made: Material, form: Format) -> None:
    assert write_table(made.tables["contrasts"], form)


def test_the_sentences_and_the_table_are_on_the_page_s_list(made: Material) -> None:
    assert list(made.tables)[:2] == ["table", "contrasts"]


def test_a_study_that_expects_nothing_has_no_such_table(
    study: Study, make_results: Make
) -> None:
    made = material_of(replace(study, contrasts=()), make_results(RUNS))
    assert "contrasts" not in made.tables
    assert contrast_table("none", made.contrasts) is None
