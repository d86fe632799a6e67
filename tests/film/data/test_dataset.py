"""Batches hold what the files hold, for our stores and for a researcher's files."""

import json
import pickle
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from film.config import ImageInput
from film.data.dataset import Batch, open_dataset
from film.data.outline import outline_of
from film.data.prepare import PrepareOptions, prepare
from film.data.programs import QuestionType
from film.data.vocabulary import build_vocabulary, write_vocabulary
from film.errors import DataError

MakeClevr = Callable[..., Path]

TYPES = list(QuestionType)


@pytest.fixture
def store(make_clevr: MakeClevr, tmp_path: Path) -> Path:
    """Give a store with pixels and float16 features of the tiny CLEVR."""

    def extract(images: np.ndarray) -> np.ndarray:
        return np.repeat(images[:, :1, :2, :2], 5, axis=1).astype(np.float16) / 4

    out = tmp_path / "store"
    list(prepare(make_clevr(), out, PrepareOptions(extractor=extract)))
    return out


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Give files as clevr-iep writes them: 5 questions about 4 images."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    vocabulary = build_vocabulary(["Is it red?"])
    write_vocabulary(vocabulary, folder / "vocab.json")
    programs = [
        ["count", "filter_color[red]", "scene"],
        ["exist", "scene"],
        ["less_than", "count", "scene", "count", "scene"],
        ["query_size", "unique", "scene"],
        ["equal_shape", "query_shape", "unique", "scene"],
    ]
    longest = max(map(len, programs)) + 2
    encoded = [vocabulary.encode_program(tokens) for tokens in programs]
    for split in ("train", "val"):
        with h5py.File(folder / f"{split}_questions.h5", "w") as file:
            file["questions"] = np.array(
                [[1, 4, 5, 2, 0, 0]] * 4 + [[1, 4, 5, 6, 2, 0]], dtype=np.int32
            )
            file["image_idxs"] = np.array([3, 0, 0, 2, 3])
            file["orig_idxs"] = np.arange(5)
            file["answers"] = np.array([5, 31, 24, 28, 31])
            file["question_families"] = np.array([87, 84, 1, 86, 10])
            file["types"] = np.array([4, 0, 3, 1, 2])  # numbers of another run
            file["programs"] = np.array(
                [row + [0] * (longest - len(row)) for row in encoded], dtype=np.int32
            )
        with h5py.File(folder / f"{split}_features.h5", "w") as file:
            rng = np.random.default_rng(0)
            file["features"] = rng.random((4, 6, 2, 3), dtype=np.float32)
    return folder


def change(path: Path, name: str, values: Any) -> None:
    with h5py.File(path, "r+") as file:
        if name in file:
            del file[name]
        if values is h5py.Group:
            file.create_group(name)
        elif values is not None:
            file[name] = values


@pytest.mark.parametrize("in_memory", [True, False])
class TestBatches:
    def test_rows_come_in_the_order_asked_with_their_own_images(
        self, store: Path, *, in_memory: bool
    ) -> None:
        data = open_dataset(store, "train", ImageInput.PIXELS, in_memory=in_memory)
        batch = data.batch(np.array([3, 0, 2, 3]))
        assert data.is_in_memory is in_memory
        assert batch.images.dtype == torch.float32
        assert (batch.images[:, 0, 0, 0] * 255).tolist() == [7, 0, 7, 7]
        assert (batch.images[0, 1, 0] * 255).round().tolist() == list(range(12))
        answers = [data.vocabulary.answers[number] for number in batch.answers]
        assert answers == ["no", "2", "blue", "no"]

    def test_padding_is_cut_to_the_longest_question_of_the_batch(
        self, store: Path, *, in_memory: bool
    ) -> None:
        data = open_dataset(store, "train", ImageInput.PIXELS, in_memory=in_memory)
        assert data.batch(np.array([1])).questions.shape == (1, 6)
        both = data.batch(np.array([1, 3])).questions
        assert both.shape == (2, 8)
        assert both.dtype == torch.int64
        assert both[0].tolist()[-3:] == [2, 0, 0]
        assert both[1, -1] == 2

    def test_half_precision_features_become_single(
        self, store: Path, *, in_memory: bool
    ) -> None:
        data = open_dataset(store, "train", ImageInput.FEATURES, in_memory=in_memory)
        batch = data.batch(np.array([2, 1]))
        assert data.image_shape == (5, 2, 2)
        assert batch.images.dtype == torch.float32
        assert batch.images[0].unique().tolist() == [7 / 4]
        assert batch.images[1].unique().tolist() == [0]

    def test_a_foreign_files_row_is_the_image_of_that_number(
        self, foreign: Path, *, in_memory: bool
    ) -> None:
        data = open_dataset(foreign, "val", ImageInput.FEATURES, in_memory=in_memory)
        with h5py.File(foreign / "val_features.h5") as file:
            features = file["features"][:]
        batch = data.batch(np.arange(5))
        assert np.array_equal(batch.images.numpy(), features[[3, 0, 0, 2, 3]])
        assert batch.questions.shape == (5, 5)

    def test_a_copy_in_another_process_reads_the_same(
        self, store: Path, *, in_memory: bool
    ) -> None:
        data = open_dataset(store, "train", ImageInput.PIXELS, in_memory=in_memory)
        rows = np.array([3, 1])
        before = data.batch(rows)
        copy = pickle.loads(pickle.dumps(data))  # noqa: S301 (our own bytes)
        assert torch.equal(copy.batch(rows).images, before.images)


