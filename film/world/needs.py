"""What a world will need of the disk and of time, measured on a few of its scenes."""

import io
import json
import math
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from film.data.images import PAPER_SIZE
from film.data.progress import Progress
from film.errors import DataError
from film.world.config import WorldConfig
from film.world.drawing import (
    PICTURES_PER_PART,
    ask_loosely,
    ask_questions,
    encode_picture,
)
from film.world.features.extraction import extract_features, feature_shape
from film.world.pictures.rendering import draw
from film.world.scenes import Scene, draw_scene, scene_entry

__all__ = [
    "Needs",
    "check_room",
    "estimate_needs",
    "free_bytes",
    "stored_size",
    "used_bytes",
]

_MOST_SCENES: Final = 24  # to measure
_FEWEST_SCENES: Final = 4
_MEASURING_S: Final = 2.0

_GIGABYTE: Final = 10**9
_READING_S: Final = 1e-4  # a question from a file into a store
_NUMBERS_PER_QUESTION: Final = 5 * 8  # bytes: image, number, answer, family, type
_ENDS: Final = 2  # tokens around a question or a program


@final
@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a world will need, about.

    Attributes:
        n_pictures: How many pictures there will be, exactly.
        n_questions: How many questions.
        kept_bytes: What the world takes of the disk when it is there.
        peak_bytes: What it takes at most while it grows.
        stages: Seconds by stage.
    """

    n_pictures: int
    n_questions: int
    kept_bytes: int
    peak_bytes: int
    stages: Mapping[str, float]

    def follow(self, steps: Iterator[Progress]) -> Iterator[Progress]:
        """Add to each step which share of the whole work is done.

        Args:
            steps: The work.

        Yields:
            The steps.
        """
        names = list(self.stages)
        total = sum(self.stages.values())
        for step in steps:
            before = sum(self.stages[one] for one in names[: names.index(step.stage)])
            now = self.stages[step.stage] * step.done / max(step.total, 1)
            whole = min((before + now) / total, 1.0)
            yield Progress(step.stage, step.done, step.total, whole)


# One picture and all that belongs to it, on average.
@dataclass(frozen=True, kw_only=True)
class _Sample:
    picture_bytes: float
    scene_bytes: float
    n_questions: float
    question_bytes: float  # of all questions about the picture
    stored_bytes: float
    draw_s: float
    ask_s: float
    store_s: float


def stored_size(config: WorldConfig) -> tuple[int, int]:
    """Choose the size of pictures in the store, as for any data.

    Args:
        config: The world.

    Returns:
        Height and width: the world's own, or the paper's where one is larger.
    """
    size = (config.height, config.width)
    return size if max(size) <= max(PAPER_SIZE) else PAPER_SIZE


def estimate_needs(
    config: WorldConfig, *, processes: int, store_only: bool, block: int = 4096
) -> Needs:
    """Estimate what a world will need, by drawing a few of its scenes.

    Args:
        config: The world.
        processes: How many draw side by side.
        store_only: Whether only the store is kept.
        block: What the disk gives to files in whole numbers.

    Returns:
        The needs, which measured times make a little different each time.
    """
    sample = _measure(config, block)
    text = sample.scene_bytes + sample.question_bytes
    # While a split grows, its entries are there twice: in parts, and joined.
    source = sample.picture_bytes + text
    growing = text + block / PICTURES_PER_PART
    kept = peak = 0.0
    stages = {}
    for split, n_scenes in config.splits.items():
        stages[f"{split}: pictures"] = n_scenes * sample.draw_s / processes
        stages[f"{split}: questions"] = n_scenes * sample.ask_s / processes
        reading_s = n_scenes * sample.n_questions * _READING_S
        stages[f"{split}: store questions"] = reading_s
        stages[f"{split}: store images"] = n_scenes * sample.store_s
        stored = n_scenes * sample.stored_bytes
        if store_only:
            peak = max(peak, kept + stored + n_scenes * (source + growing))
            kept += stored
        else:
            kept += stored + n_scenes * source
            peak += stored + n_scenes * (source + growing)
    n_pictures = sum(config.splits.values())
    return Needs(
        n_pictures=n_pictures,
        n_questions=round(n_pictures * sample.n_questions),
        kept_bytes=round(kept),
        peak_bytes=round(peak),
        stages=stages,
    )


def free_bytes(directory: Path) -> int:
    """Say how much a folder may still take.

    Args:
        directory: The folder, which need not exist yet.

    Returns:
        What is free on its disk.
    """
    there = directory.absolute()
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free


def used_bytes(folder: Path) -> int:
    """Count what a folder takes of the disk.

    Args:
        folder: The folder, which may be absent.

    Returns:
        The blocks of all its files, in bytes.
    """
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).stat().st_blocks * 512
            except FileNotFoundError:  # gone meanwhile
                continue
    return total


def check_room(needs: Needs, directory: Path, *, there: int) -> None:
    """Refuse a world that the disk cannot hold.

    Args:
        needs: What the world needs.
        directory: Where it goes.
        there: What is on the disk of it already, in bytes.

    Raises:
        DataError: If there is not enough room.
    """
    missing, free = needs.peak_bytes - there, free_bytes(directory)
    if missing > free:
        raise DataError(
            f"{directory} needs about {size_text(missing)} more while the world is "
            f"made, and its disk has {size_text(free)} free; make room, name a folder "
            "on another disk, or ask for fewer pictures (n_train)"
        )


def size_text(n_bytes: int) -> str:
    """Write a size for people.

    Args:
        n_bytes: How many bytes.

    Returns:
        ``340 MB`` or ``1.2 GB``.
    """
    if n_bytes < _GIGABYTE:
        return f"{n_bytes / 10**6:.1f} MB"
    return f"{n_bytes / _GIGABYTE:.1f} GB"


@lru_cache(maxsize=1)
def _measure(config: WorldConfig, block: int) -> _Sample:
    split, n_scenes = next(iter(config.splits.items()))
    scenes, pictures, draw_s = _draw_some(config, split, n_scenes)
    files = [encode_picture(Image.fromarray(picture)) for picture in pictures]
    entries = [
        scene_entry(scene, config, split, number) for number, scene in enumerate(scenes)
    ]
    start = time.perf_counter()
    asked = ask_questions(config, split, entries)
    loose = ask_loosely(config, split, entries)
    ask_s = time.perf_counter() - start
    for number, question in enumerate(asked):
        question["question_index"] = number
    n_files = 2 if config.masks else 1  # a mask is smaller than a block, mostly
    n = len(scenes)
    return _Sample(
        picture_bytes=sum(_on_disk(len(file), block) for file in files) / n
        + (n_files - 1) * block,
        scene_bytes=_text_bytes(entries) / n,
        n_questions=len(asked) / n,
        question_bytes=(_text_bytes(asked) + _text_bytes(loose)) / n,
        stored_bytes=_stored_bytes(config, asked, n),
        draw_s=draw_s / n,
        ask_s=ask_s / n,
        store_s=_time_store(config, pictures) / n,
    )


def _draw_some(
    config: WorldConfig, split: str, n_scenes: int
) -> tuple[list[Scene], list[UInt8[np.ndarray, "height width 3"]], float]:
    scenes, pictures = [], []
    start = time.perf_counter()
    for number in range(min(n_scenes, _MOST_SCENES)):
        scenes.append(draw_scene(config, split, number))
        pictures.append(draw(scenes[-1], config))
        encode_picture(Image.fromarray(pictures[-1]))
        spent = time.perf_counter() - start
        if spent > _MEASURING_S and number + 1 >= _FEWEST_SCENES:
            break
    return scenes, pictures, time.perf_counter() - start


def _on_disk(size: int, block: int) -> int:
    return -(-size // block) * block


def _text_bytes(entries: Sequence[Mapping[str, Any]]) -> int:
    return len(json.dumps(entries))


def _stored_bytes(
    config: WorldConfig, asked: Sequence[Mapping[str, Any]], n_scenes: int
) -> float:
    features = 2 * math.prod(feature_shape(config.height, config.width))
    image = 3 * math.prod(stored_size(config)) + features + 8  # and its number
    words = max((len(one["question"].split()) for one in asked), default=0)
    nodes = max((len(one["program"]) for one in asked), default=0)
    tokens = 4 * (words + nodes + 2 * _ENDS)
    return image + (tokens + _NUMBERS_PER_QUESTION) * len(asked) / n_scenes


def _time_store(
    config: WorldConfig, pictures: Sequence[UInt8[np.ndarray, "height width 3"]]
) -> float:
    images = np.stack([picture.transpose(2, 0, 1) for picture in pictures])
    files = [encode_picture(Image.fromarray(picture)) for picture in pictures]
    extract_features(images[:1])  # the first time loads the extractor
    start = time.perf_counter()
    extract_features(images)
    height, width = stored_size(config)
    for file in files:
        with Image.open(io.BytesIO(file)) as image:
            image.resize((width, height), Image.Resampling.BICUBIC)
    return time.perf_counter() - start
