"""Published numbers stand under labels that the studies really have."""

import pytest

from reports.published import PUBLISHED, published_for
from studies.catalogue import find_study


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_every_published_row_is_a_row_of_its_study_and_the_reverse(name: str) -> None:
    assert set(published_for(name)) == {row.label for row in find_study(name).rows}


def test_the_paper_s_best_model_is_in_both_tables() -> None:
    for table in PUBLISHED.values():
        best = table["baseline"]
        assert (best.accuracy, best.sd, best.n_runs) == (97.4, 0.4, 5)


def test_a_study_of_ours_has_no_published_numbers() -> None:
    assert not published_for("quick")
