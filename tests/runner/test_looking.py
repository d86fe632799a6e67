"""What `film data check` and `film data show` print, and how they end."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from film.world.config import load_world_config
from film.world.making import make_world
from runner.cli import main

Film = Callable[..., tuple[int, str, str]]


@pytest.fixture
def film(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Film:
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        assert isinstance(ended.value.code, int)
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a world of a few pictures."""
    folder = tmp_path_factory.mktemp("worlds") / "world"
    list(make_world(load_world_config({"n_train": 3, "n_val": 2}, "tiny"), folder))
    return folder


@pytest.fixture
def world(made: Path, tmp_path: Path) -> Path:
    """Give a world that may be spoilt."""
    return Path(shutil.copytree(made, tmp_path / "world"))


def spoil(world: Path, split: str) -> int:
    """Give every question of a split a wrong answer; say how many there are."""
    path = world / "CLEVR_v1.0" / "questions" / f"CLEVR_{split}_questions.json"
    content = json.loads(path.read_text())
    for question in content["questions"]:
        question["answer"] = "mauve"
    path.write_text(json.dumps(content))
    return len(content["questions"])


def test_a_world_agrees_with_itself(film: Film, world: Path) -> None:
    code, text, _ = film("data", "check", world)
    assert code == 0
    numbers = [str(spoil(world, split)) for split in ("train", "val", "test")]
    lines = [line.split() for line in text.splitlines()]
    assert ["answered", "as", "recorded", *numbers] in lines
    assert lines[-1] == ["no", "differences"]


def test_what_differs_is_named_and_counted(film: Film, world: Path) -> None:
    n_wrong = spoil(world, "val")
    code, text, _ = film("data", "check", world)
    assert code == 1
    assert f"0 of {n_wrong}" in text
    assert f"\n{n_wrong} differences:\n" in text
    assert (
        "  questions/CLEVR_val_questions.json: question 0: the answer is 'mauve', and "
    ) in text
    code, text, _ = film("data", "check", world, "--json")
    assert code == 1
    found = json.loads(text)
    answer = found["splits"]["val"]["checks"]["answer"]
    assert answer == {
        "what": "answered as recorded",
        "checked": n_wrong,
        "wrong": n_wrong,
    }
    assert len(found["differences"]) == found["n_differences"] == n_wrong


def test_only_the_first_differences_are_named(film: Film, world: Path) -> None:
    n_wrong = spoil(world, "train")
    _, text, _ = film("data", "check", world)
    assert f"\n{n_wrong} differences; the first 10 (--json names more):\n" in text
    assert text.count("question ") == 10


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("check", "no"), "no is no folder"),
        (("check", "."), "holds no questions"),
        (("show", "no"), "no is no folder"),
        (("show", "{world}", "--split", "x"), "no split 'x'; it has train, val, test"),
        (("show", "{world}", "--image", "77"), "asks nothing about an image 77"),
        (("show", "{world}", "--out", "a.jpg"), "name it so: a.png"),
        (("show", "{world}", "--beside", "no"), "no is no folder"),
    ],
)
def test_what_cannot_be_looked_at_is_one_line(
    film: Film, world: Path, words: tuple[str, ...], line: str
) -> None:
    code, _, error = film("data", *(word.format(world=world) for word in words))
    assert code == 2
    assert error.startswith("film: error: ")
    assert line in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("name", ["check", "show"])
def test_every_command_has_an_example(film: Film, name: str) -> None:
    _, text, _ = film("data", name, "--help")
    assert f"Example: film data {name} " in text


def test_a_sheet_is_drawn_and_named(film: Film, world: Path) -> None:
    code, text, _ = film("data", "show", world)
    assert (code, text) == (0, "2 pictures on sheet-world-val.png\n")
    with Image.open("sheet-world-val.png") as sheet:
        assert sheet.width > 800
    code, text, _ = film("data", "show", world, "-n", "1", "--out", "here/one.png")
    assert (code, text) == (0, "1 picture on here/one.png\n")
    code, text, _ = film(
        "data", "show", world, "--beside", world, "--split", "train", "--questions", "0"
    )
    assert (code, text) == (0, "6 pictures on sheet-world-beside-world-train.png\n")


def test_questions_are_printed_without_pictures(film: Film, world: Path) -> None:
    path = world / "CLEVR_v1.0" / "questions" / "CLEVR_val_questions.json"
    first = json.loads(path.read_text())["questions"][0]
    code, text, _ = film("data", "show", world, "--text", "-n", "1")
    assert code == 0
    heading, question, program = text.splitlines()[:3]
    assert heading == "world, val, image 0"
    assert question == f"  {first['question']} → {first['answer']}"
    assert "scene" in program
    assert list(Path.cwd().glob("*.png")) == []
    code, text, _ = film("data", "show", world, "--json", "--beside", world)
    assert code == 0
    one, other = json.loads(text)
    assert one == other
    assert one["images"][0]["questions"][0]["answer"] == first["answer"]


@pytest.mark.parametrize("flag", ["--first=1", "--count=1"])
def test_pictures_are_named_or_counted(film: Film, world: Path, flag: str) -> None:
    code, _, error = film("data", "show", world, "--image=1", flag)
    assert code == 2
    assert "leave out --count and --first" in error


def test_a_picture_that_is_named_twice_is_shown_once(film: Film, world: Path) -> None:
    named = ("--image=1", "--image=0", "--image=1")
    _, text, _ = film("data", "show", world, *named, "--json")
    (folder,) = json.loads(text)
    assert [one["image_index"] for one in folder["images"]] == [1, 0]


def test_a_sheet_is_not_asked_for_and_left_out(film: Film, world: Path) -> None:
    code, _, error = film("data", "show", world, "--text", "--out", "a.png")
    assert code == 2
    assert "--out is for a sheet" in error


def test_real_clevr_is_answered_as_recorded(film: Film, shared: Path) -> None:
    code, text, _ = film("data", "check", shared / "clevr" / "CLEVR_v1.0")
    assert code == 0
    assert ["answered", "as", "recorded", "940", "407", "–"] in [
        line.split() for line in text.splitlines()
    ]
