"""``film data make`` says what a world needs, and makes what is asked for."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from film.config import ImageInput
from film.errors import DataError
from film.world.config import load_world_config
from runner.cli import film
from runner.planning.sources import find_source, make_missing
from runner.store.workspace import Workspace
from studies.splits import USUAL, Needed

SETTINGS = {"n_train": 4, "n_val": 2, "n_test": 0, "max_objects": 2}
NEEDED = Needed(image_input=ImageInput.FEATURES, programs=False, splits=USUAL)


def make(out: Path, *flags: str) -> Result:
    settings = [f"--set={name}={value}" for name, value in SETTINGS.items()]
    command = ["data", "make", "tiny", str(out), "-j1", *settings, *flags]
    return CliRunner().invoke(film, command)


def test_a_dry_run_says_what_is_needed_and_makes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "w"
    said = make(out, "--dry-run")
    assert said.exit_code == 0
    pictures, needs, takes = said.stdout.splitlines()
    assert pictures.startswith("6 pictures (train 4, val 2), about 2")
    assert needs.startswith(f"needs about 0.1 MB in {out}, 0.2 MB while it is made; ")
    assert needs.endswith("B are free")
    assert takes.startswith("takes about 0:0")
    assert takes.endswith("with 1 process")
    assert not out.exists()


def test_what_is_made_is_named_and_is_not_made_again(tmp_path: Path) -> None:
    out = tmp_path / "w"
    name = load_world_config(SETTINGS, "tiny").fingerprint
    first, second, dry = make(out), make(out), make(out, "-n")
    assert first.stdout.splitlines()[-1] == f"world {name} is in {out}"
    assert second.stdout == dry.stdout == f"world {name} is in {out}\n"


def test_a_store_alone_has_no_pictures_and_says_so(tmp_path: Path) -> None:
    out = tmp_path / "w"
    assert make(out, "--store-only").exit_code == 0
    assert {path.name for path in out.iterdir()} == {
        *("train.h5", "val.h5", "vocab.json", "world.json"),
    }
    assert make(out, "--store-only").exit_code == 0
    with pytest.raises(DataError, match=r"without pictures and JSON .* another folder"):
        raise make(out).exception or AssertionError


def test_a_study_whose_world_the_disk_cannot_hold_is_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = load_world_config(SETTINGS, "tiny")
    source = find_source(
        "tiny",
        world,
        None,
        {"features": NEEDED},
        workspace,
    )
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=9))
    with pytest.raises(DataError, match=r"its disk has 0\.0 MB free; make room"):
        list(make_missing(source, processes=1))
    assert not source.directory.exists()
