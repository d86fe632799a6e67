"""A world's loosely worded questions are read beside it, about the same pictures."""

from pathlib import Path
from shutil import rmtree

import numpy as np
import pytest

from film.config import ImageInput
from film.data.dataset import open_dataset
from film.data.fingerprint import data_fingerprint
from film.data.vocabulary import read_vocabulary
from film.errors import DataError
from film.world.config import HUMANS_STORE, WorldConfig
from film.world.humans import store_humans
from film.world.making import make_world

CONFIG = WorldConfig(
    cogent=True,
    n_train=60,
    n_val=4,
    questions_per_scene=1,
    width=48,
    height=32,
    samples_per_side=1,
    min_objects=2,
    max_objects=3,
    min_visible_pixels=1,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world") / "w"
    for _ in make_world(CONFIG, folder):
        pass
    for _ in store_humans(CONFIG, folder):
        pass
    return folder


def test_loose_questions_are_about_the_world_s_own_pictures(world: Path) -> None:
    for split in ("train", "val", "valB"):
        loose = open_dataset(world / HUMANS_STORE, split, ImageInput.FEATURES)
        plain = open_dataset(world, split, ImageInput.FEATURES)
        assert set(loose.image_ids) <= set(plain.image_ids)
        image = loose.image_ids[0]
        row = int(np.flatnonzero(plain.image_ids == image)[0])
        mine, its = loose.batch(np.array([0])), plain.batch(np.array([row]))
        assert (mine.images == its.images).all()


def test_their_words_come_behind_the_world_s_words(world: Path) -> None:
    plain = read_vocabulary(world / "vocab.json")
    loose = read_vocabulary(world / HUMANS_STORE / "vocab.json")
    n_known = len(plain.question_words)
    assert loose.question_words[:n_known] == plain.question_words
    assert len(loose.question_words) > n_known
    assert loose.answers == plain.answers


def test_they_have_a_name_that_is_known_before_they_are_made(world: Path) -> None:
    name = data_fingerprint(world / HUMANS_STORE, ImageInput.FEATURES)
    assert name == CONFIG.humans_fingerprint != CONFIG.fingerprint


def test_every_split_that_is_promised_is_there(world: Path) -> None:
    for name in CONFIG.stored_splits:
        store, _, split = name.rpartition("/")
        assert (world / store / f"{split}.h5").is_file()
    assert "valB" in CONFIG.stored_splits


def test_what_is_there_is_not_written_again(world: Path) -> None:
    assert list(store_humans(CONFIG, world)) == []


def test_a_world_without_clevr_s_files_has_none(world: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="made with --store-only"):
        list(store_humans(CONFIG, tmp_path))
    rmtree(world / HUMANS_STORE)
    assert list(store_humans(CONFIG, world))
