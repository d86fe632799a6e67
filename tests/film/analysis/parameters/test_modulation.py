"""Statistics of γ and β are those of all their values."""

import numpy as np
import pytest

from film.analysis.model import TrainedModel
from film.analysis.modulation import measure_modulation
from film.analysis.parameters import generate
from film.analysis.record import Analysis
from tests.film.analysis.parameters.questions import ASKED
from tests.film.analysis.small_run import small_run, write_small_store


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    return small_run(write_small_store(tmp_path_factory.mktemp("store"), ASKED))


@pytest.fixture(scope="module")
def found(run: TrainedModel) -> Analysis:
    return measure_modulation(run, "val")


@pytest.mark.parametrize("parameter", ["γ", "β"])
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_statistics_are_of_all_values(
    run: TrainedModel, found: Analysis, parameter: str, layer: int
) -> None:
    values = generate(run, run.open("val")).by_name[parameter]
    some = sorted((values[:, layer - 1] if layer else values).ravel().tolist())
    table = found.tables["statistics"]
    line = table[(table["parameter"] == parameter) & (table["layer"] == layer)].iloc[0]
    mean = sum(some) / len(some)
    assert line["mean"] == pytest.approx(mean, abs=1e-6)
    variance = sum((value - mean) ** 2 for value in some) / len(some)
    assert line["sd"] == pytest.approx(variance**0.5, rel=1e-5)
    assert (line["min"], line["max"]) == (some[0], some[-1])
    assert line["negative"] == sum(value < 0 for value in some) / len(some)
    middle = len(some) // 2
    assert some[middle - 1] <= line["q50"] <= some[middle]


def test_every_value_is_in_one_bin(found: Analysis) -> None:
    counts = found.tables["histograms"].groupby(["parameter", "layer"])["count"].sum()
    n_values = len(ASKED) * 4
    assert counts.loc["γ"].to_dict() == {0: 2 * n_values, 1: n_values, 2: n_values}
    assert counts.loc["β"].equals(counts.loc["γ"])


def test_bins_are_powers_of_two_wide_and_begin_at_multiples(found: Analysis) -> None:
    bins = found.tables["histograms"]
    widths = bins["upper"] - bins["lower"]
    assert (np.log2(widths) % 1 == 0).all()
    assert (bins["lower"] % widths == 0).all()


def test_channels_are_named_by_block_and_place(
    run: TrainedModel, found: Analysis
) -> None:
    gamma = generate(run, run.open("val")).gamma
    table = found.tables["channels"].set_index(["parameter", "layer", "channel"])
    assert len(table) == 2 * 2 * 4
    assert table.loc[("γ", 2, 3), "mean"] == pytest.approx(
        float(gamma[:, 1, 3].mean()), abs=1e-6
    )


def test_the_first_questions_alone_can_be_asked(run: TrainedModel) -> None:
    found = measure_modulation(run, "val", 5)
    first = generate(run, run.open("val").head(5)).gamma
    line = found.tables["statistics"].iloc[0]
    assert found.about["questions"] == 5
    assert line["mean"] == pytest.approx(float(first.mean()), abs=1e-6)
