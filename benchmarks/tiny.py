"""Studies for benchmarks, and the stores they are run in."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from noop import SETTINGS, WORLD

from runner.planning.request import Choice, Request
from runner.planning.sources import make_missing
from runner.store.workspace import Workspace


def write_study(
    file: Path,
    *,
    rows: int,
    seeds: int,
    settings: Mapping[str, Any] = SETTINGS,
    world: Mapping[str, Any] = WORLD,
) -> None:
    """Write a study of ROWS × SEEDS trials, no-op ones unless settings are given.

    The rows learn at other rates.
    """
    others = {
        f"row {number}": {"train.learning_rate": 1e-4 + number * 1e-6}
        for number in range(1, rows)
    }
    study = {
        "study": file.stem,
        "question": "What does launching cost?",
        "baseline": "paper",
        "settings": dict(settings),
        "world": dict(world),
        "seeds": seeds,
        "groups": {"Learning rate": others},
    }
    file.write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")


def make_world(study: Path, store: Path) -> Path:
    """Make the world of a study in a store; the folder of its data."""
    request = Request.of(str(study), Choice(), None, Workspace.at(store))
    for _ in make_missing(request.source, processes=1):
        pass
    return request.source.directory


def fresh_store(store: Path, data: Path) -> Path:
    """Make a store that has a world and nothing else."""
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(data.parent, store / "data")
    return store


def film(*words: str | Path) -> list[str | Path]:
    """The command `film` of this checkout."""
    return [sys.executable, "-m", "runner.cli", *words]
