"""Parts of a split, other words for it, and stores that ask about others' images."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from film.config import ImageInput
from film.data.dataset import open_dataset
from film.data.fingerprint import data_fingerprint
from film.data.vocabulary import UNKNOWN, Vocabulary, read_vocabulary
from film.errors import DataError

SPECIAL = ["<NULL>", "<START>", "<END>", "<UNK>"]


def write(folder: Path, words: list[str], *, with_images: bool) -> Path:
    folder.mkdir()
    maps = {"question": words, "program": ["exist", "scene"], "answer": ["no", "yes"]}
    vocabulary = {
        f"{kind}_token_to_idx": {word: n for n, word in enumerate([*SPECIAL, *some])}
        for kind, some in maps.items()
    }
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    for split in ("train", "val", "valB"):
        with h5py.File(folder / f"{split}.h5", "w") as file:
            file["questions"] = np.int32([[1, 4 + n % len(words), 2] for n in range(9)])
            file["answers"] = np.int64([4, 5, 4, 5, 4, 5, 4, 5, 4])
            file["image_idxs"] = np.int64([7, 7, 7, 5, 5, 5, 3, 3, 3])
            if with_images:
                file["features"] = np.float32(np.arange(8)[:, None, None, None])
                file["features"].attrs["of"] = split
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return write(tmp_path / "store", ["left", "right"], with_images=True)


@pytest.fixture
def humans(store: Path) -> Path:
    return write(store / "humans", ["left", "right", "odd"], with_images=False)


def test_what_comes_after_the_first_questions_shares_no_image_with_them(
    store: Path,
) -> None:
    data = open_dataset(store, "val", ImageInput.FEATURES)
    for n_questions, kept in ((3, [3, 4, 5, 6, 7, 8]), (4, [6, 7, 8]), (9, [])):
        rest = data.without_head(n_questions)
        assert rest.image_ids.tolist() == data.image_ids[kept].tolist()
        assert not set(rest.image_ids) & set(data.head(n_questions).image_ids)
    batch = data.without_head(4).batch(np.array([0]))
    assert float(batch.images.mean()) == 3.0


def test_a_question_in_other_words_keeps_those_that_both_know(humans: Path) -> None:
    known = read_vocabulary(humans.parent / "vocab.json")
    data = open_dataset(humans, "val", ImageInput.FEATURES)
    spoken = data.in_words_of(known).batch(np.arange(3)).questions
    assert spoken.tolist() == [[1, 4, 2], [1, 5, 2], [1, UNKNOWN, 2]]
    assert data.batch(np.arange(3)).questions[2, 1] == 6  # the data stay as they are


def test_words_are_matched_by_themselves_not_by_their_numbers(store: Path) -> None:
    theirs = read_vocabulary(store / "vocab.json")
    turned = {word: n for n, word in enumerate([*SPECIAL, "right", "left"])}
    other = Vocabulary(
        question_token_to_idx=turned,
        program_token_to_idx=theirs.program_token_to_idx,
        answer_token_to_idx=theirs.answer_token_to_idx,
    )
    data = open_dataset(store, "val", None).in_words_of(other)
    assert data.batch(np.arange(2)).questions[:, 1].tolist() == [5, 4]


def test_a_store_of_questions_asks_about_the_images_of_the_store_around_it(
    humans: Path,
) -> None:
    data = open_dataset(humans, "val", ImageInput.FEATURES)
    images = data.batch(np.array([0, 3, 6])).images
    assert images.mean(dim=(1, 2, 3)).tolist() == [7.0, 5.0, 3.0]


def test_a_store_of_questions_with_no_store_around_it_has_no_images(
    humans: Path,
) -> None:
    (humans.parent / "vocab.json").unlink()
    with pytest.raises(DataError, match="has no features of 'val'"):
        open_dataset(humans, "val", ImageInput.FEATURES)


def test_data_are_named_for_the_splits_that_are_used_alone(store: Path) -> None:
    usual = data_fingerprint(store, ImageInput.FEATURES)
    of_b = data_fingerprint(store, ImageInput.FEATURES, ("valB",))
    with h5py.File(store / "valB.h5", "r+") as file:
        file["answers"][0] = 5
    assert data_fingerprint(store, ImageInput.FEATURES) == usual
    assert data_fingerprint(store, ImageInput.FEATURES, ("valB",)) != of_b
    named = open_dataset(store, "valB", ImageInput.FEATURES, named_by=("valB",))
    assert named.fingerprint == data_fingerprint(store, ImageInput.FEATURES, ("valB",))


def test_a_name_covers_the_images_of_the_store_around(humans: Path) -> None:
    before = data_fingerprint(humans, ImageInput.FEATURES)
    with h5py.File(humans.parent / "train.h5", "r+") as file:
        file["features"][7] = -1
    assert data_fingerprint(humans, ImageInput.FEATURES) != before
