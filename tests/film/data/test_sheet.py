"""A sheet shows every picture, has room for every word, and replaces no other file."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from film.data.examples import Example, ExampleQuestion
from film.data.sheet import Column, draw_sheet, write_sheet
from film.errors import DataError

RED, BLUE = (250, 10, 10), (10, 10, 250)
LONG = "There is a tiny thing that is left of another; " * 4


def example(
    color: tuple[int, int, int],
    *,
    size: tuple[int, int] = (16, 24),
    questions: tuple[ExampleQuestion, ...] = (),
) -> Example:
    pixels = np.broadcast_to(np.array(color, np.uint8)[:, None, None], (3, *size))
    return Example("val", 3, questions, pixels)


def area(sheet: Image.Image, color: tuple[int, int, int]) -> int:
    return int((np.asarray(sheet) == color).all(axis=-1).sum())


@pytest.mark.parametrize("size", [(16, 24), (160, 240), (320, 480), (600, 900)])
def test_every_picture_is_as_large_whatever_its_pixels(size: tuple[int, int]) -> None:
    sheet = draw_sheet([Column("a", [example(RED, size=size)])])
    assert area(sheet, RED) == pytest.approx(400 * 267, rel=0.02)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_no_picture_is_left_out(count: int) -> None:
    one = area(draw_sheet([Column("a", [example(RED)])]), RED)
    sheet = draw_sheet([Column("a", [example(RED)] * count)])
    assert area(sheet, RED) == count * one


def test_folders_stand_side_by_side() -> None:
    left = Column("left", [example(RED)] * 3)
    right = Column("right", [example(BLUE)])
    pixels = np.asarray(draw_sheet([left, right]))
    reds = np.flatnonzero((pixels == RED).all(axis=-1).any(axis=0))
    blues = np.flatnonzero((pixels == BLUE).all(axis=-1).any(axis=0))
    assert reds.max() < blues.min()


@pytest.mark.parametrize("answer", ["yes", None, "cylinder"])
def test_text_takes_room_and_stays_inside(answer: str | None) -> None:
    program = " » ".join(["scene", *["filter_material[rubber]"] * 20, "exist"])
    bare = draw_sheet([Column("a", [example(RED)])])
    said = ExampleQuestion(LONG, answer, program)
    full = draw_sheet([Column("a", [example(RED, questions=(said,) * 2)])])
    assert full.height > bare.height + 2 * 10 * 16
    margins = np.asarray(full)[:, [*range(30), *range(-30, 0)]]
    assert (margins == 255).all()
    assert (np.asarray(full)[-30:] == 255).all()


def test_an_answer_that_does_not_fit_goes_to_the_next_line() -> None:
    # One more letter of the question at a time: the answer is never cut off.
    green = (11, 110, 79)
    areas = set()
    for length in range(30, 60):
        said = ExampleQuestion("i" * length + " " + "w" * 20, "cylinder", None)
        sheet = draw_sheet([Column("a", [example(RED, questions=(said,))])])
        areas.add(area(sheet, green))
    assert max(areas) - min(areas) < 0.35 * max(areas)  # the same letters, shifted


def test_a_picture_is_needed() -> None:
    bare = Example("val", 3, (), None)
    with pytest.raises(ValueError, match="needs its pixels"):
        draw_sheet([Column("a", [bare])])


def test_a_sheet_replaces_a_sheet_and_nothing_else(tmp_path: Path) -> None:
    sheet = draw_sheet([Column("a", [example(RED)])])
    path = tmp_path / "new" / "sheet.png"
    write_sheet(sheet, path)
    write_sheet(draw_sheet([Column("a", [example(BLUE)])]), path)
    with Image.open(path) as written:
        assert area(written.convert("RGB"), BLUE)
    photo, note = tmp_path / "photo.png", tmp_path / "note.png"
    Image.new("RGB", (4, 4)).save(photo)
    note.write_text("not a picture")
    for other in (photo, note):
        before = other.read_bytes()
        with pytest.raises(DataError, match="is there and is no sheet"):
            write_sheet(sheet, other)
        assert other.read_bytes() == before
    with pytest.raises(DataError, match=r"a sheet is a PNG; name it so: sheet\.png"):
        write_sheet(sheet, tmp_path / "sheet.jpg")
