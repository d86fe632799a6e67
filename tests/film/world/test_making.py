"""A world is made whole or not at all, in CLEVR's files, the same each time."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from film.config import ImageInput
from film.data.dataset import data_fingerprint, open_dataset
from film.data.prepare import PrepareOptions, prepare
from film.data.programs import parse_program
from film.data.store import list_splits
from film.errors import ConfigError, DataError
from film.world.attributes import Shape
from film.world.config import PRESETS, WorldConfig, load_world_config
from film.world.drawing import ask_loosely, ask_questions
from film.world.features.extraction import feature_shape
from film.world.layout import CLEVR_FOLDER, COGENT_FOLDER, HUMANS_FOLDER
from film.world.making import has_source, make_world
from film.world.questions.executor import SceneGraph, answer
from film.world.scenes import draw_scene, scene_entry

TINY = PRESETS["tiny"]


def make(config: WorldConfig, directory: Path, processes: int = 1) -> Path:
    for _ in make_world(config, directory, processes=processes):
        pass
    return directory


def contents(directory: Path) -> dict[str, bytes]:
    """Every file, byte by byte."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(TINY, tmp_path_factory.mktemp("worlds") / "tiny")


def test_the_folder_has_clevrs_layout_and_the_store(world: Path) -> None:
    names = set(contents(world))
    pictures = {
        f"{CLEVR_FOLDER}/images/{split}/CLEVR_{split}_{number:06d}.png"
        for split, n_scenes in TINY.splits.items()
        for number in range(n_scenes)
    }
    entries = {
        f"{CLEVR_FOLDER}/{kind}/CLEVR_{split}_{kind}.json"
        for split in TINY.splits
        for kind in ("scenes", "questions")
    }
    humans = {f"{HUMANS_FOLDER}/CLEVR-Humans-{split}.json" for split in TINY.splits}
    stores = {"train.h5", "val.h5", "test.h5", "vocab.json", "world.json"}
    assert names == pictures | entries | humans | stores


def test_every_question_file_answers_right(world: Path) -> None:
    for split in TINY.splits:
        folder = world / CLEVR_FOLDER
        scenes = json.loads(
            (folder / "scenes" / f"CLEVR_{split}_scenes.json").read_text()
        )["scenes"]
        questions = json.loads(
            (folder / "questions" / f"CLEVR_{split}_questions.json").read_text()
        )["questions"]
        assert [q["question_index"] for q in questions] == list(range(len(questions)))
        for question in questions:
            scene = scenes[question["image_index"]]
            assert scene["image_filename"] == question["image_filename"]
            graph = SceneGraph.from_entry(scene)
            assert (
                answer(parse_program(question["program"]), graph)
                == (question["answer"])
            )


@pytest.mark.parametrize(
    ("image_input", "shape"),
    [(ImageInput.PIXELS, (3, 32, 48)), (ImageInput.FEATURES, feature_shape(32, 48))],
)
def test_the_store_opens_as_a_dataset(
    world: Path, image_input: ImageInput, shape: tuple[int, int, int]
) -> None:
    data = open_dataset(world, "val", image_input)
    assert data.image_shape == shape
    batch = data.batch(np.arange(3))
    assert batch.images.shape == (3, *shape)
    assert float(batch.images.std()) > 0
    assert data_fingerprint(world, image_input) == TINY.fingerprint


def test_the_stored_pixels_are_those_of_the_pictures(world: Path) -> None:
    data = open_dataset(world, "train", ImageInput.PIXELS)
    picture = world / CLEVR_FOLDER / "images" / "train" / "CLEVR_train_000000.png"
    (row, *_) = np.flatnonzero(data.image_ids == 0)
    stored = data.batch(np.array([row])).images[0].numpy() * 255
    drawn = np.asarray(Image.open(picture)).transpose(2, 0, 1)
    assert np.abs(stored - drawn).max() < 1e-3


def test_two_processes_make_the_same_world(world: Path, tmp_path: Path) -> None:
    assert contents(make(TINY, tmp_path / "again", processes=2)) == contents(world)


def test_pictures_larger_than_the_papers_are_stored_in_the_papers_size(
    tmp_path: Path,
) -> None:
    large = TINY.model_copy(
        update={"width": 240, "height": 120, "n_train": 2, "n_val": 2, "n_test": 0}
    )
    directory = make(large, tmp_path / "large")
    data = open_dataset(directory, "val", ImageInput.PIXELS)
    assert data.image_shape == (3, 224, 224)
    picture = directory / CLEVR_FOLDER / "images" / "val" / "CLEVR_val_000000.png"
    with Image.open(picture) as drawn:
        assert drawn.size == (240, 120)


