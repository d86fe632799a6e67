"""``film data prepare``: features of one's choice, by the same command for all data."""

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from film.world.config import EXTRACTOR_VERSION
from film.world.making import CLEVR_FOLDER
from runner.cli import main


def film(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_the_files_of_a_world_give_its_own_features_again(tmp_path: Path) -> None:
    world, out = tmp_path / "world", tmp_path / "out"
    assert film("data", "make", "tiny", world, "--jobs", "1") == 0
    assert film("data", "prepare", world, out, "--features", "world") == 0
    for split in ("train", "val", "test"):
        made, prepared = (
            h5py.File(world / f"{split}.h5"),
            h5py.File(out / f"{split}.h5"),
        )
        with made, prepared:
            for name in ("images", "features"):
                assert np.array_equal(made[name][:], prepared[name][:])
            by = prepared["features"].attrs["extractor"]
            assert by == f"world {EXTRACTOR_VERSION}"
    plain = tmp_path / "plain"
    assert film("data", "prepare", world / CLEVR_FOLDER, plain) == 0
    with h5py.File(plain / "train.h5") as file:
        assert "features" not in file


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (("--device", "cpu"), "leave them out with --features none"),
        (
            ("--features", "world", "--resnet-weights", "w.pth"),
            "leave them out with --features world",
        ),
        (("--features", "resnet101"), "pip install 'film-ablations[resnet]'"),
    ],
)
def test_flags_that_cannot_be_obeyed_are_refused_before_anything_is_read(
    flags: tuple[str, ...],
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    assert film("data", "prepare", "nowhere", tmp_path / "out", *flags) == 2
    error = capsys.readouterr().err
    assert error.startswith("film: error: ")
    assert line in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
