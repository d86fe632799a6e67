"""Data has a name that changes with what is learnt from it, and with nothing else."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from film.config import ImageInput
from film.data import fingerprint
from film.data.dataset import open_dataset
from film.data.fingerprint import data_fingerprint
from film.data.prepare import PrepareOptions, prepare

MakeClevr = Callable[..., Path]


@pytest.fixture
def store(make_clevr: MakeClevr, tmp_path: Path) -> Path:
    list(prepare(make_clevr(), tmp_path / "store"))
    return tmp_path / "store"


def name_of(store: Path) -> str:
    return data_fingerprint(store, ImageInput.PIXELS)


def test_a_dataset_has_the_name_of_its_store(store: Path) -> None:
    train = open_dataset(store, "train", ImageInput.PIXELS)
    val = open_dataset(store, "val", ImageInput.PIXELS)
    assert train.fingerprint == val.fingerprint == name_of(store)
    assert len(name_of(store)) == 12


def test_place_compression_padding_and_row_order_do_not_matter(
    store: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "a copy"
    shutil.copytree(store, copy)
    (copy / "test.h5").unlink()
    with h5py.File(copy / "train.h5", "r+") as file:
        file.attrs["note"] = "more"
        images, questions = file["images"][:][::-1], file["questions"][:]
        image_ids = file["image_ids"][:][::-1]
        for name in ("images", "questions", "image_ids", "question_families"):
            del file[name]
        file.create_dataset("images", data=images, compression="gzip")
        file["questions"] = np.pad(questions, ((0, 0), (0, 5)))
        file["image_ids"] = image_ids
    assert name_of(copy) == name_of(store)


def test_where_no_image_is_seen_only_questions_name_the_data(store: Path) -> None:
    before = data_fingerprint(store, None)
    assert before != name_of(store)
    for split in ("train", "val"):
        with h5py.File(store / f"{split}.h5", "r+") as file:
            del file["images"]
    assert data_fingerprint(store, None) == before
    with h5py.File(store / "val.h5", "r+") as file:
        file["answers"][0] = file["answers"][0] - 1
    assert data_fingerprint(store, None) != before


@pytest.mark.parametrize("split", ["train", "val"])
@pytest.mark.parametrize("name", ["questions", "answers", "images", "image_idxs"])
def test_what_is_learnt_from_changes_the_name(
    store: Path, split: str, name: str
) -> None:
    before = name_of(store)
    with h5py.File(store / f"{split}.h5", "r+") as file:
        values = file[name][:]
        if name == "image_idxs":
            file["image_ids"][:] = file["image_ids"][:] + 1
            file[name][:] = values + 1
        else:
            values.flat[-1] = 4 if values.flat[-1] != 4 else 5
            file[name][:] = values
    assert name_of(store) != before


def test_a_larger_vocabulary_changes_the_name(store: Path) -> None:
    before = name_of(store)
    path = store / "vocab.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    words = content["question_token_to_idx"]
    words["more"] = len(words)
    path.write_text(json.dumps(content), encoding="utf-8")
    for split in ("train", "val"):
        with h5py.File(store / f"{split}.h5", "r+") as file:
            del file.attrs["vocabulary"]
    assert name_of(store) != before


def test_large_images_are_sampled_and_their_number_counts(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = name_of(store)
    monkeypatch.setattr(fingerprint, "_WHOLE_BYTES", 0)
    sampled = name_of(store)
    assert sampled != whole
    with h5py.File(store / "train.h5", "r+") as file:
        file["images"][0, 0, 0, 0] = 200
    assert name_of(store) != sampled


def test_a_recorded_name_is_taken_where_train_and_val_agree(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    out = tmp_path / "store"
    list(prepare(make_clevr(), out, PrepareOptions(fingerprint="world-1")))
    assert name_of(out) == "world-1"
    with h5py.File(out / "val.h5", "r+") as file:
        file.attrs["fingerprint"] = "world-2"
    assert name_of(out) not in {"world-1", "world-2"}


def test_programs_name_the_data_for_whom_reads_them_and_for_nobody_else(
    store: Path,
) -> None:
    def names() -> tuple[str, str]:
        plain, programs = (
            data_fingerprint(store, None, with_programs=reads)
            for reads in (False, True)
        )
        return plain, programs

    def change(how: Callable[[np.ndarray], np.ndarray]) -> None:
        with h5py.File(store / "val.h5", "r+") as file:
            programs = file["programs"][:]
            del file["programs"]
            file["programs"] = how(programs)

    before = names()
    assert before[0] != before[1]
    change(lambda programs: np.pad(programs, ((0, 0), (0, 3))))
    assert names() == before
    change(lambda programs: programs[::-1])
    other = names()
    assert other[0] == before[0]
    assert other[1] != before[1]
    with h5py.File(store / "val.h5", "r+") as file:
        del file["programs"]
    assert names()[0] == before[0]
    assert names()[1] not in {before[1], other[1]}


def test_a_dataset_is_named_with_programs_for_whom_reads_them(store: Path) -> None:
    data = open_dataset(store, "train", None)
    assert data.fingerprint == data_fingerprint(store, None)
    named = data.named_with_programs()
    assert named.fingerprint == data_fingerprint(store, None, with_programs=True)
    assert named.head(2).fingerprint == named.fingerprint != data.fingerprint