def test_a_world_that_is_there_is_not_made_again(world: Path) -> None:
    assert list(make_world(TINY, world)) == []


def test_progress_counts_every_picture(tmp_path: Path) -> None:
    steps = [
        s for s in make_world(TINY, tmp_path / "w") if s.stage == "train: pictures"
    ]
    assert [(step.done, step.total) for step in steps] == [(0, 12), (12, 12)]


def test_stopping_leaves_nothing_that_looks_like_a_world(tmp_path: Path) -> None:
    steps: Iterator[object] = make_world(TINY, tmp_path / "w")
    for _ in range(4):
        next(steps)
    del steps
    assert all(path.name.startswith(".") for path in (tmp_path / "w").iterdir())
    make(TINY, tmp_path / "w")
    assert [path.name for path in tmp_path.iterdir()] == ["w"]
    assert not any(path.name[0] == "." for path in (tmp_path / "w").iterdir())


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    assert (make(TINY, tmp_path / "w") / "world.json").is_file()


def test_a_shell_may_stand_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(TINY, Path())
    assert Path("world.json").is_file()  # the folder that we stand in is still there
    assert Path.cwd() == tmp_path


def test_a_link_to_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "w").symlink_to(tmp_path / "disk")
    make(TINY, tmp_path / "w")
    assert (tmp_path / "w").is_symlink()
    assert (tmp_path / "disk" / "world.json").is_file()


def test_two_who_make_a_world_in_one_folder_do_not_disturb_each_other(
    world: Path, tmp_path: Path
) -> None:
    steps = make_world(TINY, tmp_path / "w")
    for _ in range(3):
        next(steps)
    with pytest.raises(DataError, match=r"a world is being made in .*w; wait for it"):
        make(TINY, tmp_path / "w")
    for _ in steps:
        pass
    assert contents(tmp_path / "w") == contents(world)


