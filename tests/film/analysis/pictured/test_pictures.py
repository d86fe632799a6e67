"""Pictures are found as files, in the store, or said to be absent."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from film.analysis.pictured.pictures import find_pictures
from film.errors import DataError
from tests.film.analysis.small_run import write_small_store

ASKED = [("Is there a cube?", "exist filter_shape[cube] scene", "yes", 3)]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return write_small_store(tmp_path / "store", ASKED)


def write_picture(path: Path, color: tuple[int, int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (6, 4), color).save(path)


def test_the_pixels_of_the_store_are_taken_where_there_are_no_files(
    store: Path,
) -> None:
    found = find_pictures(store, "val")
    assert found.said == "store"
    pictures = found.arrays(np.array([3]))
    assert pictures["picture_0"].shape == (8, 12, 3)
    assert (pictures["picture_0"] == 3).all()


def test_clevr_s_own_files_beside_the_store_come_first(store: Path) -> None:
    clevr = store / "CLEVR_v1.0"
    (clevr / "questions").mkdir(parents=True)
    (clevr / "questions" / "CLEVR_val_questions.json").write_text("{}")
    write_picture(clevr / "images" / "val" / "CLEVR_val_000003.png", (9, 0, 0))
    found = find_pictures(store, "val")
    assert found.said == "files"
    pixels = found.read(3)
    assert pixels is not None
    assert pixels[:, 0, 0].tolist() == [9, 0, 0]
    with pytest.raises(DataError, match="no picture number 4"):
        found.read(4)


@pytest.mark.parametrize("inside", ["", "val", "valA"])
def test_a_folder_of_pictures_may_be_named(store: Path, inside: str) -> None:
    folder = store.parent / "pictures"
    write_picture(folder / inside / "CLEVR_val_000003.jpg", (200, 200, 200))
    found = find_pictures(store, "val", folder)
    pixels = found.read(3)
    assert pixels is not None
    assert abs(int(pixels[0, 0, 0]) - 200) < 3


def test_a_folder_without_pictures_is_refused(store: Path) -> None:
    with pytest.raises(
        DataError, match="holds no pictures, nor does a folder val in it"
    ):
        find_pictures(store, "val", store)


def test_without_pictures_there_are_none_and_that_is_said(store: Path) -> None:
    with h5py.File(store / "val.h5", "a") as file:
        del file["images"]
    found = find_pictures(store, "val")
    assert found.said == "absent"
    assert found.read(3) is None
    assert found.arrays(np.array([3])) == {}
