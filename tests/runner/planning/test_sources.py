"""A world that is not whole is not learnt from."""

import pytest

from film.config import ImageInput
from film.errors import DataError
from film.world.config import world_preset
from runner.planning.sources import find_source, make_missing
from runner.store.workspace import Workspace
from studies.splits import USUAL


def test_half_a_world_is_not_taken_for_a_whole_one(workspace: Workspace) -> None:
    world = world_preset("tiny")
    needed = {ImageInput.FEATURES: (ImageInput.FEATURES, USUAL)}
    source = find_source("tiny", world, None, needed, workspace)
    source.directory.mkdir(parents=True)
    (source.directory / "vocab.json").write_text("{}")
    assert not source.is_there
    with pytest.raises(DataError, match="holds no world"):
        list(make_missing(source, processes=1))