@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("in_memory", [True, False])
def test_numbers_of_other_machines_give_the_same_batches(
    foreign: Path, byte_order: str, *, in_memory: bool
) -> None:
    def batch() -> Batch:
        data = open_dataset(foreign, "train", ImageInput.FEATURES, in_memory=in_memory)
        return data.batch(np.arange(5))

    before = batch()
    for part, names in {
        "questions": ("questions", "answers", "image_idxs", "programs", "types"),
        "features": ("features",),
    }.items():
        path = foreign / f"train_{part}.h5"
        with h5py.File(path) as file:
            found = {name: file[name][:] for name in names}
        for name, values in found.items():
            kind = "f" if name == "features" else "i"
            change(path, name, values.astype(f"{byte_order}{kind}4"))
    after = batch()
    assert after.answers.dtype == torch.int64
    for field in fields(Batch):
        assert torch.equal(getattr(after, field.name), getattr(before, field.name))


def test_questions_are_served_without_any_image(store: Path) -> None:
    rows = np.array([3, 0, 2, 3])
    seeing = open_dataset(store, "train", ImageInput.PIXELS, in_memory=True).batch(rows)
    change(store / "train.h5", "images", None)
    change(store / "train.h5", "features", None)
    data = open_dataset(store, "train", None)
    batch = data.batch(rows)
    assert data.image_shape == (0, 0, 0)
    assert batch.images.shape == (4, 0, 0, 0)
    assert batch.questions.equal(seeing.questions)
    assert batch.answers.equal(seeing.answers)


def test_every_question_has_its_image_type_and_family(store: Path) -> None:
    data = open_dataset(store, "train", ImageInput.PIXELS)
    assert len(data) == 4
    assert data.image_ids.tolist() == [0, 0, 7, 7]
    assert data.families.tolist() == [87, 84, 85, 2]
    assert [TYPES[number] for number in data.types] == [
        *("count", "exist", "query_attribute", "compare_numbers")
    ]
    assert data.types.dtype == np.int8
    assert data.has_answers


def test_a_test_split_has_no_answers_types_or_families(store: Path) -> None:
    data = open_dataset(store, "test", ImageInput.PIXELS)
    assert not data.has_answers
    assert data.batch(np.array([1, 0])).answers.tolist() == [-1, -1]
    assert data.types.tolist() == data.families.tolist() == [-1, -1]


def test_small_data_is_held_in_memory_by_itself(store: Path) -> None:
    assert open_dataset(store, "train", ImageInput.PIXELS).is_in_memory


def test_many_processes_that_share_the_memory_read_from_the_file(store: Path) -> None:
    data = open_dataset(store, "train", ImageInput.PIXELS, n_sharing=10**12)
    assert not data.is_in_memory


def test_types_of_a_foreign_file_come_from_its_programs(foreign: Path) -> None:
    data = open_dataset(foreign, "train", ImageInput.FEATURES)
    assert [TYPES[number] for number in data.types] == TYPES
    change(foreign / "train_questions.h5", "types", None)
    data = open_dataset(foreign, "train", ImageInput.FEATURES)
    assert [TYPES[number] for number in data.types] == TYPES


def test_types_are_unknown_without_programs(foreign: Path) -> None:
    for name in ("programs", "question_families", "orig_idxs"):
        change(foreign / "train_questions.h5", name, None)
    data = open_dataset(foreign, "train", ImageInput.FEATURES)
    assert set(data.types.tolist()) == set(data.families.tolist()) == {-1}


def test_types_come_from_programs_in_postfix_order(foreign: Path) -> None:
    path = foreign / "train_questions.h5"
    with h5py.File(path) as file:
        prefix = file["programs"][:]
    postfix = np.zeros_like(prefix)
    for row, tokens in zip(postfix, prefix, strict=True):
        inner = tokens[tokens > 2][::-1]
        row[: len(inner) + 2] = [1, *inner, 2]
    change(path, "programs", postfix)
    data = open_dataset(foreign, "train", ImageInput.FEATURES)
    assert [TYPES[number] for number in data.types] == TYPES


