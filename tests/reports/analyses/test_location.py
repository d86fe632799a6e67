"""How many maps win, and how far apart, averaged over runs."""

import numpy as np
import pytest

from reports.analyses.activations import summarise_activations
from reports.analyses.location import summarise_location
from reports.analyses.runs import AnalysedRun
from reports.figures.location import mean_maps
from reports.tables import to_text
from tests.reports.analyses.seen import activations, location, without_pictures


def test_winners_are_averaged_over_runs_and_types_are_of_the_first_row() -> None:
    runs = [
        location("baseline", 0, winners=8.0),
        location("baseline", 1, winners=9.0),
        location("β := 0", 0, winners=3.0),
    ]
    found = summarise_location("quick", runs)
    frame = found.tables["location"].frame
    assert frame["winners"].tolist() == [8.5, 6.0, 3.0, 6.0]
    text = to_text(found.tables["location"])
    assert "baseline (2 runs)" in text
    assert text.count("compare numbers") == 1
    (sentence,) = found.sentences
    assert sentence == (
        "baseline: half of the winning maps of a question lie at 2.0 of 24 places, "
        "mean over questions."
    )


def test_maps_are_averaged_over_runs() -> None:
    means = mean_maps([location("baseline", 0), location("baseline", 1)])
    of_all = means[means["type"] == "all"].set_index(["y", "x"])["share"]
    assert of_all[1, 2] == 0.75
    other = means[means["type"] == "compare_numbers"].set_index(["y", "x"])["share"]
    assert other[0, 5] == other[1, 5] == 0.5
    assert np.isclose(means["share"].sum(), 2)


def test_a_pool_that_averages_is_named() -> None:
    run = location("average pool", 0)
    run.analysis.about["pooling"] = "average"  # type: ignore[index]
    found = summarise_location("quick", [run])
    assert any(
        note.startswith("average pool: the pool averages")
        for note in found.tables["location"].notes
    )


@pytest.mark.parametrize(
    ("run", "table"), [(location("b", 0), "location"), (activations(), "activations")]
)
def test_absent_pictures_are_said(run: AnalysedRun, table: str) -> None:
    summarise = summarise_location if table == "location" else summarise_activations
    with_them = summarise("quick", [run]).tables[table].notes
    without = summarise("quick", [without_pictures(run)]).tables[table].notes
    assert not any("--images" in note for note in with_them)
    assert any("--images" in note for note in without)


def test_gamma_beta_and_change_stand_beside_each_map() -> None:
    text = to_text(
        summarise_activations("quick", [activations()]).tables["activations"]
    )
    assert "2. What is the color of the large metal cylinder" in text
    assert "block 2, map 21  −1.50  0.25           2.00" in text
