"""What an archive says of a trial, held against what the suite itself writes.

Whoever reads a folder counts on names and kinds of what is in it: what comes from
elsewhere is refused before it lies in a store.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from runner.store.files import read_json
from runner.store.launches import Launch
from runner.store.trial_folder import TrialFolder

__all__ = ["odd_launch", "odd_mark", "odd_trial"]

_LATEST_S = 1e11  # in 3,000 years; no clock shows more


def _refuse_unprintable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("is not printable")
    return text


def _refuse_unwritable(text: str) -> str:
    text.encode()  # half a letter, as JSON can name it, is a ValueError
    return text


_Lines = Annotated[str, AfterValidator(_refuse_unwritable)]
_Text = Annotated[str, AfterValidator(_refuse_unprintable)]
_Seconds = Annotated[float, Field(ge=0, lt=_LATEST_S)]
_Count = Annotated[int, Field(ge=0, lt=2**63)]
_Fraction = Annotated[float, Field(ge=0, le=1)]
_ByType = dict[_Text, float]


class _Said(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class _Labels(_Said):
    row: _Text
    group: _Text = ""
    changes: dict[_Text, Any] = {}


class _Description(_Labels):
    study: _Text
    seed: _Count
    data: _Text
    config: dict[_Text, Any]


class _Attempt(_Said):
    started_at: _Seconds | None = None
    ended_at: _Seconds | None = None


class _State(_Said):
    state: _Text = ""
    error: str = ""
    attempts: list[_Attempt] = []
    generation: _Count = 0
    screened_at_epoch: _Count | None = None


class _Epoch(_Said):
    epoch: _Count
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: _Fraction
    val_accuracy_by_type: _ByType
    best_epoch: _Count
    best_val_accuracy: _Fraction
    best_val_accuracy_by_type: _ByType
    wall_time_s: _Seconds
    questions_per_s: float
    time_ms: Annotated[int, Field(ge=0, lt=1000 * _LATEST_S)]
    memory_bytes: _Count | None = None
    gpu_memory_bytes: _Count | None = None


class _Mark(_Said):
    epochs: _Count
    best_epoch: _Count
    best_val_accuracy: float
    best_val_accuracy_by_type: _ByType
    wall_time_s: _Seconds
    finished_at: _Seconds
    peak_memory_bytes: _Count | None = None
    peak_gpu_memory_bytes: _Count | None = None


class _Asked(_Said):
    question: _Lines
    source: _Lines
    rows: dict[_Text, Any]
    seeds: list[_Count]
    fingerprints: dict[Any, _Text]


def odd_launch(launch: Launch) -> str:
    """Tell what of a launch the suite would not have written.

    Args:
        launch: From an archive.

    Returns:
        A few words; nothing where all is as it should be.
    """
    said = {
        "question": launch.question,
        "source": launch.source,
        "rows": launch.rows,
        "seeds": list(launch.seeds),
        "fingerprints": launch.fingerprints,
    }
    return _odd(_Asked, said)


def odd_trial(folder: TrialFolder, study: str) -> str:
    """Tell what of a trial's folder the suite would not have written.

    Args:
        folder: From an archive.
        study: Whose archive it is.

    Returns:
        A few words; nothing where all is as it should be.
    """
    files: dict[str, type[_Said]] = {
        "config.json": _Description,
        "state.json": _State,
        f"studies/{study}.json": _Labels,
    }
    for name, kind in files.items():
        path = folder.path / name
        why = _odd(kind, read_json(path)) if path.exists() else ""
        if why:
            return f"{name}: {why}"
    for row in folder.read().epochs:
        why = _odd(_Epoch, row)
        if why:
            return f"epoch {row['epoch']}: {why}"
    return ""


def odd_mark(mark: Mapping[str, Any]) -> str:
    """Tell what of a finished trial's mark the suite would not have written.

    Args:
        mark: From an archive.

    Returns:
        A few words; nothing where all is as it should be.
    """
    return _odd(_Mark, mark)


def _odd(kind: type[_Said], said: Mapping[str, Any]) -> str:
    try:
        kind.model_validate(dict(said))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part)[:40] for part in first["loc"])
        return f"{where}: {first['msg']}"
    return ""