def test_types_are_told_by_their_names_and_not_their_numbers(store: Path) -> None:
    with h5py.File(store / "train.h5", "r+") as file:
        names = list(file["types"].attrs["type_names"])
        file["types"][:] = 4 - file["types"][:]
        file["types"].attrs["type_names"] = names[::-1]
    data = open_dataset(store, "train", ImageInput.PIXELS)
    assert data.types.tolist() == [0, 1, 3, 2]


def test_pixels_written_by_clevr_iep_are_used_as_they_are(foreign: Path) -> None:
    pixels = np.random.default_rng(1).random((4, 3, 5, 5), dtype=np.float32)
    change(foreign / "train_features.h5", "features", pixels)
    data = open_dataset(foreign, "train", ImageInput.PIXELS)
    assert np.array_equal(data.batch(np.array([3])).images[0].numpy(), pixels[2])
    with pytest.raises(DataError, match=r"has no features of 'train'"):
        open_dataset(foreign, "train", ImageInput.FEATURES)


class TestMistakes:
    @pytest.mark.parametrize(
        ("name", "values", "message"),
        [
            ("questions", None, r"has no 'questions'; it has answers, image_idxs"),
            ("questions", np.zeros((0, 3), int), r"has no questions"),
            ("questions", np.zeros(5), r"'questions' is float64 with shape \(5,\)"),
            ("answers", np.arange(4), r"'answers' has 4 rows, and 'questions' 5"),
            (
                "answers",
                np.full(5, 32),
                r"'answers' has the number 32, and the vocabulary has 32; is vocab",
            ),
            ("questions", np.full((5, 2), -1), r"'questions' has the number -1"),
            ("questions", np.zeros((5, 2), int), r"'questions' has a row without wor"),
            ("questions", np.zeros((5, 0), int), r"'questions' has a row without wor"),
            (
                "questions",
                np.array([[1, 4, 2, 0], [0, 1, 4, 2]] * 2 + [[1, 0, 4, 2]]),
                r"row 1 of 'questions' has padding before a word; padding belongs at",
            ),
            (
                "programs",
                np.array([[0, 1, 4, 2]] * 5),
                r"row 0 of 'programs' has padding before a word",
            ),
            (
                "question_families",
                np.array([0, 1, 2, 3, 2**15]),
                r"'question_families' has the number 32768; a family is a number from",
            ),
            ("answers", 3, r"'answers' is int64 with shape \(\), not whole numbers wi"),
            ("answers", ["a"] * 5, r"'answers' is object with shape \(5,\), not whole"),
            ("questions", h5py.Group, r"'questions' is a group, not whole numbers"),
            ("image_idxs", h5py.Group, r"'image_idxs' is a group, not whole numbers"),
            (
                "image_idxs",
                np.array([0, 4, 5, 5, 0]),
                r"_features\.h5: 2 images .* not there, the first is 4; .* 0 to 3",
            ),
        ],
    )
    def test_a_broken_file_of_questions_is_refused(
        self, foreign: Path, name: str, values: Any, message: str
    ) -> None:
        change(foreign / "train_questions.h5", name, values)
        with pytest.raises(DataError, match=message) as error:
            open_dataset(foreign, "train", ImageInput.FEATURES)
        assert "\n" not in str(error.value)

    @pytest.mark.parametrize(
        ("name", "values", "message"),
        [
            ("features", h5py.Group, r"'features' is a group, not floating-point numb"),
            ("features", 1.0, r"'features' is float64 with shape \(\), not floating"),
            (
                "features",
                [[[["a"]]]],
                r"'features' is object with shape \(1, 1, 1, 1\)",
            ),
            ("features", np.zeros((0, 6, 2, 3)), r"'features' is empty, its shape is"),
            ("image_ids", h5py.Group, r"'image_ids' is a group, not whole numbers"),
            ("image_ids", np.zeros(4), r"'image_ids' is float64 with shape \(4,\), n"),
        ],
    )
    def test_a_broken_file_of_features_is_refused(
        self, foreign: Path, name: str, values: Any, message: str
    ) -> None:
        change(foreign / "train_features.h5", name, values)
        with pytest.raises(DataError, match=message) as error:
            open_dataset(foreign, "train", ImageInput.FEATURES)
        assert "\n" not in str(error.value)

    def test_features_that_are_no_images_are_refused(self, foreign: Path) -> None:
        change(foreign / "train_features.h5", "features", np.zeros((4, 6)))
        with pytest.raises(DataError, match=r"float64 with shape \(4, 6\), not fl"):
            open_dataset(foreign, "train", ImageInput.FEATURES)

    def test_pixels_beyond_one_are_refused(self, foreign: Path) -> None:
        change(foreign / "train_features.h5", "features", np.full((4, 3, 2, 2), 200.0))
        with pytest.raises(DataError, match=r"but from 200 to 200 instead of 0 to 1"):
            open_dataset(foreign, "train", ImageInput.PIXELS)

    def test_a_split_that_is_not_there_names_those_that_are(self, store: Path) -> None:
        with pytest.raises(
            DataError,
            match=r"has no split 'dev' \(neither dev\.h5 nor dev_questions\.h5\); it "
            r"has train, val, test",
        ):
            open_dataset(store, "dev", ImageInput.PIXELS)

    def test_a_folder_that_is_no_store_says_what_makes_one(
        self, tmp_path: Path
    ) -> None:
        with pytest.raises(
            DataError, match=r"absent/vocab\.json does not exist; 'film"
        ):
            open_dataset(tmp_path / "absent", "train", ImageInput.PIXELS)

    def test_a_file_that_was_cut_off_is_named(self, store: Path) -> None:
        path = store / "train.h5"
        path.write_bytes(path.read_bytes()[:1000])
        with pytest.raises(DataError, match=r"train\.h5 is no HDF5 file or is cut off"):
            open_dataset(store, "train", ImageInput.PIXELS)

    def test_missing_images_say_where_they_were_looked_for(
        self, store: Path, foreign: Path
    ) -> None:
        change(store / "train.h5", "features", None)
        with pytest.raises(
            DataError,
            match=r"no features of 'train': not in train\.h5, and there is no train_f",
        ):
            open_dataset(store, "train", ImageInput.FEATURES)
        with pytest.raises(
            DataError,
            match=r"no pixels of 'val': not in val_questions\.h5 nor in val_feat",
        ):
            open_dataset(foreign, "val", ImageInput.PIXELS)

    def test_an_image_missing_from_our_store_is_named(self, store: Path) -> None:
        change(store / "train.h5", "image_ids", np.array([0, 8]))
        with pytest.raises(
            DataError, match=r"1 images .* first is 7; it holds 2 others"
        ):
            open_dataset(store, "train", ImageInput.PIXELS)
        change(store / "train.h5", "image_ids", np.array([0, 7, 8]))
        with pytest.raises(DataError, match=r"3 image_ids for 2 images"):
            open_dataset(store, "train", ImageInput.PIXELS)

    def test_another_vocabulary_beside_the_store_is_noticed(self, store: Path) -> None:
        content = json.loads((store / "vocab.json").read_text(encoding="utf-8"))
        numbers = content["question_token_to_idx"]
        numbers["red"], numbers["ball"] = numbers["ball"], numbers["red"]
        (store / "vocab.json").write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(
            DataError, match=r"train\.h5 was written with another vocab"
        ):
            open_dataset(store, "train", ImageInput.PIXELS)

    def test_types_with_foreign_names_are_refused(self, store: Path) -> None:
        with h5py.File(store / "train.h5", "r+") as file:
            file["types"].attrs["type_names"] = ["count", "colour"]
        with pytest.raises(DataError, match=r"type_names are count, colour; known are"):
            open_dataset(store, "train", ImageInput.PIXELS)
        for alone in ("colour", 3):
            with h5py.File(store / "train.h5", "r+") as file:
                file["types"].attrs["type_names"] = alone
            with pytest.raises(DataError, match=rf"type_names are {alone}; known are"):
                open_dataset(store, "train", ImageInput.PIXELS)
        with h5py.File(store / "train.h5", "r+") as file:
            file["types"].attrs["type_names"] = ["count", "exist"]
        with pytest.raises(DataError, match=r"'types' has numbers beyond its type_nam"):
            open_dataset(store, "train", ImageInput.PIXELS)


