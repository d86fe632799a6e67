"""The files of a store are found, opened and matched with the images they hold."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from film.config import ImageInput
from film.data.hdf5 import open_file
from film.data.store import list_splits, question_path
from film.data.stored_images import StoredImages, stored_inputs
from film.errors import DataError


def images_with(image_ids: list[int] | None, n_rows: int) -> StoredImages:
    return StoredImages(
        path=Path("val.h5"),
        dataset="images",
        shape=(3, 4, 5),
        dtype=np.dtype(np.uint8),
        n_rows=n_rows,
        image_ids=None if image_ids is None else np.array(image_ids),
    )


@given(
    image_ids=st.lists(st.integers(0, 10**6), min_size=1, max_size=20, unique=True),
    data=st.data(),
)
def test_the_row_of_an_image_is_where_its_number_stands(
    image_ids: list[int], data: st.DataObject
) -> None:
    asked = data.draw(st.lists(st.sampled_from(image_ids), min_size=1))
    rows = images_with(image_ids, len(image_ids)).rows_of(np.array(asked))
    assert rows.tolist() == [image_ids.index(number) for number in asked]


def test_without_numbers_the_row_is_the_image() -> None:
    images = images_with(None, 3)
    assert images.rows_of(np.array([2, 0, 2])).tolist() == [2, 0, 2]
    assert images.nbytes_per_row == 3 * 4 * 5
    with pytest.raises(DataError, match=r"1 images .* the first is -1"):
        images.rows_of(np.array([2, -1]))


def test_own_and_foreign_names_are_splits_and_features_are_not(tmp_path: Path) -> None:
    for name in ("val_questions", "val_features", "train", "extra"):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["features" if name == "val_features" else "questions"] = [[1]]
    h5py.File(tmp_path / "stray.h5", "w").close()
    assert list_splits(tmp_path) == ["train", "val", "extra"]
    assert question_path(tmp_path, "val") == tmp_path / "val_questions.h5"
    assert question_path(tmp_path, "train") == tmp_path / "train.h5"


def test_pixels_and_features_are_told_apart_by_name_and_channels(
    tmp_path: Path,
) -> None:
    with h5py.File(tmp_path / "train.h5", "w") as file:
        file["images"] = np.zeros((1, 3, 2, 2), np.uint8)
    with h5py.File(tmp_path / "train_features.h5", "w") as file:
        file["features"] = np.zeros((1, 8, 2, 2), np.float32)
    with h5py.File(tmp_path / "val_questions.h5", "w") as file:
        file["questions"] = np.zeros((1, 2), np.int32)
    assert stored_inputs(tmp_path, "train") == list(ImageInput)
    assert stored_inputs(tmp_path, "val") == []
    with h5py.File(tmp_path / "val_features.h5", "w") as file:
        file["features"] = np.zeros((1, 3, 2, 2), np.float32)
    assert stored_inputs(tmp_path, "val") == [ImageInput.PIXELS]


def test_a_file_that_cannot_be_opened_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("no data", encoding="utf-8")
    with pytest.raises(DataError, match=r"text\.h5 is no HDF5 file or is cut") as error:
        open_file(tmp_path / "text.h5")
    assert "\n" not in str(error.value)
    with pytest.raises(DataError, match=r"absent\.h5 does not exist"):
        open_file(tmp_path / "absent.h5")
