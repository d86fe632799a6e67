"""The parts of a world that processes make side by side.

What a part holds depends on its own numbers alone, so the world is the same whatever
the number of processes. The module loads without torch, since every process loads it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from PIL import Image

from film.data.programs import Program
from film.world.config import WorldConfig
from film.world.executor import SceneGraph
from film.world.language import say
from film.world.questions import Ledger, ask
from film.world.randomness import generator_for
from film.world.rendering import render
from film.world.scenes import draw_scene, scene_entry

__all__ = ["SCENES_PER_BALANCE", "ask_questions", "draw_pictures"]

SCENES_PER_BALANCE: Final = 200
"""Answers are balanced among the questions about so many scenes."""

Entry = dict[str, Any]


def draw_pictures(
    config: WorldConfig, split: str, folder: Path, numbers: range
) -> list[Entry]:
    """Draw scenes and write their pictures.

    Args:
        config: The world.
        split: The split's name.
        folder: Where the pictures go.
        numbers: Which scenes.

    Returns:
        The scenes, as entries of CLEVR's scenes file.
    """
    entries = []
    for number in numbers:
        scene = draw_scene(config, split, number)
        entry = scene_entry(scene, config, split, number)
        pixels = render(scene, config.width, config.height, config.samples_per_side)
        Image.fromarray(pixels).save(folder / entry["image_filename"])
        entries.append(entry)
    return entries


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
                "split": split,
                "image_index": number,
                "image_filename": scene["image_filename"],
                "question": say(asked.question, wording),
                "answer": asked.answer,
                "program": _program_entry(asked.program),
                "question_family_index": asked.question.family.index,
            }
            entries.append(entry)
    return entries


def _program_entry(program: Program) -> list[Entry]:
    return [
        {
            "function": node.function,
            "inputs": list(node.inputs),
            "value_inputs": list(node.value_inputs),
        }
        for node in program
    ]
