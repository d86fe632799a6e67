"""Questions about any picture: words, what the network is fed, answers, arithmetic."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from film.analysis.asking import (
    ask,
    picture_input,
    plan_ask,
    stored_extractor,
    stored_input,
    unknown_words,
)
from film.analysis.model import TrainedModel
from film.config import ImageInput
from film.data.images import read_pixels
from film.data.stored_images import find_images
from film.errors import AnalysisError, ConfigError
from film.model.build import build_network
from film.training.best import Best
from film.world.features.extraction import EXTRACTOR_NAME, extract_features
from tests.film.analysis.small_run import SHAPE, small_run, write_small_store

ASKED = [
    ("Is there a cube?", "exist filter_shape[cube] scene", "yes", 3),
    ("How many cubes are there?", "count filter_shape[cube] scene", "2", 7),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    return small_run(write_small_store(tmp_path_factory.mktemp("store"), ASKED))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    pixels = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def fed_with(model: TrainedModel, shape: tuple[int, int, int], **changes: Any) -> Best:
    config = model.config.with_changes(changes)
    sizes = replace(model.best.sizes, image_shape=shape)
    weights = build_network(config.model, sizes).state_dict()
    return replace(model.best, config=config, sizes=sizes, weights=weights)


def test_unknown_words_are_named_once_with_what_may_have_been_meant(
    model: TrainedModel,
) -> None:
    found = unknown_words(" Is there a cub  and  a cub?", model.vocabulary)
    assert [(one.word, one.hint) for one in found] == [
        ("cub", " (did you mean 'cube'?)"),
        ("and", ""),
    ]
    assert unknown_words("Is there a cube?", model.vocabulary) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  ? ", "the question has no words"),
        ("wat izzit", r"knows no word of the question \(wat, izzit\)"),
        ("<NULL>", "knows no word"),
    ],
)
def test_a_question_without_a_known_word_is_refused(
    model: TrainedModel, text: str, said: str
) -> None:
    with pytest.raises(AnalysisError, match=said):
        unknown_words(text, model.vocabulary)


def test_the_answer_is_what_the_network_answers_to_the_stored_question(
    model: TrainedModel,
) -> None:
    fed = stored_input(find_images(model.data, "val", ImageInput.FEATURES), 7)
    assert fed.shape == (1, *SHAPE)
    reply = ask(model.best, " How many  cubes are there?", fed)
    batch = model.open("val").batch(np.array([1]))
    with torch.inference_mode():
        logits = model.film(batch.questions, batch.images).double()[0]
    words = model.vocabulary.answers
    for answer, share in reply.probabilities.items():
        expected = logits.softmax(dim=0)[words.index(answer)]
        assert share == pytest.approx(float(expected), rel=1e-4)
    shares = list(reply.probabilities.values())
    assert shares == sorted(shares, reverse=True)
    assert not set(reply.probabilities) & {"<NULL>", "<START>", "<END>", "<UNK>"}
    assert reply.answer == next(iter(reply.probabilities))
    assert reply.winners is not None
    assert reply.winners.shape == SHAPE[1:]


def test_a_picture_that_is_not_in_the_split_is_refused(model: TrainedModel) -> None:
    stored = find_images(model.data, "val", ImageInput.FEATURES)
    assert stored_extractor(stored) is None
    with pytest.raises(AnalysisError, match="no picture 4; it has 2, numbered from 3"):
        stored_input(stored, 4)


def test_pixels_are_fed_at_the_size_that_was_learnt_from(
    model: TrainedModel, picture: Path
) -> None:
    best = fed_with(model, (3, 32, 48), **{"model.stem.input": "pixels"})
    fed = picture_input(picture, best)
    expected = read_pixels(picture, (32, 48))
    np.testing.assert_allclose(fed[0].numpy() * 255, expected, atol=1e-4)


def test_features_are_those_that_a_world_stores_of_the_picture(
    model: TrainedModel, picture: Path
) -> None:
    best = fed_with(model, (32, 8, 12))
    fed = picture_input(picture, best, made_by=EXTRACTOR_NAME)
    expected = extract_features(read_pixels(picture)[None])
    np.testing.assert_array_equal(fed.numpy(), expected.astype(np.float32))


def test_a_system_that_sees_no_picture_is_fed_none(
    model: TrainedModel, picture: Path
) -> None:
    blind = fed_with(model, (0, 0, 0), **{"model.architecture": "lstm"})
    fed = picture_input(picture, blind)
    assert fed.shape == (1, 0, 0, 0)
    reply = ask(blind, "Is there a cube?", fed)
    assert reply.winners is None
    assert sum(reply.probabilities.values()) <= 1
    swap = plan_ask("Is there a red cube?", "red cube", None, blind.vocabulary)
    with pytest.raises(AnalysisError, match="the system lstm, which has no FiLM"):
        ask(blind, "Is there a red cube?", fed, swap)


def test_features_of_an_extractor_that_is_not_here_are_refused(
    model: TrainedModel, picture: Path
) -> None:
    with pytest.raises(AnalysisError, match="name a picture of its data by its number"):
        picture_input(picture, model.best)
    with pytest.raises(
        AnalysisError, match=f"features of world 0, .* {EXTRACTOR_NAME}"
    ):
        picture_input(picture, fed_with(model, (32, 8, 12)), made_by="world 0")


def test_without_torchvision_a_run_of_resnet_features_is_refused_in_a_line(
    model: TrainedModel, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    best = replace(
        model.best, sizes=replace(model.best.sizes, image_shape=(1024, 14, 14))
    )
    with pytest.raises(ConfigError, match="need torchvision"):
        picture_input(picture, best)


def test_the_arithmetic_changes_the_answer_s_parameters(model: TrainedModel) -> None:
    text = "Is there a red cube?"
    fed = stored_input(find_images(model.data, "val", ImageInput.FEATURES), 3)
    swap = plan_ask(text, "red cubes", "blue sphere", model.vocabulary)
    assert [" ".join(words) for words in (*swap.added, *swap.taken)] == [
        "Is there a red sphere",
        "Is there a blue cube",
        "Is there a blue sphere",
    ]
    plain, swapped = ask(model.best, text, fed), ask(model.best, text, fed, swap)
    assert plain.probabilities != swapped.probabilities


@pytest.mark.parametrize(
    ("phrase", "by", "said"),
    [
        ("red", None, "'red' is no colour and shape, as 'blue cylinder' is"),
        ("blue cube", None, "does not name a 'blue cube'; it names 'red cube'"),
        ("red sphere", None, "say what replaces 'red sphere'"),
        ("red cube", "red sphere", "another colour and another shape"),
        ("red cube", "purple sphere", "colours that it knows: blue, brown, cyan"),
    ],
)
def test_a_phrase_that_cannot_be_put_together_is_refused_in_a_line(
    model: TrainedModel, phrase: str, by: str | None, said: str
) -> None:
    with pytest.raises(AnalysisError, match=said):
        plan_ask("Is there a red cube?", phrase, by, model.vocabulary)
