"""Results of an analysis come back as they were, or say in a line that they cannot."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from film.analysis.record import (
    Analysis,
    analysis_folder,
    read_analysis,
    write_analysis,
)
from film.errors import AnalysisError

FOUND = Analysis(
    tables={"shares": pd.DataFrame({"parameter": ["γ", "β"], "share": [0.25, 0.5]})},
    arrays={"counts": np.arange(6).reshape(2, 3)},
    about={"split": "val", "questions": 7},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return analysis_folder(tmp_path, "modulation")


def test_what_was_written_is_read_back(folder: Path) -> None:
    write_analysis(FOUND, folder)
    found = read_analysis(folder)
    pd.testing.assert_frame_equal(found.tables["shares"], FOUND.tables["shares"])
    np.testing.assert_array_equal(found.arrays["counts"], FOUND.arrays["counts"])
    assert found.about == FOUND.about


def test_the_same_results_are_the_same_bytes(tmp_path: Path) -> None:
    folders = [analysis_folder(tmp_path / name, "modulation") for name in "ab"]
    for folder in folders:
        write_analysis(FOUND, folder)
    contents = [
        {file.name: file.read_bytes() for file in folder.iterdir()}
        for folder in folders
    ]
    assert contents[0] == contents[1]
    assert {*contents[0]} == {"about.json", "arrays.npz", "shares.parquet"}


def test_new_results_replace_the_old_ones_as_a_whole(folder: Path) -> None:
    write_analysis(FOUND, folder)
    write_analysis(Analysis(about={"questions": 9}), folder)
    found = read_analysis(folder)
    assert (dict(found.tables), dict(found.arrays)) == ({}, {})
    assert [path.name for path in folder.parent.iterdir()] == ["modulation"]


def test_what_cannot_be_written_leaves_the_old_results(folder: Path) -> None:
    write_analysis(FOUND, folder)
    with pytest.raises(TypeError):
        write_analysis(Analysis(about={"bad": object()}), folder)
    assert read_analysis(folder).about == FOUND.about
    assert [path.name for path in folder.parent.iterdir()] == ["modulation"]


def test_an_analysis_that_was_not_made_says_how(folder: Path) -> None:
    with pytest.raises(AnalysisError, match="`film analyse modulation RUN` makes it"):
        read_analysis(folder)


@pytest.mark.parametrize("name", ["about.json", "arrays.npz", "shares.parquet"])
def test_a_damaged_file_is_one_line(folder: Path, name: str) -> None:
    write_analysis(FOUND, folder)
    (folder / name).write_bytes(b"\x80\x04 no such thing")
    with pytest.raises(AnalysisError, match=r"cannot be read .* make it again"):
        read_analysis(folder)


def test_arrays_of_objects_are_not_unpickled(folder: Path) -> None:
    write_analysis(FOUND, folder)
    np.savez(folder / "arrays.npz", bad=np.array([{}], dtype=object))
    with pytest.raises(AnalysisError, match="cannot be read"):
        read_analysis(folder)


@pytest.mark.parametrize("name", ["../elsewhere", "", "A", ".hidden", "a/b"])
def test_names_stay_in_their_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(AnalysisError, match="cannot be the name"):
        analysis_folder(tmp_path, name)
    with pytest.raises(AnalysisError, match="cannot be the name"):
        write_analysis(
            Analysis(tables={name: pd.DataFrame()}), analysis_folder(tmp_path, "x")
        )
