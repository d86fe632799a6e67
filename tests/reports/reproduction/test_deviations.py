"""What a study does otherwise than the paper follows from its configuration."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from film.world.config import world_preset
from reports.published import PUBLISHED, PublishedTable
from reports.reproduction.deviations import deviations
from reports.results import Results
from studies.catalogue import find_study
from studies.row import Row
from studies.study import Study
from tests.reports.reproduction.drawn import TABLE_2

Make = Callable[..., Results]


@pytest.fixture
def results(make_results: Make) -> Results:
    return make_results({"baseline": (0.9, 0.91), "γ := 1": (0.8, 0.81)})


def of(study: Study, results: Results) -> dict[str, tuple[str, str]]:
    return {
        one.what: (one.here, one.there) for one in deviations(study, results, TABLE_2)
    }


def test_the_paper_s_own_study_differs_in_what_it_cannot_share(
    results: Results,
) -> None:
    found = of(find_study("architecture"), results)
    assert set(found) == {
        "questions judged",
        "runs of a row",
        "scales of batch norms at first",
    }
    assert found["questions judged"][0] == "2,000"
    assert found["runs of a row"] == ("2 runs", "1 run, 5 of the best model")


def test_other_data_and_features_are_named(results: Results) -> None:
    study = replace(find_study("architecture"), world=world_preset("quick"))
    found = of(study, results)
    assert found["training data"][0].startswith(f"{study.world.n_train:,} pictures")
    assert "70,000 pictures of CLEVR" in found["training data"][1]
    assert "ResNet-101" in found["features of pictures"][1]


def test_settings_that_differ_are_named_and_those_that_do_nothing_are_not(
    results: Results,
) -> None:
    study = find_study("architecture")
    config = study.baseline.config.with_changes(
        {"train.max_epochs": 20, "model.width": 64, "model.lstm.hidden": 32}
    )
    baseline = Row(group="", label="baseline", changes={}, config=config)
    found = of(replace(study, rows=(baseline,)), results)
    assert found["epochs, at most"] == ("20", "80")
    assert found["model.width"] == ("64", "128")
    assert "model.lstm.hidden" not in found


def test_of_a_table_that_is_not_the_paper_s_nothing_is_known(results: Results) -> None:
    table = PublishedTable("mine.csv", "mine.csv", PUBLISHED["architecture"].rows)
    assert deviations(find_study("architecture"), results, table) == ()
