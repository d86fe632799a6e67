"""Winners of the global max pool are counted where they are."""

from pathlib import Path

import numpy as np
import pytest
import torch

from film.analysis.model import TrainedModel
from film.analysis.pictured.examples import ExampleChoice
from film.analysis.pictured.location import (
    count_winners,
    hear,
    measure_location,
    pooled_maps,
)
from film.errors import AnalysisError
from tests.film.analysis.small_run import small_run, write_small_store

ASKED = [
    (
        "Is there a red cube?",
        "exist filter_shape[cube] filter_color[red] scene",
        "no",
        3,
    ),
    ("Is there a cube?", "exist filter_shape[cube] scene", "yes", 3),
    ("How many cubes are there?", "count filter_shape[cube] scene", "2", 7),
    ("How many spheres are there?", "count filter_shape[sphere] scene", "1", 9),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    return small_run(write_small_store(tmp_path_factory.mktemp("store"), ASKED))


def test_each_map_counts_where_its_maximum_is_and_ties_count_everywhere() -> None:
    maps = torch.tensor(
        [
            [[0.0, 2.0], [1.0, 0.0]],
            [[0.0, 3.0], [3.0, 0.0]],
            [[0.0, 0.0], [0.0, 0.0]],  # says nothing
        ]
    )
    assert count_winners(maps[None])[0].tolist() == [[0, 2], [1, 0]]


def places_of_half(counts: np.ndarray) -> int:
    taken = held = 0
    for count in sorted(counts.flat, reverse=True):
        taken, held = taken + 1, held + count
        if 2 * held >= counts.sum():
            break
    return taken


@torch.inference_mode()
def test_the_maps_that_are_kept_are_those_that_are_pooled(model: TrainedModel) -> None:
    network = model.film
    batch = model.open("val").batch(np.arange(4))
    logits, maps = pooled_maps(network, batch.images, *hear(network, batch.questions))
    torch.testing.assert_close(logits, network(batch.questions, batch.images))
    hidden = network.classifier.hidden(maps.amax(dim=(2, 3)))
    torch.testing.assert_close(network.classifier.answer(hidden), logits)


def test_counts_of_examples_and_their_mean_over_a_split(model: TrainedModel) -> None:
    found = measure_location(model, "val", choice=ExampleChoice(rows=(3, 0)))
    examples = found.tables["examples"]
    assert examples["text"].tolist() == [
        "How many spheres are there?",
        "Is there a red cube?",
    ]
    counts = found.arrays["counts"]
    assert counts.shape == (2, 4, 6)
    assert counts.sum(axis=(1, 2)).tolist() == examples["winners"].tolist()
    assert (found.arrays["picture_0"] == 9).all()
    means = found.tables["means"]
    assert means["type"].tolist() == ["all", "count", "exist"]
    assert means["questions"].tolist() == [4, 2, 2]
    np.testing.assert_allclose(found.arrays["means"].sum(axis=(1, 2)), 1)
    everything = measure_location(model, "val", choice=ExampleChoice(rows=(0, 1, 2, 3)))
    each = everything.arrays["counts"]
    shares = each / each.sum(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found.arrays["means"][0], shares.mean(axis=0))
    np.testing.assert_allclose(found.arrays["means"][1], shares[2:].mean(axis=0))
    assert means["winners"][0] == pytest.approx(each.sum(axis=(1, 2)).mean())
    assert means["places"][2] == pytest.approx(
        np.mean([places_of_half(one) for one in each[:2]])
    )


def test_drawn_examples_are_about_different_pictures_and_follow_from_the_seed(
    model: TrainedModel,
) -> None:
    drawn = [
        measure_location(model, "val", choice=ExampleChoice(seed=seed)).tables[
            "examples"
        ]
        for seed in (0, 0, 1, 2, 3)
    ]
    assert all(one["image"].tolist() == [3, 7, 9] for one in drawn)
    assert drawn[0].equals(drawn[1])
    assert {one["row"].tolist()[0] for one in drawn} == {0, 1}


def test_a_network_that_hears_nothing_still_looks_somewhere(tmp_path: Path) -> None:
    deaf = small_run(
        write_small_store(tmp_path / "store", ASKED), **{"model.film.blocks": "none"}
    )
    found = measure_location(deaf, "val", choice=ExampleChoice(rows=(0, 1)))
    assert (found.arrays["counts"][0] == found.arrays["counts"][1]).all()


def test_a_question_that_is_not_there_is_refused(model: TrainedModel) -> None:
    with pytest.raises(
        AnalysisError, match="no question 4; they have the numbers 0 to 3"
    ):
        measure_location(model, "val", choice=ExampleChoice(rows=(4,)))
