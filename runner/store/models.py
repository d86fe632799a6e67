"""Models that were trained elsewhere: folders like a trial's, that no study wants.

Such a folder is named ``imported-NAME``, as no trial is: nothing that plans, reports,
mirrors or frees trials looks at it. What asks a run by its name finds it.
"""

import hashlib
import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from film.config import Config
from film.data.vocabulary import write_vocabulary
from film.model.authors.checkpoint import AuthorsModel
from film.training.best import UNKNOWN_DATA, Best
from runner.errors import LaunchError
from runner.store.files import write_json
from runner.store.names import IMPORTED, is_imported
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace

__all__ = ["name_of", "place_model"]

_LONGEST: Final = 60


def name_of(file: Path, wanted: str | None) -> str:
    """Name the folder of a model.

    Args:
        file: The checkpoint.
        wanted: What the user calls it; None names it after the file.

    Returns:
        The name.

    Raises:
        LaunchError: The user's cannot be the name of a folder.
    """
    if wanted is None:
        words = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")
        return f"{IMPORTED}{words[:_LONGEST] or 'model'}"
    name = f"{IMPORTED}{wanted.removeprefix(IMPORTED)}"
    if not is_imported(name):
        raise LaunchError(
            f"--name {wanted!r:.80}: should be small letters, digits and hyphens"
        )
    return name


def place_model(
    model: AuthorsModel, file: Path, name: str, workspace: Workspace
) -> tuple[TrialFolder, bool]:
    """Write a model to the store, whole or not at all.

    Args:
        model: What was read.
        file: From where.
        name: Of its folder.
        workspace: The store; it is made where it is missing.

    Returns:
        The folder, and whether it is new: the same model may be there already.

    Raises:
        LaunchError: Another model has this name.
    """
    folder = workspace.trial(name)
    origin = _origin(model, file)
    if folder.path.exists():
        if folder.description().get("origin") == origin:
            return folder, False
        raise LaunchError(
            f"{folder.path} is another model; give this one another --name, or remove "
            "that folder"
        )
    stage = TrialFolder(workspace.trials / f".{name}.{secrets.token_hex(4)}")
    try:
        _write(model, stage, name, origin)
        stage.path.rename(folder.path)
    finally:
        shutil.rmtree(stage.path, ignore_errors=True)
    return folder, True


def _origin(model: AuthorsModel, file: Path) -> dict[str, Any]:
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {
        "file": file.name,
        "sha256": digest,
        "vocabulary": model.vocabulary.digest,
        "steps": model.steps,
        "val_accuracy": model.accuracy,
        "unused": list(model.unused),
    }


# How it was trained is not known: of its settings, those of the network alone are its.
def _write(
    model: AuthorsModel, stage: TrialFolder, name: str, origin: Mapping[str, Any]
) -> None:
    config = Config(model=model.config)
    best = Best(
        run={"settings": config.identity(), "seed": None, "data": UNKNOWN_DATA},
        config=config,
        sizes=model.sizes,
        vocabulary=model.vocabulary,
        epoch=0,
        weights=model.weights,
    )
    accuracy = float("nan") if model.accuracy is None else model.accuracy
    best.save(stage.path / "best.pt", val_accuracy=accuracy)
    write_vocabulary(model.vocabulary, stage.path / "vocab.json")
    description = {
        "trial_id": name,
        "study": "",
        "row": name,
        "group": "",
        "changes": {},
        "seed": None,
        "data": UNKNOWN_DATA,
        "config": config.flat(),
        "origin": origin,
    }
    write_json(stage.path / "config.json", description)
    stage.finish({"best_val_accuracy": accuracy, "best_epoch": 0, "epochs": 0})
