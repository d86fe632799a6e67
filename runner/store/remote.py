"""Trials' folders at an address, for machines that share no disk.

A worker brings the folder of its trial to its own disk, trains there, and sends what
changed after every epoch. Files are sent under names that no other content has, and a
list of them, the last thing that is sent, makes them count: what is at the address is
whole or absent. Every attempt at a trial has a place of its own there, so that a worker
that was given up, and lives on, overwrites nothing of the one that took its place.
"""

import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, final
from urllib.parse import parse_qsl

from pyarrow import ArrowException
from pyarrow.fs import FileSelector, FileSystem, FileType

from film.errors import FilmError
from runner.errors import LaunchError
from runner.store.trial_folder import TrialFolder
from runner.tracking.secrets import redacted

__all__ = ["SENT", "Attempt", "BrokenError", "Progress", "Storage"]

# What a worker writes into the folder of its trial, the mark of a finished one last.
# The rest (names, labels, locks, receipts) belongs to one store.
SENT: Final = (
    "environment.json",
    "changes.diff",
    "log.txt",
    "checkpoint.previous.pt",
    "checkpoint.pt",
    "best.pt",
    "predictions.parquet",
    "metrics.jsonl",
    "state.json",
    "done.json",
)
_FORMAT: Final = 1
_LIST: Final = "files.json"
_MOST_LISTED: Final = 2**20  # bytes of a list; a longer one is not ours
_TRIAL: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ATTEMPT: Final = re.compile(r"[0-9]{6}-[0-9a-f]{8}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_SECRET: Final = re.compile(  # names of parameters; `credential_kind` is none
    r"(?i)secret|token|pass|pwd|key|(?:^|[_-])(?:sas|sig|signature|credentials?)$"
)
_WHOLE_AT_ONCE: Final = {"s3", "gcs", "abfs"}  # kinds where no half a file is seen
_TRIES: Final = 4
_PAUSE_S: Final = 0.5  # doubled after every try
_T = TypeVar("_T")


class BrokenError(FilmError):
    """What was sent is not what is there."""


@dataclass(frozen=True, kw_only=True, order=True)
class Progress:
    """How far a folder is; the larger one has more to lose."""

    generation: int = 0
    is_finished: bool = False
    n_epochs: int = 0

    @classmethod
    def of(cls, folder: TrialFolder) -> "Progress":
        """See how far a trial is.

        Args:
            folder: The trial's.

        Returns:
            Its progress.
        """
        record = folder.read()
        return cls(
            generation=record.generation,
            is_finished=record.summary is not None,
            n_epochs=len(record.epochs),
        )


@dataclass(frozen=True, kw_only=True)
class _File:
    size: int
    sha256: str

    @classmethod
    def of(cls, content: bytes) -> "_File":
        return cls(size=len(content), sha256=hashlib.sha256(content).hexdigest())

    def is_at(self, path: Path) -> bool:
        try:
            return path.stat().st_size == self.size and self == _File.of(
                path.read_bytes()
            )
        except OSError:
            return False


@dataclass(frozen=True, kw_only=True)
class _List:
    progress: Progress
    files: Mapping[str, _File]


