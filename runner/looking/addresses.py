"""Which trials a word of the command line means: a row, a pattern, or a trial's id."""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from typing import Final

from film.validation import nearest
from runner.errors import LaunchError
from runner.planning.request import find_launch
from runner.store.launches import Launch, read_launch
from runner.store.names import is_imported
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace

__all__ = [
    "NamedTrial",
    "find_one",
    "find_trials",
    "launched",
    "launches_by_age",
    "named_trials",
    "rows_matching",
]

_SHORTEST_ID: Final = 4  # of sixteen digits; fewer may be a word
_MOST_NAMED: Final = 8  # in one line


@dataclass(frozen=True, kw_only=True)
class NamedTrial:
    """A trial by the names that a study, or its own folder, has for it."""

    study: str  # "" where no launched study wants it
    row: str
    seed: int | None  # None where it is not known
    trial_id: str

    @property
    def name(self) -> str:
        """What people call it: the row and the seed."""
        if self.row == self.trial_id:  # a model that was trained elsewhere
            return self.row
        return f"{self.row} · seed {'?' if self.seed is None else self.seed}"

    @property
    def address(self) -> str:
        """What a command line calls it: no other trial of its study has it."""
        return self.trial_id if self.seed is None else f"{self.row}@{self.seed}"


def named_trials(launch: Launch) -> tuple[NamedTrial, ...]:
    """Name what a launch wants.

    Args:
        launch: Of a study.

    Returns:
        Its trials, row by row.
    """
    return tuple(
        NamedTrial(study=launch.study, row=row, seed=seed, trial_id=trial_id)
        for row, trial_ids in launch.rows.items()
        for trial_id, seed in zip(trial_ids, _seeds(launch, trial_ids), strict=True)
    )


def find_trials(
    address: str, trials: Sequence[NamedTrial], *, seed: int | None = None
) -> tuple[NamedTrial, ...]:
    """Choose trials.

    Args:
        address: A row's label, a shell-style pattern of labels, either of them with
            ``@SEED`` behind it, or the beginning of a trial's id.
        trials: To choose from.
        seed: Of which alone.

    Returns:
        What matches, in the order of the trials; nothing where nothing does.
    """
    found = _by_row(address, trials)
    if not found:
        pattern, _, number = address.rpartition("@")
        if pattern and number.isdecimal():
            of_row = _by_row(pattern, trials)
            found = [one for one in of_row if one.seed == int(number)]
    if not found and _may_be_id(address):
        found = [one for one in trials if one.trial_id.startswith(address)]
    return tuple(one for one in found if seed is None or one.seed == seed)


def rows_matching(
    addresses: Sequence[str], trials: Sequence[NamedTrial]
) -> tuple[NamedTrial, ...]:
    """Choose trials by several addresses, each of which has to mean something.

    Args:
        addresses: As of `find_trials`; none means all.
        trials: To choose from.

    Returns:
        Each trial once, in their order.

    Raises:
        LaunchError: An address matches nothing.
    """
    chosen = {one.trial_id for one in trials} if not addresses else set()
    for address in addresses:
        found = find_trials(address, trials)
        if not found:
            raise LaunchError(_no_row(address, trials))
        chosen |= {one.trial_id for one in found}
    return tuple(one for one in trials if one.trial_id in chosen)


def find_one(
    address: str, workspace: Workspace, *, study: str | None, seed: int | None = None
) -> NamedTrial:
    """Find the one trial that is meant.

    Args:
        address: As of `find_trials`, or the name of an imported model.
        workspace: The store.
        study: Of which study; None is the last launched one that has such a row, and
            then whatever else is recorded, by its id.
        seed: Of which run of the row.

    Returns:
        The trial.

    Raises:
        LaunchError: None is meant, or several.
    """
    if is_imported(address) and workspace.trial(address).is_recorded:
        return _of_folder(workspace.trial(address))
    launches = [find_launch(study, workspace)] if study else launches_by_age(workspace)
    for launch in launches:
        found = find_trials(address, named_trials(launch), seed=seed)
        if found:
            return _only(address, found)
    others = [] if study or not _may_be_id(address) else _recorded(address, workspace)
    if others:
        return _only(address, others)
    trials = list(chain.from_iterable(map(named_trials, launches)))
    if not trials:
        raise LaunchError(f"{workspace.root}: no study was launched in this store")
    raise LaunchError(_no_row(address, trials, seed))


def launched(study: str | None, workspace: Workspace) -> tuple[Launch, ...]:
    """Find what was last asked of a study, or of all of them.

    Args:
        study: By name or file; None is every study of the store.
        workspace: The store.

    Returns:
        Launches, by name.
    """
    if study is not None:
        return (find_launch(study, workspace),)
    names = workspace.launched_studies()
    found = (read_launch(workspace.study(name)) for name in names)
    return tuple(launch for launch in found if launch is not None)


def launches_by_age(workspace: Workspace) -> list[Launch]:
    """List what was last asked of each study.

    Args:
        workspace: The store.

    Returns:
        Launches, the last launched study first.
    """

    def launched_at(launch: Launch) -> int:
        files = workspace.study(launch.study).glob("launch.*")
        return max((file.stat().st_mtime_ns for file in files), default=0)

    return sorted(launched(None, workspace), key=launched_at, reverse=True)


def _seeds(launch: Launch, trial_ids: Sequence[str]) -> Sequence[int | None]:
    if len(launch.seeds) == len(trial_ids):
        return launch.seeds
    return [None] * len(trial_ids)


def _by_row(pattern: str, trials: Sequence[NamedTrial]) -> list[NamedTrial]:
    exact = [one for one in trials if one.row == pattern]  # labels may have [
    return exact or [one for one in trials if fnmatchcase(one.row, pattern)]


def _may_be_id(address: str) -> bool:
    return len(address) >= _SHORTEST_ID and set(address) <= set(string.hexdigits)


def _recorded(prefix: str, workspace: Workspace) -> list[NamedTrial]:
    paths = sorted(workspace.trials.glob(f"{prefix}*"))
    folders = (TrialFolder(path) for path in paths if path.is_dir())
    return [_of_folder(folder) for folder in folders if folder.is_recorded]


def _of_folder(folder: TrialFolder) -> NamedTrial:
    said = folder.description()
    return NamedTrial(
        study="", row=said["row"], seed=said["seed"], trial_id=folder.trial_id
    )


def _only(address: str, found: Sequence[NamedTrial]) -> NamedTrial:
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"'{one.address}'" for one in found[:_MOST_NAMED])
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    raise LaunchError(f"'{address}' may be {len(found)} trials: name {names}{more}")


def _no_row(address: str, trials: Sequence[NamedTrial], seed: int | None = None) -> str:
    rows = list(dict.fromkeys(one.row for one in trials))
    row, _, number = address.rpartition("@")
    if row and number.isdecimal():
        address, seed = row, int(number)
    of_row = _by_row(address, trials)
    if seed is not None and of_row:
        known = {one.seed for one in of_row if one.seed is not None}
        there = ", ".join(map(str, sorted(known)))
        return f"'{address}' has no run with seed {seed} (seeds: {there})"
    with_seed = "" if seed is None else f" with seed {seed}"
    names = ", ".join(rows[:_MOST_NAMED])
    more = f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
    return (
        f"no row{with_seed} matches '{address}'{nearest(address, rows)} "
        f"(rows: {names}{more})"
    )
