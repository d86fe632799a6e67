"""Draw a contact sheet: pictures with questions, answers and programs beneath.

Pillow's own font is used, so that a sheet looks the same on every machine.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final, final

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from film.data.examples import Example, ExampleQuestion
from film.errors import DataError

__all__ = ["Column", "draw_sheet", "write_sheet"]

_WIDTH: Final = 400  # of a picture, in pixels
_MARGIN: Final = 36  # around the sheet
_GAP: Final = 28  # between pictures
_COLUMN_GAP: Final = 64  # between folders
_MOST_COLUMNS: Final = {1: 3, 2: 2}  # of pictures for a folder, by number of folders
_MARK: Final = ("Software", "film data show")

_STEP_ENDS: Final = re.compile(r" (?!»)")  # no line begins with »

_TITLE: Final = 24
_CAPTION: Final = 13
_QUESTION: Final = 16
_PROGRAM: Final = 12
_LEADING: Final = 1.35

_INK: Final = "#1b1f24"
_ANSWER: Final = "#0b6e4f"
_FAINT: Final = "#6b7280"
_LINE: Final = "#d0d5dd"


@final
@dataclass(frozen=True)
class Column:
    """The pictures of one folder, under its name."""

    title: str
    examples: Sequence[Example]


@final
@dataclass(frozen=True)
class _Line:
    """A line of text in one or two colors, and the room above it."""

    pieces: tuple[tuple[str, str], ...]
    size: int
    space: int = 0

    @property
    def height(self) -> int:
        return self.space + round(self.size * _LEADING)


@final
@dataclass(frozen=True)
class _Card:
    """A picture and the lines beneath it."""

    picture: Image.Image
    lines: tuple[_Line, ...]

    @property
    def height(self) -> int:
        return self.picture.height + sum(line.height for line in self.lines)


def draw_sheet(columns: Sequence[Column]) -> Image.Image:
    """Draw pictures with their questions, folder beside folder.

    Args:
        columns: The folders, one or two; every example has its pixels.

    Returns:
        The sheet.
    """
    most = max(len(column.examples) for column in columns)
    across = min(most, _MOST_COLUMNS[len(columns)])
    rows = [_rows(column, across) for column in columns]
    n_rows = max(map(len, rows))
    heights = [
        max(
            card.height
            for some in rows
            for row in some[place : place + 1]
            for card in row
        )
        for place in range(n_rows)
    ]
    column_width = across * _WIDTH + (across - 1) * _GAP
    top = _MARGIN + round(_TITLE * 2)
    size = (
        2 * _MARGIN + len(columns) * column_width + (len(columns) - 1) * _COLUMN_GAP,
        top + sum(heights) + (n_rows - 1) * _GAP + _MARGIN,
    )
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for number, (column, some) in enumerate(zip(columns, rows, strict=True)):
        left = _MARGIN + number * (column_width + _COLUMN_GAP)
        draw.text((left, _MARGIN), column.title, font=_font(_TITLE), fill=_INK)
        y = top
        for row, height in zip(some, heights, strict=False):
            for place, card in enumerate(row):
                _draw_card(sheet, draw, card, (left + place * (_WIDTH + _GAP), y))
            y += height + _GAP
    return sheet


def write_sheet(sheet: Image.Image, path: Path) -> None:
    """Write a sheet as PNG, over an older sheet but over nothing else.

    Args:
        sheet: The sheet.
        path: The file; its folder is made if needed.

    Raises:
        DataError: If the file has another name than that of a PNG, or is there and
            no sheet.
    """
    if path.suffix.lower() != ".png":
        raise DataError(f"{path}: a sheet is a PNG; name it so: {path.stem}.png")
    if path.exists() and not _is_sheet(path):
        raise DataError(f"{path} is there and is no sheet; name another file (--out)")
    info = PngImagePlugin.PngInfo()
    info.add_text(*_MARK)
    content = BytesIO()
    sheet.save(content, "PNG", pnginfo=info, optimize=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.getvalue())


def _is_sheet(path: Path) -> bool:
    name, value = _MARK
    try:
        with Image.open(path) as image:
            return image.info.get(name) == value
    except OSError:
        return False


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def _rows(column: Column, across: int) -> list[list[_Card]]:
    cards = [_card(example) for example in column.examples]
    return [cards[start : start + across] for start in range(0, len(cards), across)]


def _card(example: Example) -> _Card:
    if example.pixels is None:
        raise ValueError("an example on a sheet needs its pixels")
    caption = f"{example.split}, image {example.image_index}"
    lines = [_Line(((caption, _FAINT),), _CAPTION, space=8)]
    for question in example.questions:
        lines += _question_lines(question)
    return _Card(_enlarged(example.pixels), tuple(lines))


def _question_lines(question: ExampleQuestion) -> Iterator[_Line]:
    *earlier, last = list(_wrapped(question.text.split(), _QUESTION)) or [""]
    space = 10
    for line in earlier:
        yield _Line(((line, _INK),), _QUESTION, space)
        space = 0
    if question.answer is None:
        yield _Line(((last, _INK),), _QUESTION, space)
    elif _length(f"{last}   {question.answer}", _QUESTION) <= _WIDTH:
        pieces = ((f"{last}   ", _INK), (question.answer, _ANSWER))
        yield _Line(pieces, _QUESTION, space)
    else:
        yield _Line(((last, _INK),), _QUESTION, space)
        yield _Line(((question.answer, _ANSWER),), _QUESTION)
    steps = _STEP_ENDS.split(question.program or "")
    for place, line in enumerate(_wrapped(steps, _PROGRAM)):
        yield _Line(((line, _FAINT),), _PROGRAM, space=0 if place else 3)


def _wrapped(words: Iterable[str], size: int) -> Iterator[str]:
    line = ""
    for word in words:
        longer = f"{line} {word}".lstrip()
        if line and _length(longer, size) > _WIDTH:
            yield line
            line = word
        else:
            line = longer
    if line:
        yield line


def _length(text: str, size: int) -> float:
    return _font(size).getlength(text)


# Every picture is as wide. Small ones keep their pixels, as squares that can be seen.
def _enlarged(pixels: UInt8[np.ndarray, "channels=3 height width"]) -> Image.Image:
    picture = Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    times = -(-_WIDTH // picture.width)
    if times > 2:  # noqa: PLR2004 (below, smooth edges look better)
        size = (picture.width * times, picture.height * times)
        picture = picture.resize(size, Image.Resampling.NEAREST)
    height = max(1, round(picture.height * _WIDTH / picture.width))
    return picture.resize((_WIDTH, height), Image.Resampling.LANCZOS)


def _draw_card(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, card: _Card, corner: tuple[int, int]
) -> None:
    left, y = corner
    sheet.paste(card.picture, corner)
    right, bottom = left + card.picture.width - 1, y + card.picture.height - 1
    draw.rectangle((left, y, right, bottom), outline=_LINE)
    y += card.picture.height
    for line in card.lines:
        x = float(left)
        for text, color in line.pieces:
            draw.text((x, y + line.space), text, font=_font(line.size), fill=color)
            x += _length(text, line.size)
        y += line.height
