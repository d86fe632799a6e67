"""What was computed for a study that it no longer wants: left alone, and named."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from film.errors import FilmError
from runner.request import study_file
from runner.store.launches import Launch
from runner.store.record import TrialFolder
from runner.store.workspace import Workspace
from studies.catalogue import catalogue, find_study

__all__ = ["Unwanted", "find_unwanted", "runs_by_row", "said_of_rows"]


@dataclass(frozen=True, kw_only=True)
class Unwanted:
    """Recorded runs beside those of the last launch, counted by row."""

    by_study: Mapping[str, int] = field(default_factory=dict)  # it was edited since
    by_launch: Mapping[str, int] = field(default_factory=dict)  # which chose a part
    by_file: Mapping[str, int] = field(default_factory=dict)  # edited after the launch


def find_unwanted(launch: Launch, workspace: Workspace) -> Unwanted:
    """Find what is recorded of a study and not, or soon no longer, wanted.

    Args:
        launch: What was last asked of the study.
        workspace: The store.

    Returns:
        Counts by row.
    """
    by_study, by_launch = [], []
    for folder in _beside(launch, workspace):
        label = folder.wanted_by().get(launch.study)
        if label is not None:
            by_launch.append(label["row"])
        elif folder.description().get("study") == launch.study:
            by_study.append(folder.description()["row"])
    return Unwanted(
        by_study=_counts(by_study),
        by_launch=_counts(by_launch),
        by_file=_counts(_dropped_rows(launch)),
    )


def runs_by_row(folders: Iterable[TrialFolder]) -> dict[str, int]:
    """Count trials by the row that they were first wanted as.

    Args:
        folders: Of recorded trials.

    Returns:
        Counts by label.
    """
    return _counts(folder.description()["row"] for folder in folders)


def said_of_rows(counts: Mapping[str, int]) -> str:
    """Write counts of runs in a line.

    Args:
        counts: By row.

    Returns:
        ``β := 0 (2 runs), γ := 1 (1 run)``.
    """
    return ", ".join(
        f"{row} ({count} run{'' if count == 1 else 's'})"
        for row, count in counts.items()
    )


def _beside(launch: Launch, workspace: Workspace) -> Iterator[TrialFolder]:
    wanted = set(launch.trial_ids)
    if not workspace.trials.is_dir():
        return
    for path in sorted(workspace.trials.iterdir()):
        if path.name not in wanted:
            yield TrialFolder(path)


# A launch says how its study file was; what that file became would be launched next.
def _dropped_rows(launch: Launch) -> Iterator[str]:
    name = launch.study if launch.file == "catalogue" else launch.file
    if launch.file == "catalogue" and name not in catalogue():
        return
    try:
        if study_file(name).read_text(encoding="utf-8") == launch.source:
            return
        study = find_study(name)
        trials = study.trials(launch.fingerprints, seeds=launch.seeds)
    except (OSError, ValueError, KeyError, FilmError):  # moved, or being edited
        return
    if study.name != launch.study:
        return
    wanted = {trial.trial_id for trial in trials}
    for row, trial_ids in launch.rows.items():
        yield from (row for trial_id in trial_ids if trial_id not in wanted)


def _counts(rows: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row] = counts.get(row, 0) + 1
    return counts
