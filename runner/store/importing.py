"""Take a study out of an archive that anybody may have written.

All of it is read, summed and compared before anything is placed. What is placed goes
file by file, the mark of a finished trial last: whoever is interrupted imports again.
"""

import hashlib
import json
import secrets
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Self

from film.config import Config
from film.errors import FilmError
from runner.errors import BusyError, LaunchError
from runner.store.archive import FORMAT, LAUNCH, MANIFEST, MARK, is_allowed
from runner.store.files import read_json, write_json, write_text
from runner.store.foreign import odd_launch, odd_mark, odd_trial
from runner.store.launches import Launch, read_launch
from runner.store.locks import exclusive, lease
from runner.store.names import is_study_name
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from studies.splits import Splits
from studies.trial import Trial

__all__ = ["AT_IT", "Import", "import_study"]

_MANIFEST_BYTES: Final = 2**28
_FILES: Final = 10**6
_CHUNK: Final = 2**20
# What settings can raise that nobody wrote in earnest.
_ODD: Final = (FilmError, LookupError, TypeError, ValueError, ArithmeticError)
_NEITHER: Final = "it is no checkpoint (.pt), and no whole archive"
AT_IT: Final = "somebody trains it here"


@dataclass(frozen=True, kw_only=True)
class Import:
    """What came of an archive."""

    launch: Launch
    placed: tuple[TrialFolder, ...]
    kept: tuple[tuple[TrialFolder, str], ...]  # what was here already, and why it stays


def import_study(file: Path, workspace: Workspace) -> Import:
    """Take a study out of an archive.

    Args:
        file: The archive.
        workspace: The store; it is made where it is missing.

    Returns:
        What was placed; its launch as it is known here now.
    """
    sizes, manifest = _contents(file)
    with _staging(workspace) as stage:
        _check_room(file, sizes, stage)
        _unpack(file, manifest, stage)
        launch = _checked(file, manifest, stage)
        return _placed(file, launch, stage, workspace)


class _PlainFile(tarfile.TarInfo):
    """A member that is a file and nothing else: no link, no folder, no extension."""

    def _proc_member(self, tar: tarfile.TarFile) -> Self:
        if self.type not in {tarfile.REGTYPE, tarfile.AREGTYPE} or self.size < 0:
            raise _NotPlainError(self.name)
        return super()._proc_member(tar)  # type: ignore[misc,no-any-return] # a hook


class _NotPlainError(Exception):
    """A member of an archive is no plain file."""


# Whatever is wrong with an archive is said in a line that names it.
@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(file, "r:gz", tarinfo=_PlainFile) as tar:
            yield tar
    except _NotPlainError as name:
        raise _refusal(file, f"'{str(name)[:80]}' is no plain file") from None
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise _refusal(file, f"{_NEITHER} ({error})") from None
    except OSError as error:
        if error.errno is not None:  # the disk's; gzip's own have none
            raise
        raise _refusal(file, f"{_NEITHER} ({error})") from None


def _refusal(file: Path, why: str) -> LaunchError:
    line = "".join(sign for sign in " ".join(why.split()) if sign.isprintable())
    return LaunchError(f"{file}: {line}; nothing was imported")


# Names and sizes as the archive has them, and as its manifest says.
def _contents(file: Path) -> tuple[dict[str, int], dict[str, Any]]:
    sizes, content = _members(file)
    manifest = _parsed(content)
    if manifest is None:
        raise _refusal(file, "it has no manifest: `film export` did not write it")
    if manifest.get("format") != FORMAT:
        raise _refusal(file, "another version of the suite wrote it")
    study = manifest.get("study")
    if not is_study_name(study):
        raise _refusal(file, "it is of no study")
    foreign = [name for name in sizes if not is_allowed(name, str(study))]
    if foreign:
        raise _refusal(file, f"'{foreign[0][:80]}' does not belong in it")
    said = _said_sizes(manifest)
    if said != {name: size for name, size in sizes.items() if name != MANIFEST}:
        raise _refusal(file, "its files are not those of its manifest")
    return sizes, manifest


def _members(file: Path) -> tuple[dict[str, int], bytes]:
    sizes: dict[str, int] = {}
    content = b""
    with _opened(file) as tar:
        for member in tar:
            if member.name in sizes or len(sizes) > _FILES:
                raise _refusal(file, f"'{member.name[:80]}' is in it twice")
            sizes[member.name] = member.size
            if member.name == MANIFEST and member.size <= _MANIFEST_BYTES:
                content = _body(tar, member).read()
        _read_to_the_end(tar)
    return sizes, content


# The sum of all of it stands there; what a tar is padded with, nobody else looks at.
def _read_to_the_end(tar: tarfile.TarFile) -> None:
    assert tar.fileobj is not None, "it is open"  # noqa: S101 - see _opened
    while tar.fileobj.read(_CHUNK):
        pass


def _parsed(content: bytes) -> dict[str, Any] | None:
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return manifest if isinstance(manifest, dict) else None


def _said_sizes(manifest: Mapping[str, Any]) -> dict[str, int] | None:
    try:
        sizes = {one["path"]: one["size"] for one in manifest["files"]}
    except (KeyError, TypeError):
        return None
    is_odd = any(type(size) is not int or size < 0 for size in sizes.values())
    return None if is_odd else sizes


