"""Disturbed answers are those of the network when it is handed other γ and β."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from film.analysis.intervention import disturb
from film.analysis.model import TrainedModel
from film.analysis.record import Analysis
from film.training.evaluation import evaluate
from tests.film.analysis.parameters.questions import ASKED
from tests.film.analysis.small_run import small_run, write_small_store

_WIDER = {
    "model.width": 16,
    "model.generator.hidden": 32,
    "model.classifier.projection": 32,
    "model.classifier.hidden": [32],
}
_ONE_DEAF = {"model.film.blocks": [2]}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return write_small_store(tmp_path / "store", ASKED)


def _knowing(store: Path, **changes: object) -> TrainedModel:
    """Make a network that hears the question, and what it says the right answers."""
    run = small_run(store, **{**_WIDER, **changes})
    with torch.no_grad():
        run.film.generator.embedding.weight.mul_(3)
        run.film.generator.linear.weight.mul_(20)
        batch = run.open("val").batch(np.arange(len(ASKED)))
        answers = run.film(batch.questions, batch.images).argmax(dim=1).numpy()
    assert len(set(answers)) > 1
    with h5py.File(store / "val.h5", "a") as file:
        file["answers"][:] = answers
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    return _knowing(write_small_store(tmp_path_factory.mktemp("known"), ASKED))


@pytest.fixture(scope="module")
def found(run: TrainedModel) -> Analysis:
    return disturb(run, "val", noises=(0.5, 4.0), n_seeds=2)


def _right(run: TrainedModel, names: tuple[str, ...], layer: int) -> np.ndarray:
    """Answer every question one by one, with means taken by hand."""
    network, questions = run.film, run.open("val")
    with torch.no_grad():
        train = run.open("train")
        pairs = [
            network.generator(train.batch(np.array([row])).questions)
            for row in range(len(train))
        ]
        means = [sum(pair[at] for pair in pairs) / len(pairs) for at in (0, 1)]
        right = []
        for row in range(len(questions)):
            batch = questions.batch(np.array([row]))
            values = [one.clone() for one in network.generator(batch.questions)]
            for at, name in enumerate("γβ"):
                for block in range(values[at].shape[1]):
                    if name in names and layer in (0, block + 1):
                        values[at][:, block] = means[at][:, block]
            logits = network.answer(batch.images, *values)
            right.append(bool(logits.argmax() == batch.answers[0]))
    return np.array(right)


def _kept(found: Analysis) -> np.ndarray:
    packed = found.arrays["right"]
    return np.unpackbits(packed, axis=1, count=len(ASKED)).astype(bool)


@pytest.mark.parametrize(
    ("parameter", "layer"),
    [("", 0), ("γ", 0), ("β", 0), ("γ and β", 0), ("γ", 1), ("β", 2)],
)
def test_answers_are_those_with_means_put_in_by_hand(
    run: TrainedModel, found: Analysis, parameter: str, layer: int
) -> None:
    table = found.tables["replaced"]
    is_it = (table["parameter"] == parameter) & (table["layer"] == layer)
    at = int(np.flatnonzero(is_it)[0])
    by_hand = _right(run, tuple(parameter.replace(" and ", "")), layer)
    np.testing.assert_array_equal(_kept(found)[at], by_hand)
    assert table["accuracy"][at] == by_hand.mean()


def test_less_is_right_without_what_gamma_says(found: Analysis) -> None:
    accuracies = found.tables["replaced"]["accuracy"]
    assert accuracies[0] == 1
    assert (accuracies[1:4] < 1).all()


def test_undisturbed_the_network_is_as_it_was_judged(
    run: TrainedModel, found: Analysis
) -> None:
    judged = evaluate(
        run.network, run.open("val"), device="cpu", precision=run.config.train.precision
    )
    np.testing.assert_array_equal(_kept(found)[0], judged.correct)


def test_no_noise_changes_nothing_and_other_seeds_are_other_noise(
    run: TrainedModel,
) -> None:
    tables = disturb(run, "val", noises=(1e-9, 5.0), n_seeds=4).tables
    noise, as_it_is = tables["noise"], tables["replaced"]["accuracy"][0]
    assert (noise.loc[noise["noise"] == 1e-9, "accuracy"] == as_it_is).all()
    of_gamma = noise[(noise["noise"] == 5) & (noise["parameter"] == "γ")]
    assert len(set(of_gamma["accuracy"])) > 1


def test_the_same_run_gives_the_same_numbers(
    run: TrainedModel, found: Analysis
) -> None:
    again = disturb(run, "val", noises=(0.5, 4.0), n_seeds=2)
    for name, table in found.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table)


def test_what_no_question_changes_is_left_alone(store: Path) -> None:
    found = disturb(small_run(store, **{"model.film.beta": "zero"}), "val", 6)
    assert set(found.tables["replaced"]["parameter"]) == {"", "γ"}
    assert set(found.tables["noise"]["parameter"]) == {"γ"}


def test_a_block_that_hears_nothing_is_not_disturbed(store: Path) -> None:
    run = _knowing(store, **_ONE_DEAF)
    found = disturb(run, "val")
    assert found.about["layers"] == [2]
    assert set(found.tables["replaced"]["layer"]) == {0}
    by_hand = _right(run, ("γ",), 2)
    np.testing.assert_array_equal(_kept(found)[1], by_hand)
    assert not by_hand.all()


def test_a_conditional_norm_keeps_its_own_scale(store: Path) -> None:
    run = _knowing(store, **{"model.film.conditioning": "conditional_layer_norm"})
    with torch.no_grad():
        run.film.blocks[0].norm.weight.fill_(2.0)
    by_hand = _right(run, ("γ",), 0)
    np.testing.assert_array_equal(_kept(disturb(run, "val"))[1], by_hand)
    assert 0 < by_hand.mean() < 1
