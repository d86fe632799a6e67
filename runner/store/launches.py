"""What was last asked of a study in a store, written down."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Final

from runner.store.files import read_json, write_json
from runner.store.names import is_study_name, is_trial_id
from runner.store.record import Record
from studies.study import Study
from studies.trial import Trial

__all__ = ["Launch", "StudyProgress", "read_launch", "write_launch"]


_NO_IMAGES: Final = "no images"


@dataclass(frozen=True, kw_only=True)
class StudyProgress:
    """How far a study is."""

    rows: int
    rows_complete: int
    runs: int
    runs_complete: int
    mean_val_accuracy: Mapping[str, float]  # of finished runs, by row
    sd_val_accuracy: Mapping[str, float]  # likewise, of rows with two runs or more
    n_runs: Mapping[str, int]  # that are finished, by row

    @property
    def is_complete(self) -> bool:
        """Whether every wanted run is finished."""
        return self.runs_complete == self.runs


@dataclass(frozen=True, kw_only=True)
class Launch:
    """A study as it was last launched."""

    study: str
    question: str
    source: str  # the study file
    file: str  # its path, or that it is the catalogue's; empty where it is not known
    rows: Mapping[str, tuple[str, ...]]  # trial ids by row, in order
    seeds: tuple[int, ...]
    fingerprints: Mapping[str | None, str]  # of the data, by what is seen of which
    report: Path

    @property
    def trial_ids(self) -> tuple[str, ...]:
        """All wanted trials, row by row."""
        return tuple(trial_id for ids in self.rows.values() for trial_id in ids)

    def progress(self, records: Mapping[str, Record]) -> StudyProgress:
        """Count what is complete.

        Args:
            records: By ``trial_id``; absent is never started.

        Returns:
            Counts, and the mean best accuracy of each row.
        """
        accuracies = defaultdict(list)
        for row, trial_ids in self.rows.items():
            for trial_id in trial_ids:
                record = records.get(trial_id)
                if record is not None and record.summary is not None:
                    accuracies[row].append(record.summary["best_val_accuracy"])
        return StudyProgress(
            rows=len(self.rows),
            rows_complete=sum(
                len(accuracies[row]) == len(trial_ids)
                for row, trial_ids in self.rows.items()
            ),
            runs=sum(map(len, self.rows.values())),
            runs_complete=sum(map(len, accuracies.values())),
            mean_val_accuracy={
                row: fmean(runs) for row, runs in accuracies.items() if runs
            },
            sd_val_accuracy={
                row: stdev(runs) for row, runs in accuracies.items() if len(runs) > 1
            },
            n_runs={row: len(accuracies[row]) for row in self.rows},
        )


def write_launch(
    folder: Path, study: Study, source: str, trials: Sequence[Trial], file: str = ""
) -> None:
    """Write down what is asked of a study.

    Args:
        folder: The study's folder in the store.
        study: The study.
        source: The text of its file.
        trials: What is wanted of it.
        file: Its path, or that it is the catalogue's.
    """
    rows: dict[str, list[str]] = {}
    for trial in trials:
        rows.setdefault(trial.row, []).append(trial.trial_id)
    data = {trial.data_key or _NO_IMAGES: trial.data for trial in trials}
    content: dict[str, Any] = {
        "study": study.name,
        "question": study.question,
        "source": source,
        "file": file,
        "rows": rows,
        "seeds": list(dict.fromkeys(trial.seed for trial in trials)),
        "fingerprints": data,
    }
    if read_json(folder / "launch.json") != content:
        write_json(folder / "launch.json", content)


def read_launch(folder: Path) -> Launch | None:
    """Read what was last asked of a study.

    Args:
        folder: The study's folder in the store.

    Returns:
        The launch; None where there was none, or it cannot be read.
    """
    try:
        return _launch(folder, read_json(folder / "launch.json"))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _launch(folder: Path, content: Mapping[str, Any]) -> Launch:
    ids = [trial_id for ids in content["rows"].values() for trial_id in ids]
    if not is_study_name(content["study"]) or not all(map(is_trial_id, ids)):
        raise ValueError(f"{folder}: names that become paths, and may not")
    texts = [content["question"], content["source"], content.get("file", "")]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError(f"{folder}: text is due where something else stands")
    return Launch(
        study=content["study"],
        question=content["question"],
        source=content["source"],
        file=content.get("file", ""),
        rows={row: tuple(ids) for row, ids in content["rows"].items()},
        seeds=tuple(content["seeds"]),
        fingerprints={
            None if name == _NO_IMAGES else name: data
            for name, data in content["fingerprints"].items()
        },
        report=folder / "report",
    )
