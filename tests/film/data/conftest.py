"""A CLEVR small enough to check by eye: two training and one validation image."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Entry = dict[str, Any]
MakeClevr = Callable[..., Path]

SCENE = {"function": "scene", "inputs": [], "value_inputs": []}


def node(function: str, inputs: list[int], *values: str) -> Entry:
    return {"function": function, "inputs": inputs, "value_inputs": list(values)}


def question(
    place: int, image: int, text: str, answer: str, program: list[Entry], **more: int
) -> Entry:
    return {
        "image_index": image,
        "image_filename": f"CLEVR_train_{image:06d}.png",
        "question_index": place,
        "question": text,
        "answer": answer,
        "program": program,
        "question_family_index": more.get("family", 84),
    }


COUNT_RED = [SCENE, node("filter_color", [0], "red"), node("count", [1])]
IS_THERE_A_BALL = [SCENE, node("filter_shape", [0], "sphere"), node("exist", [1])]
COLOR_OF_THE_CUBE = [
    *(SCENE, node("filter_shape", [0], "cube"), node("unique", [1])),
    node("query_color", [2]),
]
FEWER_RED_THAN_ALL = [
    *(*COUNT_RED, SCENE, node("count", [3])),
    node("less_than", [2, 4]),
]
SAME_SIZE = [
    *(SCENE, node("unique", [0]), node("query_size", [1])),
    *(SCENE, node("unique", [3]), node("query_size", [4])),
    node("equal_size", [2, 5]),
]

TRAIN = [
    question(0, 0, "How many red things are there?", "2", COUNT_RED, family=87),
    question(1, 0, "Is there a ball?", "yes", IS_THERE_A_BALL),
    question(2, 7, "What color is the cube?", "blue", COLOR_OF_THE_CUBE, family=85),
    question(3, 7, "Are there fewer  red things?", "no", FEWER_RED_THAN_ALL, family=2),
]
VAL = [
    question(0, 3, "Is there a red ball?", "no", IS_THERE_A_BALL),
    question(1, 3, "Do both have a size; a size?", "yes", SAME_SIZE, family=20),
]


def picture(image: int, width: int, height: int) -> Image.Image:
    """Draw an image that tells which one it is: its red channel is its number."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[..., 0] = image
    pixels[..., 1] = np.arange(width)
    pixels[..., 2] = np.arange(height)[:, None]
    return Image.fromarray(pixels)


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def without_answers(questions: list[Entry]) -> list[Entry]:
    hidden = {"answer", "program", "question_family_index"}
    return [
        {key: value for key, value in entry.items() if key not in hidden}
        for entry in questions
    ]


def write_clevr(
    folder: Path,
    *,
    train: list[Entry] = TRAIN,
    val: list[Entry] = VAL,
    size: tuple[int, int] = (12, 8),
) -> Path:
    """Write a folder as CLEVR is unpacked; the test split lacks answers."""
    splits = {"train": train, "val": val, "test": without_answers(VAL)}
    for split, questions in splits.items():
        path = folder / "questions" / f"CLEVR_{split}_questions.json"
        write_json(path, {"info": {"split": split}, "questions": questions})
        images = folder / "images" / split
        images.mkdir(parents=True, exist_ok=True)
        for entry in questions:
            picture(entry["image_index"], *size).save(images / entry["image_filename"])
    return folder


@pytest.fixture
def make_clevr(tmp_path: Path) -> MakeClevr:
    """Give a function that writes a tiny CLEVR and returns its folder."""

    def make(**changes: Any) -> Path:
        return write_clevr(tmp_path / "clevr", **changes)

    return make
