"""Published numbers are the paper's, under labels that the studies really have."""

import math

import pytest

from reports.published import HUMAN, PUBLISHED, published_for
from studies.catalogue import catalogue, find_study
from studies.trial import BASELINE

# Shares of CLEVR's types of questions, measured on 3,000 of the validation questions.
SHARES = {
    "count": 0.232,
    "exist": 0.139,
    "compare_numbers": 0.089,
    "query_attribute": 0.354,
    "compare_attribute": 0.185,
}


STAGED = "humans", "cogent"


@pytest.mark.parametrize("name", STAGED)
def test_published_rows_of_a_staged_study_are_rows_of_it_or_other_systems(
    name: str,
) -> None:
    groups = {row.label: row.group for row in find_study(name).rows}
    for label, row in published_for(name).items():
        if row.group != "Other systems, published alone":
            assert row.group == groups[label]
        assert row.against in groups
    assert PUBLISHED[name].is_staged


def test_every_table_is_of_a_study() -> None:
    assert PUBLISHED.keys() <= catalogue().keys()


@pytest.mark.parametrize("name", sorted(PUBLISHED.keys() - {*STAGED}))
def test_every_published_row_is_a_row_of_its_study_and_the_reverse(name: str) -> None:
    published = set(published_for(name)) - {HUMAN}
    assert published == {row.label for row in find_study(name).rows}


@pytest.mark.parametrize("name", ["clevr-systems", "architecture", "depth"])
def test_published_rows_stand_in_the_groups_of_their_study(name: str) -> None:
    groups = {row.label: row.group for row in find_study(name).rows}
    published = {label: row.group for label, row in published_for(name).items()}
    published.pop(HUMAN, None)
    assert published == groups


def test_the_paper_s_best_model_is_in_both_tables_of_ablations() -> None:
    for name in ("architecture", "depth"):
        best = PUBLISHED[name].baseline
        assert (best.accuracy, best.sd, best.n_runs) == (97.4, 0.4, 5)


def test_accuracies_by_type_add_up_to_the_overall_one() -> None:
    for label, row in PUBLISHED["clevr-systems"].rows.items():
        mixed = sum(SHARES[name] * row.by_type[name] for name in SHARES)
        assert mixed == pytest.approx(row.accuracy, abs=1.2), label


def test_every_table_has_the_row_that_others_are_compared_with() -> None:
    for name, table in PUBLISHED.items():
        assert table.name == name
        assert table.baseline is table.rows[BASELINE]
        assert table.source.startswith("Perez et al., AAAI 2018")


def test_rows_are_compared_with_those_on_the_same_questions() -> None:
    cogent, humans = PUBLISHED["cogent"], PUBLISHED["humans"]
    tuned = "30,000 samples of B"
    assert cogent.difference(f"{tuned} → A") == pytest.approx(80.8 - 98.3)
    assert cogent.difference(f"{tuned} → B") == pytest.approx(96.9 - 75.6)
    assert humans.difference("generator tuned → Humans") == pytest.approx(75.9 - 56.6)
    assert humans.difference("LSTM, tuned → Humans") == pytest.approx(36.5 - 56.6)
    assert math.isnan(cogent.difference("baseline → B"))
    assert not PUBLISHED["depth"].is_staged
    assert PUBLISHED["depth"].difference("1 block") == pytest.approx(93.5 - 97.4)


def test_a_study_of_ours_has_no_published_numbers() -> None:
    assert not published_for("quick")
