"""What a person is shown is what the files say, from CLEVR's own or from a store."""

import shutil
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np
import pytest

from film.data.examples import Choice, Example, read_examples, readable_program
from film.data.prepare import PrepareOptions, prepare
from film.data.programs import ProgramOrder
from film.errors import ConfigError, DataError


class MakeClevr(Protocol):
    def __call__(self, **changes: Any) -> Path: ...


@pytest.fixture
def clevr(make_clevr: MakeClevr) -> Path:
    return make_clevr()


def stored(clevr: Path, **options: Any) -> Path:
    out = clevr.parent / "store"
    list(prepare(clevr, out, PrepareOptions(**options)))
    return out


def red(example: Example) -> int:
    """Tell which image it is: the red channel of a picture is its number."""
    assert example.pixels is not None
    return int(example.pixels[0].max())


@pytest.mark.parametrize("is_store", [False, True])
def test_pictures_come_with_the_questions_about_them(
    clevr: Path, *, is_store: bool
) -> None:
    folder = stored(clevr) if is_store else clevr
    one, other = read_examples(folder, Choice(split="train"))
    assert [(one.split, one.image_index), red(one)] == [("train", 0), 0]
    assert [(other.split, other.image_index), red(other)] == [("train", 7), 7]
    assert one.pixels is not None
    assert one.pixels.shape == (3, 8, 12)
    assert [question.answer for question in one.questions] == ["2", "yes"]
    assert other.questions[1].program == (
        "less_than(scene » filter_color[red] » count, scene » count)"
    )
    mark = "" if is_store else "?"  # tokens have none
    assert other.questions[1].text == f"Are there fewer red things{mark}"
    assert one.questions[1].text == f"Is there a ball{mark}"


@pytest.mark.parametrize("is_store", [False, True])
def test_pictures_are_chosen_by_number(clevr: Path, *, is_store: bool) -> None:
    folder = stored(clevr) if is_store else clevr

    def indices(**choice: Any) -> list[int]:
        picked = read_examples(folder, Choice(split="train", **choice))
        return [one.image_index for one in picked]

    assert indices(count=1) == [0]
    assert indices(first=1) == [7]
    assert indices(images=(7,)) == [7]
    assert indices(images=(7, 0), count=1) == [7, 0]
    with pytest.raises(DataError, match="asks nothing about an image 5"):
        indices(images=(7, 5))
    with pytest.raises(DataError, match="asks about no image from number 8 on"):
        indices(first=8)
    with pytest.raises(DataError, match="has no split 'nope'; it has train, val, test"):
        read_examples(folder, Choice(split="nope"))


@pytest.mark.parametrize("is_store", [False, True])
def test_questions_without_answers_are_shown_as_they_are(
    clevr: Path, *, is_store: bool
) -> None:
    folder = stored(clevr) if is_store else clevr
    (one,) = read_examples(folder, Choice(split="test", n_questions=1))
    (question,) = one.questions
    assert (question.answer, question.program) == (None, None)
    (one,) = read_examples(folder, Choice(split="test", n_questions=0))
    assert one.questions == ()


def test_missing_pictures_are_passed_over_unless_asked_for(clevr: Path) -> None:
    (clevr / "images" / "train" / "CLEVR_train_000000.png").unlink()
    (one,) = read_examples(clevr, Choice(split="train"))
    assert one.image_index == 7
    with pytest.raises(DataError, match="has no picture CLEVR_train_000000"):
        read_examples(clevr, Choice(split="train", images=(0,)))
    shutil.rmtree(clevr / "images")
    with pytest.raises(DataError, match="say with --images where the pictures are"):
        read_examples(clevr, Choice(split="train"))


def test_no_picture_is_needed_for_questions_alone(clevr: Path) -> None:
    shutil.move(clevr / "images", clevr.parent / "elsewhere")
    examples = read_examples(clevr, Choice(split="train", with_pixels=False))
    assert [one.pixels for one in examples] == [None, None]
    images = clevr.parent / "elsewhere"
    assert list(map(red, read_examples(clevr, Choice(split="train"), images))) == [0, 7]


def test_a_store_may_have_no_pictures(clevr: Path) -> None:
    folder = stored(clevr, keep_pixels=False)
    with pytest.raises(DataError, match="stores no pictures of 'val'"):
        read_examples(folder, Choice())
    (one,) = read_examples(folder, Choice(with_pixels=False))
    assert one.questions[0].program == "scene » filter_shape[sphere] » exist"
    with pytest.raises(DataError, match="is a store, with pictures of its own"):
        read_examples(folder, Choice(), clevr / "images")


def test_pixels_of_clevr_iep_are_shown_as_bytes(clevr: Path) -> None:
    folder = stored(clevr)
    with h5py.File(folder / "val.h5", "a") as file:
        pixels = file["images"][:]
        del file["images"]
        file["features"] = (pixels / 255).astype(np.float32)
    (one,) = read_examples(folder, Choice())
    assert red(one) == 3


def test_a_folder_of_neither_kind_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds neither CLEVR's files"):
        read_examples(tmp_path, Choice())
    with pytest.raises(DataError, match="is no folder"):
        read_examples(tmp_path / "nope", Choice())


@pytest.mark.parametrize(
    ("choice", "line"),
    [({"count": 0}, "count must be at least 1"), ({"n_questions": -1}, "at least 0")],
)
def test_nothing_cannot_be_picked(choice: dict[str, int], line: str) -> None:
    with pytest.raises(ConfigError, match=line):
        Choice(**choice)


@pytest.mark.parametrize("order", [ProgramOrder.PREFIX, ProgramOrder.POSTFIX])
def test_a_program_reads_the_same_in_every_order(
    clevr: Path, order: ProgramOrder
) -> None:
    folder = stored(clevr, program_order=order)
    (one,) = read_examples(folder, Choice())
    assert one.questions[1].program == (
        "equal_size(scene » unique » query_size, scene » unique » query_size)"
    )


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (["scene"], "scene"),
        (["count", "union", "scene", "scene"], "union(scene, scene) » count"),
        (["count", "<UNK>", "scene"], "count <UNK> scene"),
        (["count", "scene", "scene"], "count scene scene"),
        (["union", "scene"], "union scene"),
        ([], ""),
    ],
)
def test_what_is_no_program_stays_as_it_is(tokens: list[str], text: str) -> None:
    assert readable_program(tokens) == text
