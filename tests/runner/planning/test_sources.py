"""A world that is not whole is not learnt from."""

import shutil
from pathlib import Path

import h5py
import pytest

from film.config import Config
from film.errors import DataError
from film.world.config import world_preset
from runner.planning.sources import find_source, make_missing
from runner.store.workspace import Workspace
from studies.splits import Needed


def test_half_a_world_is_not_taken_for_a_whole_one(workspace: Workspace) -> None:
    world = world_preset("tiny")
    one = Needed.by(Config().model)
    needed = {one.key: one}
    source = find_source("tiny", world, None, needed, workspace)
    source.directory.mkdir(parents=True)
    (source.directory / "vocab.json").write_text("{}")
    assert not source.is_there
    with pytest.raises(DataError, match="holds no world"):
        list(make_missing(source, processes=1))


def test_other_programs_are_other_data_for_whom_reads_them(
    data: Path, tmp_path: Path, workspace: Workspace
) -> None:
    reads, reads_not = (
        Needed.by(Config().with_changes({"model.architecture": name}).model)
        for name in ("qtype", "lstm")
    )
    needed = {one.key: one for one in (reads, reads_not)}

    def names(directory: Path) -> tuple[str, str]:
        found = find_source("it", None, directory, needed, workspace).fingerprints
        return found[reads.key], found[reads_not.key]

    before = names(data)
    other = tmp_path / "other"
    shutil.copytree(data, other)
    with h5py.File(other / "train.h5", "r+") as file:
        del file["programs"]
    after = names(other)
    assert after[0] != before[0]
    assert after[1] == before[1]
