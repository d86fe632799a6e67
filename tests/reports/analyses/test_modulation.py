"""Statistics of γ and β are averaged over runs; histograms share their bins."""

import numpy as np
import pytest

from reports.analyses.modulation import decimal, summarise_modulation
from reports.figures.modulation import (
    channel_densities,
    densities,
    modulation_drawings,
)
from tests.reports.analyses.analysed import modulated

RUNS = [modulated("baseline", 0), modulated("baseline", 1, shift=0.5)]


def test_a_line_is_the_mean_over_runs() -> None:
    frame = summarise_modulation("quick", RUNS).tables["modulation"].frame
    assert frame["mean"].tolist() == [1.25] * 6
    assert frame["n_runs"].tolist() == [2] * 6


def test_what_is_fixed_is_said_and_not_counted() -> None:
    run = modulated("β := 0", 0, fixed={"β": 0.0})
    learnt = summarise_modulation("quick", [run])
    assert learnt.sentences[1] == "β := 0: β is 0 for every question."
    beta = [line for line in learnt.tables["modulation"].lines if line[0].text == "β"]
    assert [cell.text for cell in beta[0]][2:] == ["fixed", *"——————"]
    assert set(densities([run])["parameter"]) == {"γ"}
    assert set(channel_densities([run])["parameter"]) == {"Mean of γ", "S.d. of γ"}


def test_rows_of_other_baselines_are_told_apart() -> None:
    runs = [*RUNS, modulated("γ := σ(γ)", 0, baseline=0.0)]
    notes = summarise_modulation("quick", runs).tables["modulation"].notes
    assert notes[-1].endswith("with its baseline (baseline: 1, γ := σ(γ): 0).")


def test_densities_integrate_to_one_also_over_runs_of_other_bins() -> None:
    coarse = modulated("baseline", 2)
    bins = coarse.analysis.tables["histograms"]
    bins["lower"], bins["upper"] = bins["lower"] * 4 + 16, bins["upper"] * 4 + 16
    numbers = densities([*RUNS, coarse])
    widths = numbers["upper"] - numbers["lower"]
    areas = (numbers["density"] * widths).groupby(
        [numbers["parameter"], numbers["layer"]]
    )
    np.testing.assert_allclose(areas.sum(), 1)
    assert set(widths) == {4.0}


def test_rows_are_drawn_beside_each_other_where_there_are_several() -> None:
    assert [*modulation_drawings(RUNS)] == ["modulation", "modulation-channels"]
    several = modulation_drawings([*RUNS, modulated("β := 0", 0, fixed={"β": 0.0})])
    assert several["modulation-rows"].numbers["row"].tolist() == [
        *["baseline"] * 2,
        *["β := 0"] * 2,
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(-1.234, "−1.23"), (-0.001, "0.00"), (2.0, "2.00"), (float("nan"), "—")],
)
def test_numbers_have_a_true_minus_and_no_negative_zero(
    value: float, text: str
) -> None:
    assert decimal(value) == text