def test_the_first_questions_alone_are_the_same_questions(store: Path) -> None:
    whole = open_dataset(store, "train", ImageInput.FEATURES)
    part = whole.head(3)
    assert len(part) == 3
    assert len(whole) > 3
    rows = np.array([2, 0])
    for mine, its in zip(
        vars(part.batch(rows)).values(), vars(whole.batch(rows)).values(), strict=True
    ):
        assert torch.equal(mine, its)
    assert part.types.tolist() == whole.types[:3].tolist()
    assert part.fingerprint == whole.fingerprint


@pytest.mark.parametrize("kind", list(ImageInput))
def test_an_outline_says_what_a_store_holds(store: Path, kind: ImageInput) -> None:
    outline = outline_of(store, [kind, None])
    whole = open_dataset(store, "train", kind)
    every = whole.batch(np.arange(len(whole)))
    assert outline.n_train == len(whole)
    assert outline.n_val == len(open_dataset(store, "val", kind))
    assert outline.n_tokens >= every.questions.shape[1]
    assert outline.n_words == len(whole.vocabulary.question_token_to_idx)
    assert outline.n_answers == len(whole.vocabulary.answer_token_to_idx)
    assert outline.shape(kind) == whole.image_shape
    assert outline.shape(None) == (0, 0, 0)
