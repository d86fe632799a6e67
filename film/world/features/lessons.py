"""Pictures that teach the feature extractor to name what stands in each cell.

They are scenes of their own, drawn from a split that no world has, so that no study
is ever judged on a picture that its features were learned from.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Int8, Int16, UInt8

from film.world.attributes import VALUES
from film.world.config import WorldConfig
from film.world.pictures.geometry import NOTHING, Camera, first_hits
from film.world.pictures.rendering import render
from film.world.scenes import Scene, draw_scene

__all__ = ["CELL", "LESSONS", "NO_LABEL", "Lessons", "draw_lesson", "stack_lessons"]

CELL: Final = 8
"""Pixels along each side of a cell, the extractor's stride."""

LESSONS: Final = WorldConfig(min_objects=2, max_objects=10)
"""The whole palette, on tables from nearly empty to full."""

NO_LABEL: Final = -1
"""Where a cell has no object to name."""

_SEEN_FROM = CELL * CELL // 10  # pixels of an object that make a cell worth naming


@dataclass(frozen=True)
class Lessons:
    """Pictures, and for each cell the values of what fills most of it.

    The labels' second axis is the attributes in the order of ``Attribute``.
    """

    images: UInt8[np.ndarray, "pictures 3 height width"]
    labels: Int8[np.ndarray, "pictures attributes rows columns"]
    objects: Int16[np.ndarray, "pictures rows columns"]

    def __len__(self) -> int:
        return len(self.images)


def draw_lesson(seed: int, index: int, samples_per_side: int) -> Lessons:
    """Draw one picture and its labels.

    Args:
        seed: Of all lessons.
        index: Of this one.
        samples_per_side: Rays through each pixel, along each of its sides.

    Returns:
        One lesson.
    """
    scene = draw_scene(LESSONS.model_copy(update={"seed": seed}), "lessons", index)
    picture = render(scene, LESSONS.width, LESSONS.height, samples_per_side)
    objects = _cell_objects(scene)
    return Lessons(
        picture.transpose(2, 0, 1)[None], _labels(scene, objects)[None], objects[None]
    )


def stack_lessons(lessons: Iterator[Lessons] | list[Lessons]) -> Lessons:
    """Join lessons into one.

    Args:
        lessons: Lessons.

    Returns:
        All of them.
    """
    given = list(lessons)
    return Lessons(
        np.concatenate([lesson.images for lesson in given]),
        np.concatenate([lesson.labels for lesson in given]),
        np.concatenate([lesson.objects for lesson in given]),
    )


# Number the object that shows the most pixels in each cell.
def _cell_objects(scene: Scene) -> Int16[np.ndarray, "rows columns"]:
    solids = [thing.solid for thing in scene.objects]
    shown = first_hits(Camera(scene.camera), solids, LESSONS.width, LESSONS.height)
    rows, columns = LESSONS.height // CELL, LESSONS.width // CELL
    cells = shown.solids.reshape(rows, CELL, columns, CELL)
    pixels = np.stack(
        [(cells == number).sum((1, 3)) for number in range(len(solids))], dtype=np.int16
    )
    return np.where(pixels.max(0) >= _SEEN_FROM, pixels.argmax(0), NOTHING).astype(
        np.int16
    )


def _labels(
    scene: Scene, objects: Int16[np.ndarray, "rows columns"]
) -> Int8[np.ndarray, "attributes rows columns"]:
    labels = np.full((len(VALUES), *objects.shape), NO_LABEL, np.int8)
    for row, (attribute, values) in enumerate(VALUES.items()):
        for number, thing in enumerate(scene.objects):
            labels[row][objects == number] = values.index(thing.value(attribute))
    return labels
