"""The shipped extractor reads objects it has never seen, in any size of picture."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from film.data.images import read_pixels
from film.data.progress import Progress
from film.errors import ConfigError, DataError
from film.world.attributes import VALUES, Attribute
from film.world.config import EXTRACTOR_VERSION
from film.world.features.extraction import (
    EXTRACTOR_NAME,
    extract_features,
    feature_shape,
)
from film.world.features.extractor import (
    SHIPPED,
    Extractor,
    load_extractor,
    weights_digest,
    write_weights,
)
from film.world.features.lessons import (
    CELL,
    LESSONS,
    NO_LABEL,
    draw_lesson,
    stack_lessons,
)
from film.world.features.teaching import (
    ExtractorMetrics,
    _folded,
    examine,
    teach,
    train_extractor,
)
from film.world.pictures.rendering import render
from film.world.scenes import draw_scene, scene_entry

UNSEEN = stack_lessons([draw_lesson(2, index, 2) for index in range(60)])


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Small networks gain nothing from threads that wait for each other."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def test_the_recorded_version_is_that_of_the_shipped_weights() -> None:
    assert weights_digest() == EXTRACTOR_VERSION
    assert EXTRACTOR_VERSION in EXTRACTOR_NAME
    assert SHIPPED.stat().st_size < 500_000


def test_it_reads_objects_it_has_never_seen() -> None:
    presence, objects = examine(load_extractor(), UNSEEN)
    assert presence > 0.98
    assert objects[Attribute.SHAPE] > 0.91
    for attribute in (Attribute.SIZE, Attribute.COLOR, Attribute.MATERIAL):
        assert objects[attribute] > 0.96


def test_features_are_an_eighth_of_the_picture_and_of_unit_size() -> None:
    features = extract_features(UNSEEN.images)
    assert features.shape == (60, 32, 8, 12)
    assert features.dtype == np.float16
    assert (features >= 0).all()
    size = np.sqrt(np.square(features.astype(np.float32)).mean((0, 2, 3)))
    assert ((size > 0.8) & (size < 1.25)).mean() > 0.9


def test_a_picture_has_the_same_features_alone_as_among_others() -> None:
    together = extract_features(UNSEEN.images)
    alone = extract_features(UNSEEN.images[5:6])
    assert alone[0] == pytest.approx(together[5], abs=5e-3)


@pytest.mark.parametrize(
    ("size", "cells"),
    [
        ((64, 96), (8, 12)),
        ((32, 48), (8, 12)),
        ((120, 160), (9, 12)),
        ((320, 480), (8, 12)),
        ((96, 48), (12, 6)),
        ((9, 300), (1, 12)),
    ],
)
def test_the_longer_side_of_any_picture_becomes_twelve_cells(
    size: tuple[int, int], cells: tuple[int, int]
) -> None:
    assert feature_shape(*size) == (32, *cells)
    features = extract_features(np.zeros((2, 3, *size), np.uint8))
    assert features.shape == (2, 32, *cells)


@pytest.mark.parametrize(
    ("width", "height", "least"),
    [(96, 64, 0.93), (48, 32, 0.8), (160, 120, 0.93), (240, 160, 0.93)],
)
def test_objects_are_named_in_pictures_of_any_size(
    width: int, height: int, least: float
) -> None:
    scenes = [draw_scene(LESSONS, "sizes", index) for index in range(15)]
    pictures = [render(scene, width, height, 2).transpose(2, 0, 1) for scene in scenes]
    config = LESSONS.model_copy(update={"width": width, "height": height})
    entries = [scene_entry(scene, config, "sizes", 0) for scene in scenes]
    assert share_named(np.stack(pictures), entries) > least


def test_objects_of_real_pictures_are_named_too(shared: Path) -> None:
    source = shared / "clevr" / "CLEVR_v1.0"
    path = source / "scenes" / "CLEVR_val_scenes.json"
    entries = json.loads(path.read_text(encoding="utf-8"))["scenes"]
    names = [entry["image_filename"] for entry in entries]
    pictures = [read_pixels(source / "images" / "val" / name) for name in names]
    assert share_named(np.stack(pictures), entries) > 0.9


def share_named(pictures: np.ndarray, entries: list[dict[str, Any]]) -> float:
    """Read the values of each object off the cell where its middle is."""
    features = extract_features(np.ascontiguousarray(pictures))
    down = features.shape[2] / pictures.shape[2]
    across = features.shape[3] / pictures.shape[3]
    with torch.inference_mode():
        maps = torch.from_numpy(features).float()
        opinions = load_extractor().read_names(maps)
    right = []
    for number, entry in enumerate(entries):
        for thing in entry["objects"]:
            x, y, _ = thing["pixel_coords"]
            row, column = int(y * down), int(x * across)
            for attribute, values in VALUES.items():
                best = int(opinions[attribute][number, :, row, column].argmax())
                right.append(values[best] == thing[attribute])
    return float(np.mean(right))


def test_labels_name_what_fills_the_cell() -> None:
    lesson = draw_lesson(3, 0, 2)
    assert lesson.labels.shape == (1, len(VALUES), 8, 12)
    assert ((lesson.labels == NO_LABEL) == (lesson.objects[:, None] < 0)).all()
    # A cell of an object differs from the floor in the picture.
    cells = lesson.images[0].astype(int).reshape(3, 8, CELL, 12, CELL)
    spread = cells.std((2, 4)).max(0)
    occupied = lesson.objects[0] >= 0
    assert np.median(spread[occupied]) > 3 * np.median(spread[~occupied])


def test_lessons_are_drawn_from_the_whole_palette() -> None:
    for row, values in enumerate(VALUES.values()):
        named = set(np.unique(UNSEEN.labels[:, row])) - {NO_LABEL}
        assert named == set(range(len(values)))
    assert (LESSONS.min_objects, LESSONS.max_objects) == (2, 10)


def test_weights_come_back_from_a_file_nearly_as_they_were(tmp_path: Path) -> None:
    taught = load_extractor()
    write_weights(taught, tmp_path / "weights.npz")
    again = load_extractor(tmp_path / "weights.npz").state_dict()
    for name, tensor in taught.state_dict().items():
        assert torch.equal(again[name], tensor)


def test_weights_are_written_to_the_file_that_was_named(tmp_path: Path) -> None:
    write_weights(load_extractor(), tmp_path / "weights")
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]
    assert weights_digest(tmp_path / "weights") == EXTRACTOR_VERSION


def test_a_place_where_no_weights_can_go_is_refused_before_the_work(
    tmp_path: Path,
) -> None:
    for path in (tmp_path, tmp_path / "none" / "weights.npz"):
        with pytest.raises(ConfigError, match="name a file in a folder that is there"):
            next(train_extractor(path))


def test_a_file_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.npz holds no weights of the extract"):
        load_extractor(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(DataError, match=r"other\.npz holds no weights of the extract"):
        load_extractor(tmp_path / "other.npz")
    (tmp_path / "text.npz").write_text("no archive")
    (tmp_path / "half.npz").write_bytes(SHIPPED.read_bytes()[:1000])
    (tmp_path / "empty.npz").write_bytes(b"")
    for name in ("text", "half", "empty"):
        with pytest.raises(DataError, match=rf"{name}\.npz holds no weights of the ex"):
            load_extractor(tmp_path / f"{name}.npz")


def test_teaching_draws_then_improves_and_is_the_same_each_time(
    tmp_path: Path,
) -> None:
    runs = []
    for name in ("one.npz", "two.npz"):
        path = tmp_path / name
        steps = list(train_extractor(path, n_lessons=64, n_exam=36, n_epochs=24))
        assert isinstance(steps[0], Progress)
        metrics = [step for step in steps if isinstance(step, ExtractorMetrics)]
        assert [one.epoch for one in metrics] == list(range(1, 25))
        assert metrics[-1].presence > 0.75
        assert metrics[-1].objects[Attribute.COLOR] > 2 / len(VALUES[Attribute.COLOR])
        runs.append(weights_digest(path))
    assert runs[0] == runs[1]


def test_folding_the_normalisation_changes_no_name() -> None:
    learned = stack_lessons([draw_lesson(4, index, 2) for index in range(64)])
    taught = Extractor(is_taught=False)
    for _ in teach(taught, learned, learned, seed=0, n_epochs=4):
        pass
    folded = _folded(taught, learned)
    assert not any(isinstance(one, torch.nn.BatchNorm2d) for one in folded.modules())
    pictures = torch.from_numpy(UNSEEN.images).float() / 255
    with torch.no_grad():
        before, after = taught.eval()(pictures), folded(pictures)
        expected = [taught.read_presence(before), *taught.read_names(before).values()]
        given = [folded.read_presence(after), *folded.read_names(after).values()]
    for one, other in zip(expected, given, strict=True):
        assert float(one.std()) > 0.01
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-3)


def test_the_extractor_is_small() -> None:
    assert sum(p.numel() for p in Extractor().parameters()) < 250_000
