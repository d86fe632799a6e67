"""The released files, the generator's and CLEVR-Humans read as the same questions."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from film.data.clevr import (
    FAMILY_OFFSETS,
    Question,
    QuestionReader,
    SplitFiles,
    find_splits,
    read_scene_names,
)
from film.data.programs import QuestionType
from film.errors import DataError

MakeClevr = Callable[..., Path]
Entry = dict[str, Any]


def read(source: Path, split: str = "train") -> list[Question]:
    return list(QuestionReader(find_splits(source)[split]))


def edit(source: Path, change: Callable[[list[Entry]], object]) -> None:
    """Change the training questions in place."""
    path = source / "questions" / "CLEVR_train_questions.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content["questions"])
    path.write_text(json.dumps(content), encoding="utf-8")


def test_questions_have_their_words_answers_types_and_families(
    make_clevr: MakeClevr,
) -> None:
    questions = read(make_clevr())
    assert [question.text for question in questions][:2] == [
        *("How many red things are there?", "Is there a ball?")
    ]
    assert [question.answer for question in questions] == ["2", "yes", "blue", "no"]
    assert [question.type for question in questions] == [
        *(QuestionType.COUNT, QuestionType.EXIST),
        *(QuestionType.QUERY_ATTRIBUTE, QuestionType.COMPARE_NUMBERS),
    ]
    assert [question.family for question in questions] == [87, 84, 85, 2]
    assert [question.image_index for question in questions] == [0, 0, 7, 7]


def test_a_test_file_has_neither_answers_nor_programs(make_clevr: MakeClevr) -> None:
    for question in read(make_clevr(), "test"):
        assert question.answer is None
        assert question.program is None
        assert question.type is None
        assert question.family is None


def test_what_the_generator_writes_reads_as_the_release(make_clevr: MakeClevr) -> None:
    def as_generated(questions: list[Entry]) -> None:
        generated = {"2": 2, "yes": True, "no": False}
        templates = {87: "zero_hop", 84: "zero_hop", 85: "zero_hop"}
        for entry in questions:
            entry["answer"] = generated.get(entry["answer"], entry["answer"])
            family = entry["question_family_index"]
            name = templates.get(family, "compare_integer")
            entry["template_filename"] = f"{name}.json"
            entry["question_family_index"] = family - FAMILY_OFFSETS[name]
            for node in entry["program"]:
                node["type"] = node.pop("function")
                node["_output"] = 3

    source = make_clevr()
    released = read(source)
    edit(source, as_generated)
    assert read(source) == released


def test_a_file_without_names_and_numbers_counts_by_itself(
    make_clevr: MakeClevr,
) -> None:
    def drop(questions: list[Entry]) -> None:
        for entry in questions:
            del entry["image_filename"], entry["question_index"]

    source = make_clevr()
    edit(source, drop)
    questions = read(source)
    assert [question.index for question in questions] == [0, 1, 2, 3]
    assert questions[2].image_filename == "CLEVR_train_000007.png"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("question", None, r"question 2: no text under 'question'"),
        ("image_index", None, r"question 2: no 'image_index'"),
        ("image_index", "7", r"'image_index' is '7', not a whole number from 0"),
        ("image_index", 8, r"image_index is 8, and .* is CLEVR_train_000007\.png"),
        ("image_filename", "../7.png", r"'image_filename' is '\.\./7\.png', not the"),
        ("question_index", 1, r"question 2: question_index 1 is given twice"),
        ("question_index", -1, r"'question_index' is -1, not a whole number"),
        ("question_index", 10**30, r"question 2: 'question_index' is too large a numb"),
        ("image_index", 10**400, r"'image_index' is too large a number; at most 9223"),
        ("question_family_index", 10**30, r"'question_family_index' is too large a n"),
        ("template_filename", "mine.json", r"is 'mine\.json', none of CLEVR's templat"),
        ("answer", 0.5, r"the answer 0\.5 is no string, yes/no or number"),
        ("answer", None, r"the answer is absent, and given in the first question"),
        ("program", [], r"question 2: the program is empty"),
        ("program", "scene", r"'program' is no list of objects"),
        (
            "program",
            [{"function": "scene", "inputs": []}],
            r"ends in 'scene', which answers no question",
        ),
        (
            "program",
            [{"function": "count", "inputs": [4]}],
            r"node 0 \(count\) takes the result of node 4, which does not come before",
        ),
        (
            "question_family_index",
            None,
            r"the family is absent, and given in the first",
        ),
    ],
)
def test_a_broken_question_is_one_line_with_its_place(
    make_clevr: MakeClevr, key: str, value: object, message: str
) -> None:
    source = make_clevr()
    edit(source, lambda questions: questions[2].update({key: value}))
    with pytest.raises(DataError, match=message) as error:
        read(source)
    assert "CLEVR_train_questions.json: question 2: " in str(error.value)
    assert "\n" not in str(error.value)


def test_one_image_index_with_two_files_is_refused(make_clevr: MakeClevr) -> None:
    source = make_clevr()
    edit(source, lambda all_: all_[3].update(image_filename="CLEVR_new_000007.png"))
    with pytest.raises(
        DataError,
        match=r"image_index 7 is CLEVR_new_000007\.png here and CLEVR_train_0",
    ):
        read(source)


def test_a_file_without_questions_is_refused(make_clevr: MakeClevr) -> None:
    source = make_clevr()
    edit(source, list.clear)
    with pytest.raises(DataError, match=r"CLEVR_train_questions\.json has no questi"):
        read(source)


class TestSplits:
    def test_train_comes_first_and_every_file_has_its_place(
        self, make_clevr: MakeClevr
    ) -> None:
        source = make_clevr()
        splits = find_splits(source)
        assert list(splits) == ["train", "val", "test"]
        assert splits["val"] == SplitFiles(
            "val",
            source / "questions" / "CLEVR_val_questions.json",
            source / "images" / "val",
            source / "scenes" / "CLEVR_val_scenes.json",
        )

    def test_cogents_condition_a_takes_the_plain_names(self, tmp_path: Path) -> None:
        (tmp_path / "questions").mkdir()
        for name in ("testA", "testB", "trainA", "valA", "valB"):
            (tmp_path / "questions" / f"CLEVR_{name}_questions.json").touch()
        splits = find_splits(tmp_path)
        assert {name: files.name for name, files in splits.items()} == {
            "train": "trainA",
            "val": "valA",
            "valB": "valB",
            "test": "testA",
            "testB": "testB",
        }
        assert next(iter(splits)) == "train"
        assert splits["val"].images == tmp_path / "images" / "valA"

    def test_a_folder_without_questions_says_what_was_expected(
        self, tmp_path: Path
    ) -> None:
        with pytest.raises(
            DataError, match=r"holds no questions: neither questions/CLEVR_\*_questions"
        ):
            find_splits(tmp_path)
        with pytest.raises(DataError, match=r"absent is no folder"):
            find_splits(tmp_path / "absent")


class TestScenes:
    @staticmethod
    def read(tmp_path: Path, *entries: Entry) -> list[tuple[int, str]]:
        path = tmp_path / "scenes.json"
        path.write_text(json.dumps({"scenes": entries}), encoding="utf-8")
        return list(read_scene_names(path))

    def test_a_scene_names_its_image(self, tmp_path: Path) -> None:
        name = "CLEVR_val_000003.png"
        entry = {"image_index": 3, "image_filename": name, "objects": []}
        assert self.read(tmp_path, entry) == [(3, name)]

    @pytest.mark.parametrize(
        ("index", "message"),
        [
            (4, r"scene 1: image_index is 4, and image_filename is"),
            (None, r"scene 1: no 'image_index'"),
            (0.7, r"scene 1: 'image_index' is 0\.7, not a whole number from 0"),
            (float("inf"), r"'image_index' is inf, not a whole number from 0"),
        ],
    )
    def test_a_broken_scene_is_refused(
        self, tmp_path: Path, index: object, message: str
    ) -> None:
        entry = {"image_index": 0, "image_filename": "CLEVR_val_000000.png"}
        with pytest.raises(DataError, match=message):
            self.read(tmp_path, entry, {**entry, "image_index": index})
        with pytest.raises(DataError, match=r"scene 0: 'image_filename' is None"):
            self.read(tmp_path, {"image_index": 0})


class TestRealData:
    def test_the_subset_reads_with_its_counts(self, shared: Path) -> None:
        source = shared / "clevr" / "CLEVR_v1.0"
        expected = {"train": (940, 94), "val": (407, 41), "test": (10, 1)}
        for split, counts in expected.items():
            questions = read(source, split)
            images = {question.image_index for question in questions}
            assert (len(questions), len(images)) == counts

    def test_the_families_of_a_type_are_those_of_its_templates(
        self, shared: Path
    ) -> None:
        questions = read(shared / "clevr" / "CLEVR_v1.0")
        for question in questions:
            assert question.family is not None
            assert (question.family < 9) == (
                question.type is QuestionType.COMPARE_NUMBERS
            )

    def test_each_question_has_a_scene_of_the_same_image(self, shared: Path) -> None:
        source = shared / "clevr" / "CLEVR_v1.0"
        scenes = dict(read_scene_names(find_splits(source)["val"].scenes))
        assert len(scenes) == 41
        assert scenes == {
            question.image_index: question.image_filename
            for question in read(source, "val")
        }

    def test_humans_read_without_programs(self, shared: Path) -> None:
        source = shared / "clevr" / "CLEVR-Humans"
        expected = {"train": 17817, "val": 7202, "test": 7145}
        for split, count in expected.items():
            questions = read(source, split)
            assert len(questions) == count
            assert len({question.image_index for question in questions}) == count
            has_answers = {question.answer is not None for question in questions}
            assert has_answers == {split != "test"}
            assert all(question.program is None for question in questions)
            assert re.fullmatch(
                rf"CLEVR_{split}_\d{{6}}\.png", questions[0].image_filename
            )
