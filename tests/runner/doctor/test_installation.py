"""Versions are held against what the suite needs; torch against the GPUs."""

from importlib.metadata import version
from pathlib import Path

import pytest

from runner.doctor import installation
from runner.doctor.finding import Level
from runner.doctor.installation import check_packages, check_python, check_torch


def test_this_python_will_do_and_an_old_one_will_not() -> None:
    assert [one.level for one in check_python()] == [Level.OK]
    (old,) = check_python("3.9.1")
    assert old.level is Level.FAIL
    assert "the suite needs" in old.said
    assert "make install" in old.remedy


def test_the_packages_here_are_in_their_ranges() -> None:
    (found,) = check_packages()
    assert found.level is Level.OK
    assert f"torch {version('torch')}" in found.said


def test_a_missing_or_wrong_package_is_named_with_what_would_do() -> None:
    wanted = ["click<1", "no-such-package>=2", "numpy", "no-extra; extra == 'dev'"]
    wrong, missing = check_packages(wanted)
    assert wrong.said == f"click is {version('click')}, and has to be <1"
    assert wrong.remedy == "`pip install 'click<1'`"
    assert missing.said == "no-such-package is not installed"
    assert missing.remedy == "`pip install 'no-such-package>=2'`"


def test_torch_that_cannot_be_imported_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(installation, "_ASK_TORCH", "raise ImportError('libfoo.so')")
    (found,) = check_torch()
    assert found.said == "torch cannot be used: ImportError: libfoo.so"
    assert found.level is Level.FAIL


@pytest.mark.parametrize(
    ("said", "n_devices", "level", "word"),
    [
        ("'cuda': None, 'gpus': []", 0, Level.OK, "no GPU here, 2 threads"),
        ("'cuda': None, 'gpus': []", 2, Level.WARNING, "built for CPUs"),
        ("'cuda': '12.4', 'gpus': []", 1, Level.WARNING, "sees none of 1 GPUs"),
        ("'cuda': '12.4', 'gpus': ['H100']", 1, Level.OK, ": H100, 2 threads"),
    ],
)
def test_gpus_that_torch_does_not_see_are_a_warning(
    said: str,
    n_devices: int,
    level: Level,
    word: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = f"{{'version': '2.5', 'threads': 2, {said}}}"
    asking = f"import json; print(json.dumps({answer}))"
    monkeypatch.setattr(installation, "_ASK_TORCH", asking)
    for number in range(n_devices):
        (tmp_path / f"nvidia{number}").touch()
    (tmp_path / "nvidiactl").touch()
    (found,) = check_torch(tmp_path)
    assert found.level is level
    assert word in found.said
