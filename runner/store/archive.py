"""A study with its trials in one file: what may be in it, and how it is written.

An archive is a gzipped tar of plain files, ended by a manifest that has the size and
the SHA-256 of each. Nothing else is written to one, and nothing else is read from one.
"""

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from runner.store.files import read_json
from runner.store.launches import Launch
from runner.store.names import is_study_name, is_trial_id
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from runner.versions import suite_version

__all__ = [
    "FORMAT",
    "LAUNCH",
    "MANIFEST",
    "MARK",
    "Export",
    "is_allowed",
    "write_archive",
]

FORMAT: Final = 1
LAUNCH: Final = "study/launch.json"
MANIFEST: Final = "manifest.json"
MARK: Final = "done.json"  # of a finished trial: read first, placed last
_CHECKPOINTS: Final = ("checkpoint.pt", "checkpoint.previous.pt")
_FILES: Final = (
    "config.json",
    "environment.json",
    "changes.diff",
    "log.txt",
    "metrics.jsonl",
    "state.json",
    "best.pt",
    "predictions.parquet",
)
_BEGUN: Final = ("config.json", "state.json", "metrics.jsonl")
_LABEL: Final = re.compile(r"studies/(.*)\.json", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Export:
    """What an archive was filled with."""

    n_trials: int
    n_finished: int
    n_bytes: int
    left_out: tuple[tuple[TrialFolder, str], ...]  # what no store would take, and why


def is_allowed(name: str, study: str) -> bool:
    """Tell whether an archive of a study may have a file.

    Args:
        name: Of the file in the archive.
        study: Whose archive it is.

    Returns:
        Whether it is one that is written to archives.
    """
    if name in {LAUNCH, MANIFEST}:
        return True
    kind, _, rest = name.partition("/")
    trial_id, _, file = rest.partition("/")
    if kind != "trials" or not is_trial_id(trial_id):
        return False
    label = _LABEL.fullmatch(file)
    if label is not None:
        return is_study_name(label[1]) and label[1] == study
    return file in {*_FILES, *_CHECKPOINTS, MARK}


def write_archive(
    workspace: Workspace, launch: Launch, out: Path, *, with_checkpoints: bool
) -> Export:
    """Write a study with its trials to a file, whole or not at all.

    Args:
        workspace: The store.
        launch: The study, as it was last launched there.
        out: The file; an older one is replaced.
        with_checkpoints: Also what unfinished trials need to go on elsewhere.

    Returns:
        What is in it, and what would have had the whole of it refused.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, 0o644)
            n_trials, n_finished, left_out = _fill(
                file, workspace, launch, with_checkpoints=with_checkpoints
            )
            file.flush()
            os.fsync(handle)
            n_bytes = os.fstat(handle).st_size
        Path(name).replace(out)
    finally:
        Path(name).unlink(missing_ok=True)
    return Export(
        n_trials=n_trials,
        n_finished=n_finished,
        n_bytes=n_bytes,
        left_out=tuple(left_out),
    )


def _fill(
    file: IO[bytes], workspace: Workspace, launch: Launch, *, with_checkpoints: bool
) -> tuple[int, int, list[tuple[TrialFolder, str]]]:
    n_finished, left_out = 0, []
    trial_ids = tuple(dict.fromkeys(launch.trial_ids))
    with (
        gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.USTAR_FORMAT) as tar,
    ):
        writer = _Writer(tar)
        said = {**read_json(workspace.study(launch.study) / "launch.json")}
        if said.get("file") != "catalogue":
            said["file"] = ""  # a path of this machine
        writer.add(LAUNCH, io.BytesIO(json.dumps(said).encode()))
        for folder in map(workspace.trial, trial_ids):
            why = _why_left_out(folder)
            if why:
                left_out.append((folder, why))
            if why or not folder.is_recorded:  # a worker may wait to begin it
                continue
            n_finished += _add_trial(
                writer, folder.path, launch.study, with_checkpoints=with_checkpoints
            )
        trials = {Path(one["path"]).parts[1] for one in writer.files[1:]}
        manifest = {
            "format": FORMAT,
            "film": suite_version(),
            "study": launch.study,
            "files": writer.files,
        }
        writer.add(MANIFEST, io.BytesIO(json.dumps(manifest).encode()))
    return len(trials), n_finished, left_out


# An import takes all of an archive or nothing, so one such trial would spoil it.
def _why_left_out(folder: TrialFolder) -> str:
    mends = "`film run` makes that good"
    is_marked = (folder.path / MARK).exists()
    if not folder.is_recorded:
        is_begun = any((folder.path / name).exists() for name in (*_BEGUN, MARK))
        return f"its config.json is damaged; {mends}" if is_begun else ""
    if not is_marked:
        return ""
    damage = " and ".join(folder.damage())
    if folder.summary() is None:
        return f"its {damage or MARK} is damaged; {mends}"
    if not damage:
        return ""
    return (
        f"its {damage} is missing or damaged, and no checkpoint is left; tables here "
        f"do without, and to export it remove {folder.path / MARK}: `film run` then "
        "trains it again"
    )


# The mark is opened before the results that it vouches for: a trial that ends meanwhile
# is still a trial that runs, and goes on elsewhere.
def _add_trial(
    writer: "_Writer", folder: Path, study: str, *, with_checkpoints: bool
) -> bool:
    try:
        mark = (folder / MARK).read_bytes()
    except FileNotFoundError:
        mark = None
    names = [*_FILES, f"studies/{study}.json"]
    if with_checkpoints:
        names += _CHECKPOINTS
    for name in names:
        try:
            with (folder / name).open("rb") as file:
                writer.add(f"trials/{folder.name}/{name}", file)
        except FileNotFoundError:
            continue
    if mark is not None:
        writer.add(f"trials/{folder.name}/{MARK}", io.BytesIO(mark))
    return mark is not None


class _Writer:
    """Adds files to an archive, and keeps the list of them."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files: list[dict[str, Any]] = []

    def add(self, name: str, file: IO[bytes]) -> None:
        info = tarfile.TarInfo(name)
        info.size = file.seek(0, os.SEEK_END)  # a log may grow while it is read
        info.mode = 0o644
        file.seek(0)
        reader = _Summed(file)
        self._tar.addfile(info, reader)  # type: ignore[arg-type] # it only reads
        said = {"path": name, "size": info.size, "sha256": reader.sum.hexdigest()}
        self.files.append(said)


class _Summed:
    """Reads a file, and sums what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sum = hashlib.sha256()

    def read(self, n_bytes: int) -> bytes:
        some = self._file.read(n_bytes)
        self.sum.update(some)
        return some