@final
class Storage:
    """An address that all machines reach: ``s3://bucket/prefix``, ``file:///path``."""

    def __init__(self, uri: str) -> None:
        """Open it; nothing is read or written yet.

        Args:
            uri: Whatever pyarrow takes; without a password or a key.

        Raises:
            LaunchError: It is no such address.
        """
        self.uri = uri
        self._shown = redacted(uri)
        secret = _secret_in(uri)
        if secret:
            raise LaunchError(
                f"--storage: leave the {secret} out of the address; every machine "
                "takes it from its own environment (AWS_ACCESS_KEY_ID, ~/.aws, a role)"
            )
        try:
            self._files, root = FileSystem.from_uri(uri)
        except (ArrowException, OSError, ValueError) as error:
            raise LaunchError(f"--storage {self._shown}: {_line(error)}") from None
        self._root = root.rstrip("/")
        if not self._root:
            raise LaunchError(f"--storage {self._shown}: name a folder there")

    def check(self) -> None:
        """Write something there, read it back, and remove it.

        Raises:
            LaunchError: That does not work.
        """
        path = f"{self._root}/check-{secrets.token_hex(8)}"
        said = path.encode()
        try:
            self.put(path, said)
            if self.get(path, len(said)) != said:
                raise LaunchError(
                    f"--storage {self._shown}: it gives back something else"
                )
            self._files.delete_file(path)
        except (ArrowException, OSError) as error:
            raise LaunchError(f"--storage {self._shown}: {_line(error)}") from None

    def attempts(self, trial_id: str) -> list["Attempt"]:
        """List what was sent of a trial.

        Args:
            trial_id: Which.

        Returns:
            Attempts of which something is whole, the one that is furthest first.
        """
        ranked = []
        for name in self._names(trial_id):
            attempt = self.attempt(trial_id, name)
            with suppress(BrokenError):
                ranked.append((attempt.progress(), name, attempt))
        return [attempt for *_, attempt in sorted(ranked, reverse=True)]

    def attempt(self, trial_id: str, name: str) -> "Attempt":
        """Name an attempt that was begun.

        Args:
            trial_id: At which trial.
            name: As it was named when it began.

        Returns:
            The attempt.

        Raises:
            BrokenError: No attempt has such a name.
        """
        if not _ATTEMPT.fullmatch(name):
            raise BrokenError(f"{name!r} is no attempt at a trial")
        return Attempt(self, f"{self._home(trial_id)}/{name}")

    def begin(self, trial_id: str) -> "Attempt":
        """Begin a new attempt; no other one has its name.

        Args:
            trial_id: At which trial.

        Returns:
            The attempt, of which nothing was sent.
        """
        numbers = [int(name.partition("-")[0]) for name in self._names(trial_id)]
        number = max(numbers, default=0) + 1
        return self.attempt(trial_id, f"{number:06d}-{secrets.token_hex(4)}")

    def put(self, path: str, content: bytes) -> None:
        """Write a file there, whole.

        Args:
            path: Below this address.
            content: All of it.
        """
        if self._files.type_name in _WHOLE_AT_ONCE:
            self._write(path, content)
            return
        self._files.create_dir(path.rpartition("/")[0], recursive=True)
        part = f"{path}.{secrets.token_hex(4)}.part"
        self._write(part, content)
        self._files.move(part, path)

    def get(self, path: str, at_most: int) -> bytes:
        """Read a file that is there.

        Args:
            path: Below this address.
            at_most: How long it may be.

        Returns:
            Its content.

        Raises:
            BrokenError: It is not there, or longer.
        """
        try:
            with self._files.open_input_stream(path) as file:
                content = bytes(file.read(at_most + 1))
        except FileNotFoundError:
            raise BrokenError(f"{path} is not there") from None
        if len(content) > at_most:
            raise BrokenError(f"{path} is longer than it should be")
        return content

    def remove(self, path: str) -> None:
        """Remove a file or a folder; what cannot be removed harms nobody.

        Args:
            path: Below this address.
        """
        with suppress(ArrowException, OSError):
            if self._files.get_file_info(path).type is FileType.Directory:
                self._files.delete_dir(path)
            else:
                self._files.delete_file(path)

    def _write(self, path: str, content: bytes) -> None:
        with self._files.open_output_stream(path) as file:
            file.write(content)

    def _names(self, trial_id: str) -> list[str]:
        selector = FileSelector(self._home(trial_id), allow_not_found=True)
        found = _patiently(lambda: self._files.get_file_info(selector))
        return [info.base_name for info in found if _ATTEMPT.fullmatch(info.base_name)]

    def _home(self, trial_id: str) -> str:
        if not _TRIAL.fullmatch(trial_id):
            raise BrokenError(f"{trial_id!r} is no trial")
        return f"{self._root}/trials/{trial_id}"