def test_a_world_stopped_while_its_files_moved_is_completed(
    world: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "w"
    shutil.copytree(world, copy)
    (copy / ".partial").mkdir()
    for name in ("val.h5", "vocab.json", "world.json"):
        (copy / name).rename(copy / ".partial" / name)
    with pytest.raises(DataError, match="is not empty and holds no world"):
        make(TINY.model_copy(update={"seed": 1}), copy)
    assert list(make_world(TINY, copy)) == []
    assert contents(copy) == contents(world)
    assert (copy / "val.h5").is_file()


def test_another_world_in_the_folder_is_left_alone(world: Path) -> None:
    other = TINY.model_copy(update={"seed": 1})
    with pytest.raises(DataError, match=r"tiny holds another world \(\w+, not \w+\)"):
        make(other, world)


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(DataError, match="is not empty and holds no world"):
        make(TINY, tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("")
    with pytest.raises(DataError, match="is a file; a world is a folder"):
        make(TINY, tmp_path / "w")


def test_a_world_that_lost_a_file_is_reported(tmp_path: Path) -> None:
    directory = make(TINY, tmp_path / "w")
    (directory / "val.h5").unlink()
    with pytest.raises(DataError, match=r"lacks val\.h5; remove it and make it again"):
        make(TINY, directory)


def test_no_process_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="processes must be at least 1, got 0"):
        make(TINY, tmp_path / "w", processes=0)


def test_a_world_that_can_ask_nothing_is_reported(tmp_path: Path) -> None:
    # One object has nothing to be compared with.
    lonely = load_world_config(
        {
            "min_objects": 1,
            "max_objects": 1,
            "shapes": [Shape.CUBE],
            "question_types": {"compare_attribute": 1},
        },
        base="tiny",
    )
    with pytest.raises(DataError, match="no question of the kinds asked for fits"):
        make(lonely, tmp_path / "w")


def test_the_store_alone_is_the_same_store(world: Path, tmp_path: Path) -> None:
    directory = tmp_path / "w"
    for _ in make_world(TINY, directory, store_only=True):
        pass
    whole = contents(world)
    assert contents(directory) == {
        name: whole[name] for name in whole if "/" not in name
    }
    assert list(make_world(TINY, directory)) == []
    assert has_source(TINY, world)
    assert not has_source(TINY, directory)


def test_masks_number_the_objects_of_each_picture(world: Path, tmp_path: Path) -> None:
    config = TINY.model_copy(update={"masks": True, "n_test": 0})
    folder = make(config, tmp_path / "w") / CLEVR_FOLDER
    for split, n_scenes in config.splits.items():
        entries = folder / "scenes" / f"CLEVR_{split}_scenes.json"
        scenes = json.loads(entries.read_text())["scenes"]
        assert len(list((folder / "masks" / split).iterdir())) == n_scenes
        for scene in scenes:
            with Image.open(
                folder / "masks" / split / scene["image_filename"]
            ) as masks:
                assert masks.mode == "P"
                counts = np.bincount(np.asarray(masks).ravel())
            things = scene["objects"]
            assert list(counts[1:]) == [thing["visible_pixels"] for thing in things]
    # Masks beside them leave the pictures as they are.
    picture = f"{CLEVR_FOLDER}/images/val/CLEVR_val_000003.png"
    assert contents(tmp_path / "w")[picture] == contents(world)[picture]


def test_cogent_has_its_splits_its_folder_and_its_rule(tmp_path: Path) -> None:
    settings = {"cogent": True, "n_train": 20, "n_val": 12, "n_test": 8}
    config = load_world_config(settings, "tiny")
    directory = make(config, tmp_path / "w")
    some, others = (
        {"gray", "blue", "brown", "yellow"},
        {"red", "green", "purple", "cyan"},
    )
    allowed = {
        "A": {"cube": some, "cylinder": others, "sphere": some | others},
        "B": {"cube": others, "cylinder": some, "sphere": some | others},
    }
    for split in ("trainA", "valA", "valB", "testA", "testB"):
        path = directory / COGENT_FOLDER / "scenes" / f"CLEVR_{split}_scenes.json"
        scenes = json.loads(path.read_text())["scenes"]
        things = [thing for scene in scenes for thing in scene["objects"]]
        assert {thing["shape"] for thing in things} == {"cube", "cylinder", "sphere"}
        for thing in things:
            assert thing["color"] in allowed[split[-1]][thing["shape"]]
    assert list_splits(directory) == ["train", "val", "test", "testB", "valB"]
    for split, n_scenes in (("train", 20), ("valB", 12), ("testB", 8)):
        data = open_dataset(directory, split, ImageInput.PIXELS)
        assert len(np.unique(data.image_ids)) == n_scenes
    assert data_fingerprint(directory, ImageInput.PIXELS) == config.fingerprint
    assert list(make_world(config, directory)) == []
    # And once more as one prepares CoGenT itself.
    for _ in prepare(directory / COGENT_FOLDER, tmp_path / "prepared"):
        pass
    assert list_splits(tmp_path / "prepared") == list_splits(directory)


def test_people_ask_one_question_of_each_picture(world: Path) -> None:
    for split, n_scenes in TINY.splits.items():
        path = world / HUMANS_FOLDER / f"CLEVR-Humans-{split}.json"
        questions = json.loads(path.read_text())["questions"]
        keys = {"split", "image_index", "image_filename", "question", "answer"}
        assert all(set(question) == keys for question in questions)
        assert [question["image_index"] for question in questions] == list(
            range(n_scenes)
        )


def test_the_questions_of_people_are_prepared_as_those_of_clevr_humans(
    world: Path, tmp_path: Path
) -> None:
    options = PrepareOptions(
        images=world / CLEVR_FOLDER / "images",
        vocabulary=world / "vocab.json",
        expand=True,
        min_word_count=2,
    )
    for _ in prepare(world / HUMANS_FOLDER, tmp_path / "humans", options):
        pass
    for split, n_scenes in TINY.splits.items():
        data = open_dataset(tmp_path / "humans", split, ImageInput.PIXELS)
        assert len(data.image_ids) == n_scenes


def test_the_questions_of_people_leave_the_others_alone() -> None:
    entries = [
        scene_entry(draw_scene(TINY, "train", n), TINY, "train", n) for n in range(3)
    ]
    asked = ask_questions(TINY, "train", entries)
    loose = ask_loosely(TINY, "train", entries)
    assert ask_questions(TINY, "train", entries) == asked
    assert ask_loosely(TINY, "train", entries[1:])[0]["image_index"] == 1
    assert not {one["question"] for one in loose} & {one["question"] for one in asked}


@pytest.mark.parametrize("kind", ["compare_attribute", "query_attribute", "count"])
def test_people_ask_short_questions_of_the_kinds_that_the_world_asks(kind: str) -> None:
    config = load_world_config(
        {"reasoning": {"three_hop": 1, "one_hop": 1}, "question_types": {kind: 1}},
        base="small",
    )
    scene = draw_scene(config, "train", 0)
    entry = scene_entry(scene, config, "train", 0)
    assert len(ask_loosely(config, "train", [entry])) == 1


def test_masks_are_not_asked_for_and_thrown_away(tmp_path: Path) -> None:
    config = load_world_config({"masks": True}, "tiny")
    with pytest.raises(ConfigError, match="--store-only keeps neither"):
        list(make_world(config, tmp_path / "w", store_only=True))
    assert not (tmp_path / "w").exists()
