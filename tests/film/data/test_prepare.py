"""A folder of CLEVR becomes a store with the names and types of clevr-iep."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from platform import node
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from film.data.prepare import PrepareOptions, prepare
from film.data.programs import ProgramOrder
from film.data.progress import Progress
from film.errors import ConfigError, DataError

MakeClevr = Callable[..., Path]

QUESTIONS_ONLY = PrepareOptions(keep_pixels=False)


def run(source: Path, out: Path, **options: Any) -> list[Progress]:
    return list(prepare(source, out, PrepareOptions(**options)))


def words(out: Path, name: str) -> list[str]:
    vocabulary = json.loads((out / "vocab.json").read_text(encoding="utf-8"))
    return sorted(vocabulary[name], key=vocabulary[name].__getitem__)


def spell(out: Path, split: str, row: int, name: str = "questions") -> list[str]:
    """Read a row of words back through vocab.json."""
    key = {"questions": "question_token_to_idx", "programs": "program_token_to_idx"}
    known = words(out, key[name])
    with h5py.File(out / f"{split}.h5") as file:
        return [known[number] for number in file[name][row]]


def test_the_names_and_types_are_those_of_clevr_iep(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    run(make_clevr(), tmp_path / "store")
    with h5py.File(tmp_path / "store" / "train.h5") as file:
        found = {name: (data.dtype.name, data.shape) for name, data in file.items()}
    assert found == {
        "questions": ("int32", (4, 8)),
        "image_idxs": ("int64", (4,)),
        "orig_idxs": ("int64", (4,)),
        "programs": ("int32", (4, 8)),
        "question_families": ("int64", (4,)),
        "answers": ("int64", (4,)),
        "types": ("int64", (4,)),
        "images": ("uint8", (2, 3, 8, 12)),
        "image_ids": ("int64", (2,)),
    }


def test_what_the_source_lacks_is_absent(make_clevr: MakeClevr, tmp_path: Path) -> None:
    run(make_clevr(), tmp_path / "store")
    with h5py.File(tmp_path / "store" / "test.h5") as file:
        assert set(file) == {
            *("questions", "image_idxs", "orig_idxs", "images", "image_ids")
        }


def test_questions_programs_and_answers_read_back_as_written(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    out = tmp_path / "store"
    run(make_clevr(), out)
    assert spell(out, "train", 3) == [
        *("<START>", "Are", "there", "fewer", "", "red", "things", "<END>")
    ]
    assert spell(out, "train", 1)[-2:] == ["<NULL>", "<NULL>"]
    assert spell(out, "train", 3, "programs") == [
        *("<START>", "less_than", "count", "filter_color[red]", "scene"),
        *("count", "scene", "<END>"),
    ]
    with h5py.File(out / "train.h5") as file:
        answers = [words(out, "answer_token_to_idx")[n] for n in file["answers"]]
        assert answers == ["2", "yes", "blue", "no"]
        assert file["types"][:].tolist() == [0, 1, 3, 2]
        assert list(file["types"].attrs["type_names"])[3] == "query_attribute"
        assert file["question_families"][:].tolist() == [87, 84, 85, 2]
        assert file["image_idxs"][:].tolist() == [0, 0, 7, 7]


def test_words_that_training_lacks_are_unknown_and_counted(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    out = tmp_path / "store"
    run(make_clevr(), out)
    assert "both" not in words(out, "question_token_to_idx")
    assert spell(out, "val", 1) == [
        *("<START>", "<UNK>", "<UNK>", "<UNK>", "a", "<UNK>", "<UNK>", "a", "<UNK>"),
        "<END>",
    ]
    with h5py.File(out / "val.h5") as file:
        unknown = dict(json.loads(file.attrs["unknown_words"]))
    assert unknown == {"Do": 1, "both": 1, "have": 1, "size": 2, ";": 1}


def test_each_row_of_images_is_the_image_it_says(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    run(make_clevr(), tmp_path / "store")
    with h5py.File(tmp_path / "store" / "train.h5") as file:
        assert file["image_ids"][:].tolist() == [0, 7]
        assert (file["images"][0, 0] == 0).all()
        assert (file["images"][1, 0] == 7).all()
        assert file["images"][1, 1, 3].tolist() == list(range(12))


def test_a_large_image_gets_the_papers_size_and_any_size_can_be_asked(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    source = make_clevr(size=(240, 160))
    run(source, tmp_path / "default")
    run(source, tmp_path / "asked", image_size=(16, 24))
    for name, shape in (("default", (224, 224)), ("asked", (16, 24))):
        with h5py.File(tmp_path / name / "train.h5") as file:
            assert file["images"].shape[2:] == shape


def test_an_extractor_sees_the_pixels_and_its_features_are_stored(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    def halve(images: np.ndarray) -> np.ndarray:
        return images[:, :2, ::4, ::4].astype(np.float16) / 2

    run(make_clevr(), tmp_path / "store", extractor=halve)
    run(make_clevr(), tmp_path / "alone", extractor=halve, keep_pixels=False)
    with h5py.File(tmp_path / "store" / "train.h5") as file:
        assert file["features"].shape == (2, 2, 2, 3)
        assert file["features"].dtype == np.float16
        assert np.array_equal(
            file["features"][:] * 2, file["images"][:, :2, ::4, ::4].astype(float)
        )
    with h5py.File(tmp_path / "alone" / "train.h5") as file:
        assert "images" not in file
        assert file["features"].shape == (2, 2, 2, 3)


def test_an_extractor_sees_images_at_their_own_size_or_at_the_one_asked(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    def whole(images: np.ndarray) -> np.ndarray:
        return images.astype(np.float16)

    source = make_clevr(size=(24, 16))
    run(source, tmp_path / "own", image_size=(4, 6), extractor=whole)
    run(source, tmp_path / "asked", extractor=whole, extractor_size=(8, 8))
    run(source, tmp_path / "same", image_size=(8, 8))
    with h5py.File(tmp_path / "own" / "train.h5") as file:
        assert file["images"].shape[2:] == (4, 6)
        assert file["features"].shape[2:] == (16, 24)
        assert file["features"][1, 1, 3].tolist() == list(range(24))
        assert "extractor" not in file["features"].attrs
    with h5py.File(tmp_path / "same" / "train.h5") as file:
        assert "features" not in file
        resized = file["images"][:]
    with h5py.File(tmp_path / "asked" / "train.h5") as file:
        assert file["images"].shape[2:] == (16, 24)
        assert np.array_equal(file["features"][:], resized.astype(np.float16))


def test_questions_alone_need_no_images(make_clevr: MakeClevr, tmp_path: Path) -> None:
    source = make_clevr()
    (source / "images").rename(tmp_path / "elsewhere")
    list(prepare(source, tmp_path / "store", QUESTIONS_ONLY))
    with h5py.File(tmp_path / "store" / "train.h5") as file:
        assert "image_ids" not in file
    run(source, tmp_path / "both", images=tmp_path / "elsewhere")
    with h5py.File(tmp_path / "both" / "train.h5") as file:
        assert "images" in file


def test_a_given_vocabulary_is_used_or_expanded(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    source = make_clevr()
    run(source, tmp_path / "first", keep_pixels=False)
    given = tmp_path / "first" / "vocab.json"
    content = json.loads(given.read_text(encoding="utf-8"))
    content["question_token_to_idx"] = {
        word: number
        for word, number in content["question_token_to_idx"].items()
        if number < 7
    }
    given.write_text(json.dumps(content), encoding="utf-8")
    options = {"keep_pixels": False, "vocabulary": given}
    run(source, tmp_path / "used", **options)
    assert len(words(tmp_path / "used", "question_token_to_idx")) == 7
    run(source, tmp_path / "expanded", **options, expand=True, min_word_count=2)
    expanded = words(tmp_path / "expanded", "question_token_to_idx")
    assert expanded[4:7] == ["", "Are", "How"]
    assert expanded[7:] == ["red", "there", "things"]


def test_a_split_can_be_added_with_the_words_of_the_store(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    source, out = make_clevr(), tmp_path / "store"
    with pytest.raises(DataError, match=r"prepare 'train' too, or give a vocabulary"):
        run(source, out, splits=("val",))
    run(source, out, splits=("train",))
    expand = {"vocabulary": out / "vocab.json", "expand": True}
    with pytest.raises(DataError, match=r"words of the training questions: prepare"):
        run(source, out, splits=("val",), **expand)
    before = (out / "vocab.json").read_bytes()
    run(source, out, splits=("val",))
    assert (out / "vocab.json").read_bytes() == before
    assert (out / "val.h5").is_file()


def test_a_split_that_stays_must_remain_readable(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    source, out = make_clevr(), tmp_path / "store"
    run(source, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(DataError, match=r"test\.h5 was written with another vocabul"):
        run(source, out, splits=("train",), min_word_count=2)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    run(source, out, splits=("train",))
    run(source, out, min_word_count=2)


def test_what_a_killed_run_left_is_removed_and_a_running_ones_kept(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    source, out = make_clevr(), tmp_path / "store"
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    names = {
        "killed": f".preparing-{node()}-{ended.pid}-abc",
        "running": f".preparing-{node()}-{os.getpid()}-abc",
        "elsewhere": ".preparing-some-machine-1-abc",
        "abandoned": ".preparing-some-machine-2-abc",
    }
    for name in names.values():
        (out / name).mkdir(parents=True)
        (out / name / "train.h5").touch()
    for path in (out / names["abandoned"] / "train.h5", out / names["abandoned"]):
        os.utime(path, (0, 0))
    run(source, out, keep_pixels=False)
    left = {path.name for path in out.glob(".preparing-*")}
    assert left == {names["running"], names["elsewhere"]}


def test_limits_keep_the_first_images_and_questions(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    run(make_clevr(), tmp_path / "images", max_images=1)
    run(make_clevr(), tmp_path / "questions", max_questions=3)
    with h5py.File(tmp_path / "images" / "train.h5") as file:
        assert file["image_idxs"][:].tolist() == [0, 0]
        assert len(file["images"]) == 1
    with h5py.File(tmp_path / "questions" / "train.h5") as file:
        assert file["image_idxs"][:].tolist() == [0, 0, 7]


def test_programs_can_be_written_in_postfix_order(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    run(make_clevr(), tmp_path / "store", program_order=ProgramOrder.POSTFIX)
    assert spell(tmp_path / "store", "train", 0, "programs")[:5] == [
        *("<START>", "scene", "filter_color[red]", "count", "<END>")
    ]
    with pytest.raises(DataError, match=r"_questions\.json: question 3: .* no chain"):
        run(make_clevr(), tmp_path / "chain", program_order=ProgramOrder.CHAIN)


def test_every_stage_ends_complete(make_clevr: MakeClevr, tmp_path: Path) -> None:
    last = {step.stage: step for step in run(make_clevr(), tmp_path / "store")}
    assert list(last) == [
        *("train: questions", "train: images"),
        *("val: questions", "val: images"),
        *("test: questions", "test: images"),
    ]
    assert all(step.done == step.total for step in last.values())


class TestMistakes:
    def test_a_missing_image_is_named_and_all_are_counted(
        self, make_clevr: MakeClevr, tmp_path: Path
    ) -> None:
        source = make_clevr()
        (source / "images" / "train" / "CLEVR_train_000007.png").unlink()
        with pytest.raises(
            DataError,
            match=r"1 of 2 images that CLEVR_train_questions\.json asks about do not "
            r"exist, the first is .*CLEVR_train_000007\.png",
        ):
            run(source, tmp_path / "store")

    def test_a_missing_folder_of_images_says_what_would_do(
        self, make_clevr: MakeClevr, tmp_path: Path
    ) -> None:
        with pytest.raises(DataError, match=r"nowhere/train does not exist; say where"):
            run(make_clevr(), tmp_path / "store", images=tmp_path / "nowhere")

    def test_an_image_that_is_cut_off_is_named(
        self, make_clevr: MakeClevr, tmp_path: Path
    ) -> None:
        source = make_clevr()
        path = source / "images" / "val" / "CLEVR_train_000003.png"
        path.write_bytes(path.read_bytes()[:-30])
        with pytest.raises(DataError, match=r"000003\.png is broken or cut off"):
            run(source, tmp_path / "store")

    def test_a_failure_leaves_the_earlier_store_as_it_was(
        self, make_clevr: MakeClevr, tmp_path: Path
    ) -> None:
        source, out = make_clevr(), tmp_path / "store"
        run(source, out)
        before = {path.name: path.read_bytes() for path in out.iterdir()}
        (source / "images" / "val" / "CLEVR_train_000003.png").unlink()
        with pytest.raises(DataError):
            run(source, out, image_size=(4, 4))
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before

    # A file that may not grow fails as one on a full disk does: at once where much is
    # written, and otherwise when it is closed.
    @pytest.mark.parametrize("n_bytes", [4000, 10_000])
    def test_a_full_disk_is_the_systems_own_error(
        self, make_clevr: MakeClevr, tmp_path: Path, n_bytes: int
    ) -> None:
        out = tmp_path / "store"
        script = (
            "import resource, sys; from pathlib import Path; "
            "from film.data.prepare import prepare; "
            f"resource.setrlimit(resource.RLIMIT_FSIZE, ({n_bytes},) * 2); "
            "list(prepare(*map(Path, sys.argv[1:])))"
        )
        ended = subprocess.run(
            [sys.executable, "-c", script, make_clevr(), out],
            capture_output=True,
            text=True,
            check=False,
        )
        last = ended.stderr.splitlines()[-1]
        assert last == f"OSError: [Errno {errno.EFBIG}] File too large: '{out}'"
        assert not list(out.iterdir())

    def test_data_that_bear_a_name_are_not_replaced_by_others(
        self, make_clevr: MakeClevr, tmp_path: Path
    ) -> None:
        source, out = make_clevr(), tmp_path / "store"
        run(source, out, fingerprint="a world")
        before = {path.name: path.read_bytes() for path in out.iterdir()}
        with pytest.raises(DataError, match=r"train\.h5 belongs .* named a world; pre"):
            run(source, out)
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before
        (out / "train.h5").write_bytes(before["train.h5"][:-100])
        for split in ("val", "test"):
            (out / f"{split}.h5").unlink()
        run(source, out)  # what is broken or absent is nobody's

    def test_stopping_half_way_leaves_nothing(
        self, make_clevr: MakeClevr, tmp_path: Path
    ) -> None:
        steps = prepare(make_clevr(), tmp_path / "store")
        while next(steps).stage != "val: images":
            pass
        steps.close()  # type: ignore[attr-defined] # it is a generator
        assert list((tmp_path / "store").iterdir()) == []

    @pytest.mark.parametrize("answer", ["maybe", "<NULL>"])
    def test_a_validation_answer_that_no_training_question_has_is_refused(
        self, make_clevr: MakeClevr, tmp_path: Path, answer: str
    ) -> None:
        source = make_clevr()
        path = source / "questions" / "CLEVR_val_questions.json"
        text = path.read_text(encoding="utf-8").replace('"no"', f'"{answer}"')
        path.write_text(text, encoding="utf-8")
        with pytest.raises(
            DataError,
            match=r"CLEVR_val_questions\.json: 1 answers are not in the vocabulary, "
            rf"the first is '{answer}' to question 0; answers come from the training",
        ):
            run(source, tmp_path / "store")

    def test_a_scene_that_contradicts_the_questions_is_refused(
        self, make_clevr: MakeClevr, tmp_path: Path
    ) -> None:
        source = make_clevr()
        (source / "scenes").mkdir()
        scene = {
            "image_index": 7,
            "image_filename": "CLEVR_new_000007.png",
            "objects": [],
            "relationships": {},
            "directions": {},
        }
        other = {**scene, "image_index": 9, "image_filename": "CLEVR_train_000009.png"}
        path = source / "scenes" / "CLEVR_train_scenes.json"
        path.write_text(json.dumps({"scenes": [other]}), encoding="utf-8")
        run(source, tmp_path / "fine")
        path.write_text(json.dumps({"scenes": [other, scene]}), encoding="utf-8")
        with pytest.raises(
            DataError,
            match=r"image_index 7 is CLEVR_new_000007\.png, and CLEVR_train_000007\.png"
            r" in CLEVR_train_questions\.json",
        ):
            run(source, tmp_path / "store")

    def test_broken_scenes_stop_only_what_needs_images(
        self, make_clevr: MakeClevr, tmp_path: Path
    ) -> None:
        source = make_clevr()
        (source / "scenes").mkdir()
        path = source / "scenes" / "CLEVR_train_scenes.json"
        path.write_text("{", encoding="utf-8")
        with pytest.raises(DataError, match=r"CLEVR_train_scenes\.json: broken JSON"):
            run(source, tmp_path / "store")
        run(source, tmp_path / "questions", keep_pixels=False)

    def test_an_unknown_split_names_those_there_are(
        self, make_clevr: MakeClevr, tmp_path: Path
    ) -> None:
        with pytest.raises(DataError, match=r"no split 'dev'; it has train, val, test"):
            run(make_clevr(), tmp_path / "store", splits=("dev",))

    def test_a_file_in_the_place_of_the_store_is_refused(
        self, make_clevr: MakeClevr, tmp_path: Path
    ) -> None:
        (tmp_path / "store").touch()
        with pytest.raises(DataError, match=r"store is a file; a store is a folder"):
            run(make_clevr(), tmp_path / "store")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"min_word_count": 0}, r"min_word_count must be at least 1, got 0"),
            ({"max_images": 0}, r"max_images must be at least 1, got 0"),
            ({"max_questions": -1}, r"max_questions must be at least 1, got -1"),
            ({"image_size": (4, 0)}, r"image_size must be at least 1, got 0"),
            ({"extractor_size": (0, 4)}, r"extractor_size must be at least 1, got 0"),
            ({"expand": True}, r"expand adds words to a given vocabulary; give one"),
        ],
    )
    def test_options_that_make_no_sense_are_refused(
        self, options: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ConfigError, match=message):
            PrepareOptions(**options)


class TestRealData:
    def test_the_subset_becomes_a_store_at_the_papers_size(
        self, shared: Path, tmp_path: Path
    ) -> None:
        source = shared / "clevr" / "CLEVR_v1.0"
        run(source, tmp_path, max_images=5)
        with h5py.File(tmp_path / "train.h5") as file:
            assert file["image_ids"][:].tolist() == [0, 1, 2, 3, 6]
            assert file["images"].shape == (5, 3, 224, 224)
            original = Image.open(
                source / "images" / "train" / "CLEVR_train_000006.png"
            )
            mean = np.asarray(original.convert("RGB")).mean(axis=(0, 1))
            assert np.allclose(file["images"][4].mean(axis=(1, 2)), mean, atol=0.5)

    def test_the_whole_subsets_programs_and_questions_survive(
        self, shared: Path, tmp_path: Path
    ) -> None:
        source = shared / "clevr" / "CLEVR_v1.0"
        list(prepare(source, tmp_path, QUESTIONS_ONLY))
        path = source / "questions" / "CLEVR_train_questions.json"
        questions = json.loads(path.read_text(encoding="utf-8"))["questions"]
        known = words(tmp_path, "question_token_to_idx")
        with h5py.File(tmp_path / "train.h5") as file:
            rows = file["questions"][:]
            assert file["orig_idxs"][:].tolist() == list(range(940))
        for question, row in zip(questions, rows, strict=True):
            text = " ".join(known[number] for number in row[row > 2])
            assert text == question["question"].replace(";", " ;").replace("?", "")

    def test_humans_are_stored_with_the_papers_vocabulary(
        self, shared: Path, tmp_path: Path
    ) -> None:
        run(
            shared / "clevr" / "CLEVR-Humans",
            tmp_path,
            keep_pixels=False,
            min_word_count=5,
        )
        longest = {"train": 37, "val": 48, "test": 34}
        for split, width in longest.items():
            with h5py.File(tmp_path / f"{split}.h5") as file:
                assert file["questions"].shape[1] == width
                assert "programs" not in file
                assert ("answers" in file) == (split != "test")
        assert len(words(tmp_path, "answer_token_to_idx")) == 32