@final
class Attempt:
    """What one worker sent of a trial, or sends."""

    def __init__(self, storage: Storage, place: str) -> None:
        """Name an attempt.

        Args:
            storage: Where it is.
            place: The path there.
        """
        self._storage = storage
        self._place = place

    @property
    def name(self) -> str:
        """What tells it from other attempts at the same trial."""
        return self._place.rpartition("/")[2]

    def progress(self) -> Progress:
        """See how far it is.

        Returns:
            The progress of what was sent last.
        """
        return self._read().progress

    def push(self, folder: TrialFolder) -> None:
        """Send what changed, the list of all last.

        Args:
            folder: The trial's on this machine, which nobody writes to meanwhile.
        """
        progress = Progress.of(folder)
        try:
            before: Mapping[str, _File] = self._read().files
        except BrokenError:
            before = {}  # nothing was sent yet
        files = {}
        for name in SENT:
            path = folder.path / name
            if not path.is_file():
                continue
            content = path.read_bytes()
            files[name] = _File.of(content)
            if files[name] != before.get(name):
                self._put(self._path(name, files[name]), content)
        said = {
            "format": _FORMAT,
            "progress": asdict(progress),
            "files": {name: asdict(file) for name, file in files.items()},
        }
        self._put(f"{self._place}/{_LIST}", json.dumps(said).encode())
        for name, file in before.items():
            if file != files.get(name):
                self._storage.remove(self._path(name, file))

    def pull(self, folder: TrialFolder, names: Collection[str] = SENT) -> None:
        """Bring what was sent to this machine, each file whole or not at all.

        Args:
            folder: The trial's; what it has already stays, what was not sent goes.
            names: What is wanted.

        Raises:
            BrokenError: What was sent is not what is there.
        """
        for last in (False, False, True):
            try:
                self._bring(self._read(), folder.path, names)
            except BrokenError:  # more was sent meanwhile, and this removed
                if last:
                    raise
            else:
                return

    def discard(self) -> None:
        """Remove all that was sent."""
        self._storage.remove(self._place)

    def _bring(self, listed: _List, folder: Path, names: Collection[str]) -> None:
        for name in SENT:  # in this order: the mark of a finished trial is the last
            if name not in names:
                continue
            file = listed.files.get(name)
            if file is None:
                (folder / name).unlink(missing_ok=True)
            elif not file.is_at(folder / name):
                content = self._get(self._path(name, file), file.size)
                if _File.of(content) != file:
                    raise BrokenError(f"{self._path(name, file)}: it is damaged")
                _write(folder / name, content)

    def _read(self) -> _List:
        path = f"{self._place}/{_LIST}"
        try:
            return _listed(json.loads(self._get(path, _MOST_LISTED)))
        except (ValueError, LookupError, TypeError, AttributeError):
            raise BrokenError(f"{path} is damaged") from None

    def _path(self, name: str, file: _File) -> str:
        return f"{self._place}/{name}.{file.sha256[:16]}"

    def _get(self, path: str, at_most: int) -> bytes:
        return _patiently(lambda: self._storage.get(path, at_most))

    def _put(self, path: str, content: bytes) -> None:
        _patiently(lambda: self._storage.put(path, content))


def _listed(said: Any) -> _List:  # noqa: ANN401 - whatever JSON holds
    if said["format"] != _FORMAT:
        raise ValueError(said["format"])
    files = {name: _File(**said["files"][name]) for name in said["files"]}
    for file in files.values():
        if not _DIGEST.fullmatch(file.sha256) or type(file.size) is not int:
            raise ValueError(file)
    progress = Progress(**said["progress"])
    if not all(isinstance(value, int) for value in vars(progress).values()):
        raise ValueError(progress)
    return _List(progress=progress, files=files)


# A network that fails for a moment is no reason to lose an epoch.
def _patiently(work: Callable[[], _T]) -> _T:
    pause_s = _PAUSE_S
    for _ in range(_TRIES - 1):
        try:
            return work()
        except (ArrowException, OSError):
            time.sleep(pause_s)
            pause_s *= 2
    return work()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _line(error: Exception) -> str:
    return redacted(" ".join(str(error).split()))[:300]


# What of an address is secret, by name; empty where nothing is. A password may have a
# slash in it, so that the host seems to end before.
def _secret_in(uri: str) -> str:
    place, _, query = uri.partition("://")[2].partition("?")
    host = place.partition("/")[0]
    _, colon, port = host.rpartition(":")
    if "@" in host or ("@" in place and colon and not port.isdigit()):
        return "password"
    names = (name for name, _ in parse_qsl(query.replace(";", "&")))
    return next((name for name in names if _SECRET.search(name)), "")
