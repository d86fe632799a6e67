"""In what two trials differ: what was asked for, the code, where they ran, the data."""

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from film.config import Config
from film.errors import ConfigError
from runner.errors import LaunchError
from runner.looking.addresses import NamedTrial
from runner.store.files import read_json
from runner.store.record import Record
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace

__all__ = ["Comparison", "Difference", "Section", "compare"]

_CHANGES: Final = "changes.diff"
_NOT_THE_MACHINE: Final = {"git", "film", "command"}
_Value = Any  # what JSON holds


class Section(StrEnum):
    """What a difference is of."""

    CONFIGURATION = "configuration"
    CODE = "code"
    ENVIRONMENT = "environment"
    DATA = "data"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Something that two trials do not share."""

    section: Section
    name: str
    a: _Value
    b: _Value
    remark: str = ""  # that it does nothing, and why


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two trials, side by side."""

    a: NamedTrial
    b: NamedTrial
    differences: tuple[Difference, ...]
    unknown: tuple[str, ...]  # which of them never ran, so that nothing is known
    results: Mapping[str, tuple[_Value, _Value]]


def compare(a: NamedTrial, b: NamedTrial, workspace: Workspace) -> Comparison:
    """Hold two trials against each other.

    Args:
        a: One.
        b: The other.
        workspace: The store.

    Returns:
        What differs, and what came of each.
    """
    one, other = (_Side.of(trial, workspace) for trial in (a, b))
    unknown = [side.trial.name for side in (one, other) if not side.environment]
    differences = [*_configuration(one, other)]
    if not unknown:
        differences += [*_code(one, other), *_environment(one, other)]
    if one.said["data"] != other.said["data"]:
        pair = one.said["data"], other.said["data"]
        differences.append(_difference(Section.DATA, "fingerprint", *pair))
    return Comparison(
        a=a,
        b=b,
        differences=tuple(differences),
        unknown=tuple(unknown),
        results=_results(one.record, other.record),
    )


@dataclass(frozen=True, kw_only=True)
class _Side:
    trial: NamedTrial
    said: Mapping[str, _Value]
    config: Config
    environment: Mapping[str, _Value]
    changes: str | None  # of a dirty tree; None where nobody kept them
    record: Record

    @classmethod
    def of(cls, trial: NamedTrial, workspace: Workspace) -> "_Side":
        folder = workspace.trial(trial.trial_id)
        said = folder.description()
        if not said:
            raise LaunchError(f"{trial.name} was never started: nothing is recorded")
        try:
            config = Config().with_changes(said["config"])
        except ConfigError as error:
            raise LaunchError(f"{folder.path}: config.json: {error}") from None
        environment = read_json(folder.path / "environment.json")
        return cls(
            trial=trial,
            said=said,
            config=config,
            environment=environment,
            changes=_changes(folder, environment),
            record=folder.read(),
        )


def _changes(folder: TrialFolder, environment: Mapping[str, _Value]) -> str | None:
    path = folder.path / _CHANGES
    if path.exists():
        return path.read_text(encoding="utf-8", errors="replace")
    git = environment.get("git")
    is_dirty = isinstance(git, dict) and git.get("has_changes")
    return None if is_dirty else ""


def _difference(section: Section, name: str, a: _Value, b: _Value) -> Difference:
    return Difference(section=section, name=name, a=a, b=b)


def _configuration(one: _Side, other: _Side) -> Iterator[Difference]:
    settings, others = one.config.flat(), other.config.flat()
    inert = one.config.inert(), other.config.inert()
    for name, value in settings.items():
        if value != others[name]:
            yield Difference(
                section=Section.CONFIGURATION,
                name=name,
                a=value,
                b=others[name],
                remark=_remark(inert[0].get(name), inert[1].get(name)),
            )
    if one.said["seed"] != other.said["seed"]:
        pair = one.said["seed"], other.said["seed"]
        yield _difference(Section.CONFIGURATION, "seed", *pair)


def _remark(in_a: str | None, in_b: str | None) -> str:
    if in_a and in_b:
        return f"does nothing: {in_a if in_a == in_b else f'{in_a}, {in_b}'}"
    if in_a:
        return f"does nothing in A: {in_a}"
    return f"does nothing in B: {in_b}" if in_b else ""


def _code(one: _Side, other: _Side) -> Iterator[Difference]:
    pair = [side.environment.get("film") for side in (one, other)]
    if pair[0] != pair[1]:
        yield _difference(Section.CODE, "suite", *pair)
    commits = [_commit(side) for side in (one, other)]
    if commits[0] != commits[1]:
        yield _difference(Section.CODE, "commit", *commits)
    changes = one.changes, other.changes
    if changes[0] != changes[1] or None in changes:
        yield Difference(
            section=Section.CODE,
            name="uncommitted changes",
            a=_size(changes[0]),
            b=_size(changes[1]),
            remark=_compared(*changes),
        )


def _commit(side: _Side) -> str | None:
    git = side.environment.get("git")
    return git.get("commit") if isinstance(git, dict) else None


def _size(changes: str | None) -> str:
    if changes is None:
        return "not recorded"
    return f"{len(changes.splitlines())} lines" if changes else "none"


def _compared(a: str | None, b: str | None) -> str:
    if a is None or b is None:
        return "there were some, and nobody kept them"
    lines = difflib.unified_diff(a.splitlines(), b.splitlines(), n=0, lineterm="")
    n_other = sum(not line.startswith(("---", "+++", "@@")) for line in lines)
    return f"{n_other} lines of the two differ"


def _environment(one: _Side, other: _Side) -> Iterator[Difference]:
    names = dict.fromkeys([*one.environment, *other.environment])
    for name in names:
        pair = [side.environment.get(name) for side in (one, other)]
        if name not in _NOT_THE_MACHINE and pair[0] != pair[1]:
            yield _difference(Section.ENVIRONMENT, name, *map(_plain, pair))


def _plain(value: _Value) -> _Value:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _results(a: Record, b: Record) -> dict[str, tuple[_Value, _Value]]:
    def best(record: Record) -> _Value:
        last = record.epochs[-1] if record.epochs else {}
        return (record.summary or last).get("best_val_accuracy")

    def epochs(record: Record) -> _Value:
        return (record.summary or {}).get("epochs", len(record.epochs))

    def seconds(record: Record) -> _Value:
        return (record.summary or {}).get("wall_time_s", record.wall_time_s)

    readers = {
        "state": lambda record: record.state,
        "best_val_accuracy": best,
        "epochs": epochs,
        "wall_time_s": seconds,
    }
    return {name: (read(a), read(b)) for name, read in readers.items()}