def _body(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    body = tar.extractfile(member)
    assert body is not None, "it is a plain file"  # noqa: S101 - see _PlainFile
    return body


# On the store's own disk, so that a file is placed by its new name; a lock tells who
# cleans up that somebody is at it.
@contextmanager
def _staging(workspace: Workspace) -> Iterator[Path]:
    stage = workspace.root / f".importing-{secrets.token_hex(8)}"
    try:
        with exclusive(stage / "lock"):
            yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        with suppress(OSError):
            workspace.root.rmdir()  # a store that was made for nothing


def _check_room(file: Path, sizes: Mapping[str, int], stage: Path) -> None:
    needed, free = sum(sizes.values()), shutil.disk_usage(stage).free
    if needed > free:
        raise _refusal(
            file,
            f"it needs {needed / 1e9:.2f} GB, and {free / 1e9:.2f} GB are free here",
        )


def _unpack(file: Path, manifest: Mapping[str, Any], stage: Path) -> None:
    sums = {one["path"]: one.get("sha256") for one in manifest["files"]}
    with _opened(file) as tar:
        for member in tar:
            if member.name == MANIFEST:
                continue
            if member.name not in sums:
                raise _refusal(file, "it changed while it was read")
            path = stage / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            if _copied(_body(tar, member), path) != sums[member.name]:
                raise _refusal(file, f"{member.name} is damaged")


def _copied(body: IO[bytes], path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("xb") as out:
        while some := body.read(_CHUNK):
            digest.update(some)
            out.write(some)
    return digest.hexdigest()


def _checked(file: Path, manifest: Mapping[str, Any], stage: Path) -> Launch:
    launch = read_launch((stage / LAUNCH).parent)
    if launch is None or launch.study != manifest["study"]:
        raise _refusal(file, f"{LAUNCH} is no launch of its study")
    odd = odd_launch(launch)
    if odd:
        raise _refusal(file, f"{LAUNCH}: {odd}")
    for path in sorted((stage / "trials").glob("*")):
        why = _wrong_with(TrialFolder(path), launch)
        if why:
            raise _refusal(file, f"trial {path.name}: {why}")
    return launch


def _wrong_with(folder: TrialFolder, launch: Launch) -> str:
    said = folder.description()
    if folder.trial_id not in launch.trial_ids:
        return "its study does not want it"
    if _computed_id(said, launch) != folder.trial_id:
        return (
            "its settings are not those of its name; it was altered, or is of another "
            "version of the suite"
        )
    odd = odd_trial(folder, launch.study)
    if odd or not (folder.path / MARK).is_file():
        return odd
    summary, n_epochs = folder.summary(), len(tuple(folder.read().epochs))
    if folder.damage() or summary is None:
        return "its results are not those of its mark"
    if summary.get("epochs") != n_epochs or not 0 <= summary["best_val_accuracy"] <= 1:
        return "its mark says what its epochs do not"
    return odd_mark(summary)


def _computed_id(said: Mapping[str, Any], launch: Launch) -> str:
    try:
        return Trial(
            study=launch.study,
            group="",
            row=str(said["row"]),
            seed=said["seed"],
            config=Config().with_changes(said["config"]),
            changes={},
            data=said["data"],
            **_stage(said.get("stage")),
        ).trial_id
    except (*_ODD, AttributeError):
        return ""


def _stage(said: Mapping[str, Any] | None) -> dict[str, Any]:
    if said is None:
        return {}
    return {"parent": str(said["parent"]), "splits": Splits.read(said)}


def _placed(file: Path, launch: Launch, stage: Path, workspace: Workspace) -> Import:
    home = workspace.study(launch.study)
    busy = f"study {launch.study} is being run in {workspace.root}; wait for it"
    with lease(home / "launch.lock", busy=lambda _: busy):
        here = read_launch(home)
        if here is not None and here.source != launch.source:
            raise _refusal(
                file,
                f"{workspace.root} has a study named '{launch.study}' that asks "
                "something else; take another --store",
            )
        placed, kept = [], []
        for path in sorted((stage / "trials").glob("*")):
            folder = workspace.trial(path.name)
            why = _place_trial(TrialFolder(path), folder)
            if why:
                kept.append((folder, why))
            else:
                placed.append(folder)
        if here is None or len(here.trial_ids) < len(launch.trial_ids):
            here = launch
            said = read_json(stage / LAUNCH)
            if said.get("file") != "catalogue":
                said["file"] = ""  # a path of another machine, which nobody is to open
            write_json(home / "launch.json", said)
        write_text(home / "study.yaml", launch.source)
    found = read_launch(home) or here
    return Import(launch=found, placed=tuple(placed), kept=tuple(kept))


# Empty where it was placed, else why what is here stays.
def _place_trial(new: TrialFolder, old: TrialFolder) -> str:
    try:
        with lease(old.lock, busy=lambda _: AT_IT):
            why = _why_stays(new, old)
            names = (new.path / "studies").glob("*") if why else new.path.rglob("*")
            files = sorted(path for path in names if path.is_file())
            for path in sorted(files, key=lambda one: one.name == MARK):
                goal = old.path / path.relative_to(new.path)
                goal.parent.mkdir(parents=True, exist_ok=True)
                path.replace(goal)
            return why
    except BusyError:
        return AT_IT


def _why_stays(new: TrialFolder, old: TrialFolder) -> str:
    if old.state() is TrialState.FINISHED:
        return "it is finished here"
    n_here, n_there = len(old.read().epochs), len(new.read().epochs)
    if n_here and new.state() is not TrialState.FINISHED and n_here >= n_there:
        return "it is as far here"
    return ""
