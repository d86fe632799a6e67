"""What a world needs of the disk is said before it is made, and comes true."""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from film.errors import DataError
from film.world import needs
from film.world.config import PRESETS, WorldConfig, load_world_config
from film.world.making import make_world, plan_world

TINY = PRESETS["tiny"]
BLOCK = 4096


class _Disk(NamedTuple):
    free: int


def full_disk(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: _Disk(free))


def bytes_in(directory: Path) -> int:
    """Files take whole blocks of a disk."""
    return sum(
        -(-path.stat().st_size // BLOCK) * BLOCK
        for path in directory.rglob("*")
        if path.is_file()
    )


LARGE = {"n_train": 30, "n_val": 10, "width": 248, "height": 160}


@pytest.mark.parametrize(
    ("settings", "store_only"),
    [
        ({"n_train": 40}, False),
        ({"n_train": 40}, True),
        ({**LARGE, "masks": True}, False),
        (LARGE, True),
    ],
)
def test_the_estimate_is_within_a_fifth_of_the_truth(
    tmp_path: Path, settings: dict[str, Any], *, store_only: bool
) -> None:
    config = load_world_config(settings, "tiny")
    planned = plan_world(config, tmp_path / "w", store_only=store_only)
    assert planned is not None
    assert not (tmp_path / "w").exists()
    peak = 0
    for _ in make_world(config, tmp_path / "w", store_only=store_only):
        peak = max(peak, bytes_in(tmp_path / "w"))
    assert planned.kept_bytes == pytest.approx(bytes_in(tmp_path / "w"), rel=0.2)
    assert planned.peak_bytes == pytest.approx(peak, rel=0.25)
    assert planned.n_pictures == sum(config.splits.values())
    assert planned.n_questions == pytest.approx(4 * planned.n_pictures, rel=0.1)


def test_a_world_that_the_disk_cannot_hold_is_refused_before_it_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk(monkeypatch, free=100_000)
    refused = r"w needs about 0\.\d MB more .* has 0\.1 MB free; make room"
    with pytest.raises(DataError, match=refused):
        next(make_world(TINY, tmp_path / "w"))
    assert not (tmp_path / "w").exists()


def test_what_is_there_of_a_world_needs_no_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = plan_world(TINY, tmp_path / "w")
    assert planned is not None
    for step in make_world(TINY, tmp_path / "w"):
        if step.stage == "train: store questions":
            break
    full_disk(monkeypatch, free=planned.peak_bytes - 60_000)
    for _ in make_world(TINY, tmp_path / "w"):
        pass
    assert (tmp_path / "w" / "world.json").is_file()


def test_what_is_moved_out_already_needs_no_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "w"
    planned = plan_world(TINY, directory)
    assert planned is not None
    for _ in make_world(TINY, directory):
        pass
    (directory / ".partial").mkdir()
    for name in ("vocab.json", "world.json"):
        (directory / name).rename(directory / ".partial" / name)
    full_disk(monkeypatch, free=planned.peak_bytes // 2)
    assert list(make_world(TINY, directory)) == []
    assert (directory / "world.json").is_file()


def test_the_whole_work_goes_from_nothing_to_all(tmp_path: Path) -> None:
    shares = [step.whole or 0.0 for step in make_world(TINY, tmp_path / "w")]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == pytest.approx(1)


def test_more_processes_are_planned_to_draw_faster() -> None:
    one, two = (
        needs.estimate_needs(TINY, processes=n, store_only=False) for n in (1, 2)
    )
    stage = "train: pictures"
    assert two.stages[stage] == pytest.approx(one.stages[stage] / 2)
    assert two.stages["train: store images"] == one.stages["train: store images"]


@pytest.mark.parametrize(
    ("width", "height", "stored"),
    [
        (96, 64, (64, 96)),
        (224, 224, (224, 224)),
        (232, 200, (224, 224)),
        (480, 320, (224, 224)),
    ],
)
def test_pictures_are_stored_in_their_own_size_or_the_papers(
    width: int, height: int, stored: tuple[int, int]
) -> None:
    assert needs.stored_size(WorldConfig(width=width, height=height)) == stored


def test_sizes_are_said_in_units_that_people_read() -> None:
    assert needs.size_text(340_400_000) == "340.4 MB"
    assert needs.size_text(1_200_000_000) == "1.2 GB"
