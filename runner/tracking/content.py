"""What a run says: from a trial's folder to MLflow's words."""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from film.config import Architecture, ImageInput
from runner.store.files import read_json
from runner.store.launches import StudyProgress
from runner.store.record import Record
from runner.store.trial_folder import TrialFolder
from runner.tracking.secrets import redacted
from studies.splits import Splits

__all__ = [
    "ACCURACY",
    "STUDY_TAG",
    "Content",
    "content_of",
    "epoch_metrics",
    "row_metrics",
]

ACCURACY: Final = "val/accuracy"  # every epoch has it
STUDY_TAG: Final = "film.study."
_ENVIRONMENT: Final = "film", "torch", "python", "host", "device"
_MEMORY: Final = "memory_bytes", "gpu_memory_bytes"
_LONGEST: Final = 4000  # MLflow refuses tags of more than 8000 bytes


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the run of a trial says, but for its epochs."""

    name: str
    params: Mapping[str, str]  # row and seed first
    tags: Mapping[str, str]
    best: Mapping[str, float]  # of a finished trial
    data: str  # fingerprint of what was learnt from
    data_name: str


def content_of(folder: TrialFolder, record: Record) -> Content:
    """Say what the run of a trial is to say.

    Args:
        folder: The trial's folder.
        record: What it says.

    Returns:
        The content.
    """
    described = folder.description()
    params = {"row": described["row"], "seed": described["seed"]}
    params |= described["config"]
    return Content(
        name=f"{described['row']} · seed {described['seed']}",
        params={name: _text(value) for name, value in params.items()},
        tags=_tags(folder, record, str(described["data"])),
        best={} if record.summary is None else dict(_summary_metrics(record.summary)),
        data=str(described["data"]),
        data_name=f"questions and {_images(described['config'])}",
    )


def epoch_metrics(row: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Name the metrics of an epoch as MLflow's page groups them.

    Args:
        row: What the trial's folder says of the epoch.

    Yields:
        Name and value.
    """
    yield ACCURACY, row["val_accuracy"]
    yield "val/loss", row["val_loss"]
    yield "train/accuracy", row["train_accuracy"]
    yield "train/loss", row["train_loss"]
    if row.get("val_program_accuracy") is not None:
        yield "val/program_accuracy", row["val_program_accuracy"]
    for kind, accuracy in row["val_accuracy_by_type"].items():
        yield f"val/accuracy_{kind}", accuracy
    for name in _MEMORY:
        if row.get(name) is not None:
            yield name, row[name]


def row_metrics(progress: StudyProgress) -> dict[str, float]:
    """Name what came of a study's rows: each its own metric.

    Args:
        progress: Of the study.

    Returns:
        Mean accuracies of finished runs, their standard deviations and their numbers,
        by names that MLflow takes.
    """
    names = _row_names(progress.n_runs)
    parts: Mapping[str, Mapping[str, float]] = {
        "mean/val_accuracy": progress.mean_val_accuracy,
        "sd/val_accuracy": progress.sd_val_accuracy,
        "n/finished": progress.n_runs,
    }
    return {
        f"{kind}/{names[label]}": value
        for kind, values in parts.items()
        for label, value in values.items()
    }


# Two labels may be the same in ASCII.
def _row_names(labels: Iterable[str]) -> dict[str, str]:
    named: dict[str, str] = {}
    for label in labels:
        name = unique = _ascii(label)
        number = 1
        while unique in named.values():
            number += 1
            unique = f"{name} {number}"
        named[label] = unique
    return named


def _images(config: Mapping[str, Any]) -> str:
    match config.get("model.architecture", Architecture.FILM):
        case Architecture.QTYPE | Architecture.LSTM:
            return "no images"
        case Architecture.FILM:
            return str(config.get("model.stem.input"))
        case Architecture.RN:
            return str(config.get("model.rn.input"))
        case _:
            return str(ImageInput.FEATURES)


def _summary_metrics(summary: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    yield "best/val_accuracy", summary["best_val_accuracy"]
    yield "best/epoch", summary["best_epoch"]
    yield "wall_time_s", summary["wall_time_s"]
    for kind, accuracy in summary["best_val_accuracy_by_type"].items():
        yield f"best/val_accuracy_{kind}", accuracy
    for name in _MEMORY:
        if summary.get(f"peak_{name}") is not None:
            yield f"peak_{name}", summary[f"peak_{name}"]


def _tags(folder: TrialFolder, record: Record, data: str) -> dict[str, str]:
    wanted_by = folder.wanted_by()
    notes = [_note(study, labels) for study, labels in wanted_by.items()]
    if record.error:
        notes.append(f"{record.state}: {record.error}")
    tags = {
        "film.trial_id": folder.trial_id,
        "film.kind": "trial",
        "film.state": str(record.state),
        "film.data": data,
        "film.generation": str(record.generation),
        **_stage_tags(folder.description().get("stage", {})),
        "film.error": record.error,
        "film.screened_at_epoch": _number(record.screened_at_epoch),
        "mlflow.note.content": "\n\n".join(notes),
        "mlflow.source.name": "film",
        **_environment(read_json(folder.path / "environment.json")),
        **{f"{STUDY_TAG}{study}": said["row"] for study, said in wanted_by.items()},
    }
    return {key: redacted(value)[:_LONGEST] for key, value in tags.items()}


# Of what starts from another trial's weights, or judges them.
def _stage_tags(stage: Mapping[str, Any]) -> dict[str, str]:
    if not stage:
        return {}
    splits = Splits.read(stage)
    learn = {} if splits.learn is None else {"film.learns_from": str(splits.learn)}
    return {
        **({"film.parent": stage["parent"]} if stage["parent"] else {}),
        **learn,
        "film.judged_by": str(splits.judge),
    }


def _environment(said: Mapping[str, Any]) -> dict[str, str]:
    tags = {f"env.{name}": str(said[name]) for name in _ENVIRONMENT if name in said}
    if said.get("command"):
        tags["film.command"] = str(said["command"])
    git = said.get("git")
    if isinstance(git, dict) and git.get("commit"):
        tags["mlflow.source.git.commit"] = str(git["commit"])
        has_changes = "with" if git.get("has_changes") else "without"
        tags["env.git"] = f"{str(git['commit'])[:12]} {has_changes} changes"
    return tags


def _note(study: str, labels: Mapping[str, Any]) -> str:
    if not labels["changes"]:
        return f"**{study}**: the baseline"
    changes = ", ".join(
        f"`{name}` = `{_text(value)}`" for name, value in labels["changes"].items()
    )
    return f"**{study}**, {labels['group']}, *{labels['row']}*: baseline but {changes}"


# MLflow's metric names are letters, digits and a few signs: `β := 0` is `beta 0`.
def _ascii(label: str) -> str:
    def spell(sign: str) -> str:
        name = unicodedata.name(sign, "")
        if name.startswith("GREEK"):
            return f" {name.rpartition(' ')[2].lower()} "
        if sign == "×":
            return "x"
        return sign if sign.isascii() and (sign.isalnum() or sign in "_-.") else " "

    return " ".join("".join(map(spell, label)).split()) or "row"


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
