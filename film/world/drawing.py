"""The parts of a world that processes make side by side.

What a part holds depends on its own numbers alone, so the world is the same whatever
the number of processes. A part that is there is not made again. The module loads
without torch, since every process loads it.
"""

import colorsys
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from PIL import Image

from film.data.programs import Program
from film.errors import DataError
from film.world.config import ReasoningShares, WorldConfig
from film.world.layout import Layout
from film.world.parts import checksums, read_record, write_record, write_whole
from film.world.pictures.rendering import draw, draw_masks
from film.world.questions.asking import Ledger, ask
from film.world.questions.executor import SceneGraph
from film.world.questions.informal import say_loosely
from film.world.questions.language import say
from film.world.randomness import generator_for
from film.world.scenes import Scene, draw_scene, scene_entry

__all__ = [
    "PICTURES_PER_PART",
    "SCENES_PER_BALANCE",
    "ask_loosely",
    "ask_part",
    "ask_questions",
    "draw_part",
    "encode_picture",
    "read_part",
    "split_up",
]

PICTURES_PER_PART: Final = 20
"""What a process draws before it takes the next part, and may have to draw again."""

SCENES_PER_BALANCE: Final = 1000
"""Answers are balanced among the questions about so many scenes, whole parts."""

# People ask short questions; every type of question has some.
_SHORT: Final = ReasoningShares(zero_hop=8, one_hop=1, same_attribute=1)

Entry = dict[str, Any]


def split_up(n_scenes: int, per_part: int) -> list[range]:
    """Divide the scenes of a split.

    Args:
        n_scenes: How many there are.
        per_part: How many a part has; the last one may have fewer.

    Returns:
        The numbers of each part.
    """
    numbers = range(n_scenes)
    return [numbers[start : start + per_part] for start in numbers[::per_part]]


def draw_part(layout: Layout, split: str, numbers: range) -> int:
    """Draw scenes and write their pictures, unless they are there already.

    Args:
        layout: The world and where it grows.
        split: The split's name.
        numbers: Which scenes, a part of them.

    Returns:
        How many scenes the part has.
    """
    record = layout.part(split, "scenes", numbers)
    folders = [layout.images(split)]
    if layout.config.masks:
        folders.append(layout.masks(split))
    known = read_record(record)
    if known is not None:
        names = [entry["image_filename"] for entry in known["scenes"]]
        paths = [folder / name for folder in folders for name in names]
        if known["pictures"] == checksums(paths, layout.source):
            return len(numbers)
    entries = [_draw_one(layout, split, number) for number in numbers]
    names = [entry["image_filename"] for entry in entries]
    paths = [folder / name for folder in folders for name in names]
    pictures = checksums(paths, layout.source)
    write_record(record, {"pictures": pictures, "scenes": entries}, layout.scratch)
    return len(numbers)


def ask_part(layout: Layout, split: str, numbers: range) -> int:
    """Ask about scenes that were drawn, unless that is done already.

    Args:
        layout: The world and where it grows.
        split: The split's name.
        numbers: Which scenes, those that share a balance.

    Returns:
        How many questions were asked, the loosely worded ones not counted.
    """
    record = layout.part(split, "questions", numbers)
    known = read_record(record)
    if known is None:
        scenes = [
            scene
            for part in split_up(len(numbers), PICTURES_PER_PART)
            for scene in read_part(
                layout, split, "scenes", numbers[part.start : part.stop]
            )
        ]
        known = {
            "questions": ask_questions(layout.config, split, scenes),
            "humans": ask_loosely(layout.config, split, scenes),
        }
        write_record(record, known, layout.scratch)
    return len(known["questions"])


def read_part(layout: Layout, split: str, kind: str, numbers: range) -> list[Entry]:
    """Read the entries of a part.

    Args:
        layout: The world and where it grows.
        split: The split's name.
        kind: ``scenes``, ``questions`` or ``humans``.
        numbers: The part's scenes.

    Returns:
        The entries.

    Raises:
        DataError: If the part is not there.
    """
    recorded = "scenes" if kind == "scenes" else "questions"
    path = layout.part(split, recorded, numbers)
    content = read_record(path)
    if content is None:
        raise DataError(f"{path} was made and is gone; the same command makes it again")
    return list(content[kind])


def ask_questions(
    config: WorldConfig, split: str, scenes: Sequence[Mapping[str, Any]]
) -> list[Entry]:
    """Ask about scenes, with the answers balanced among them.

    Args:
        config: The world.
        split: The split's name.
        scenes: Entries of a scenes file.

    Returns:
        The questions, as entries of CLEVR's questions file that lack their number.
    """
    ledger = Ledger()
    entries = []
    for scene in scenes:
        number = scene["image_index"]
        drawing = generator_for(config.seed, split, number, "questions")
        wording = generator_for(config.seed, split, number, "words")
        for asked in ask(drawing, config, SceneGraph.from_entry(scene), ledger):
            entry = {
                **_question_entry(split, scene, say(asked.question, wording)),
                "answer": asked.answer,
                "program": _program_entry(asked.program),
                "question_family_index": asked.question.family.index,
            }
            entries.append(entry)
    return entries


def ask_loosely(
    config: WorldConfig, split: str, scenes: Sequence[Mapping[str, Any]]
) -> list[Entry]:
    """Ask one short question about each scene, in the words of everyday.

    Args:
        config: The world.
        split: The split's name.
        scenes: Entries of a scenes file.

    Returns:
        The questions, as entries of CLEVR-Humans' files.
    """
    short = config.model_copy(update={"questions_per_scene": 1, "reasoning": _SHORT})
    ledger = Ledger()
    entries = []
    for scene in scenes:
        drawing = generator_for(config.seed, split, scene["image_index"], "humans")
        for asked in ask(drawing, short, SceneGraph.from_entry(scene), ledger):
            text = say_loosely(asked.question, drawing)
            entry = {**_question_entry(split, scene, text), "answer": asked.answer}
            entries.append(entry)
    return entries


def encode_picture(picture: Image.Image) -> bytes:
    """Write a picture as PNG.

    Args:
        picture: The picture.

    Returns:
        The file's content.
    """
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def _draw_one(layout: Layout, split: str, number: int) -> Entry:
    config = layout.config
    scene = draw_scene(config, split, number)
    entry = scene_entry(scene, config, split, number)
    for folder, picture in _pictures(layout, split, scene):
        path = folder / entry["image_filename"]
        write_whole(path, [encode_picture(picture)], layout.scratch)
    return entry


def _pictures(
    layout: Layout, split: str, scene: Scene
) -> Iterator[tuple[Path, Image.Image]]:
    config = layout.config
    yield layout.images(split), Image.fromarray(draw(scene, config))
    if config.masks:
        numbers = Image.fromarray(draw_masks(scene, config.width, config.height))
        numbers.putpalette(_MASK_COLORS)
        yield layout.masks(split), numbers


# The floor is black; objects that were drawn one after the other differ most.
_MASK_COLORS: Final = [0, 0, 0] + [
    round(255 * value)
    for number in range(10)
    for value in colorsys.hsv_to_rgb(number * 0.618 % 1, 0.75, 1)
]


def _question_entry(split: str, scene: Mapping[str, Any], text: str) -> Entry:
    return {
        "split": split,
        "image_index": scene["image_index"],
        "image_filename": scene["image_filename"],
        "question": text,
    }


def _program_entry(program: Program) -> list[Entry]:
    return [
        {
            "function": node.function,
            "inputs": list(node.inputs),
            "value_inputs": list(node.value_inputs),
        }
        for node in program
    ]
