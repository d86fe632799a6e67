"""Keep MLflow up to date without ever being in the way of a sweep."""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from runner.store.files import read_json, write_json
from runner.store.launches import Launch, read_launch
from runner.store.record import TrialFolder, TrialState
from runner.store.workspace import Workspace
from runner.tracking.tracker import Tracker, sqlite_file

__all__ = ["Mirror"]

_PATIENCE_S: Final = 60.0  # after a failed call, until the next one is tried
_PAUSE_S: Final = 2.0  # between two updates of one running trial


class Mirror:
    """Copies folders to MLflow where they changed; what fails is tried again later.

    No call raises: a sweep goes on with the tracking server down, and a later
    launch, or ``film sync``, sends what is missing.
    """

    def __init__(
        self,
        workspace: Workspace,
        uri: str,
        *,
        warn: Callable[[str], None],
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """Prepare a mirror; nothing is imported or opened before it is needed.

        Args:
            workspace: The store to copy.
            uri: Of MLflow.
            warn: Told, once, that MLflow does not answer.
            patience_s: How long to leave it alone then.
        """
        self._workspace = workspace
        self._uri = uri
        self._warn = warn
        self._patience_s = patience_s
        self._tracker: Tracker | None = None
        self._retry_at = 0.0
        self._last: dict[str, float] = {}
        self._has_warned = False
        self.problem = ""  # why MLflow lags behind; empty where it does not
        self.refused: list[Path] = []  # folders that an MLflow that answers rejects

    def trial(self, folder: TrialFolder) -> None:
        """Copy a trial that may be running, but not too often.

        Args:
            folder: The trial's folder.
        """
        now = time.monotonic()
        is_running = folder.state() is TrialState.RUNNING
        if is_running and now - self._last.get(folder.trial_id, 0) < _PAUSE_S:
            return
        if now < self._retry_at:
            return
        self._last[folder.trial_id] = now
        self._copy(folder, self._digest(folder))

    def whole_store(self, *, again: bool = False) -> int:
        """Copy what changed of every trial and every study.

        Args:
            again: Copy also what did not change.

        Returns:
            How many trials were copied.
        """
        names = self._workspace.launched_studies()
        found = [read_launch(self._workspace.study(name)) for name in names]
        launches = [launch for launch in found if launch is not None]
        folders = self._workspace.recorded_trials()
        return self.everything(folders, launches, again=again)

    def everything(
        self,
        folders: Sequence[TrialFolder],
        launches: Iterable[Launch],
        *,
        again: bool = False,
    ) -> int:
        """Copy what changed since it was last copied here.

        Args:
            folders: Of trials.
            launches: Studies whose summary is wanted.
            again: Copy also what did not change.

        Returns:
            How many trials were copied.
        """
        self._retry_at, self.problem, self.refused = 0.0, "", []
        n_copied = 0
        for folder in folders:
            digest = self._digest(folder)
            if folder.state() is TrialState.QUEUED or (
                not again and self._is_copied(folder.path, digest)
            ):
                continue
            n_copied += self._copy(folder, digest)
            if self.problem:
                return n_copied
        for launch in launches:
            self._study(launch, again=again)
        return n_copied

    def _copy(self, folder: TrialFolder, digest: str) -> bool:
        return self._update(folder.path, digest, lambda to: to.sync_trial(folder))

    def _study(self, launch: Launch, *, again: bool) -> None:
        folders = [self._workspace.trial(trial_id) for trial_id in launch.trial_ids]
        home = self._workspace.study(launch.study)
        parts = [_content(home / "launch.json"), *_stamps(launch.report)]
        parts += [_content(folder.path / "done.json") for folder in folders]
        digest = _hash(parts)
        if again or not self._is_copied(home, digest):
            records = {folder.trial_id: folder.read() for folder in folders}
            self._update(home, digest, lambda to: to.sync_study(launch, records))

    def _update(self, home: Path, digest: str, send: Callable[[Tracker], None]) -> bool:
        try:
            if self._tracker is None:
                self._tracker = Tracker(self._uri, self._workspace.artifacts)
            send(self._tracker)
            write_json(home / "synced.json", {self._store(): digest})
        except Exception as error:  # noqa: BLE001 - whatever it is, the sweep goes on
            self._note(home, error)
            return False
        return True

    def _note(self, home: Path, error: Exception) -> None:
        line = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        if self._tracker is not None and self._tracker.answers():
            if home in self.refused:
                return
            self.refused.append(home)
            self._warn(f"{home} is damaged and was not sent to MLflow ({line})")
            return
        self._retry_at = time.monotonic() + self._patience_s
        if not self._has_warned:
            self._has_warned = True
            self._warn(
                f"MLflow at {self._uri} does not take what is sent ({line}); "
                "nothing is lost, `film sync` sends it later"
            )
        self.problem = line

    def _is_copied(self, home: Path, digest: str) -> bool:
        return read_json(home / "synced.json").get(self._store()) == digest

    # A local store that was deleted and made again is another one.
    def _store(self) -> str:
        path = sqlite_file(self._uri)
        if path is None:
            return self._uri
        return f"{self._uri}#{path.stat().st_ino if path.exists() else 'missing'}"

    def _digest(self, folder: TrialFolder) -> str:
        files = [folder.path / name for name in ("state.json", "metrics.jsonl")]
        files += [folder.path / "done.json", *folder.path.glob("studies/*.json")]
        return _hash([folder.state(), *map(_content, sorted(files))])


def _content(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    return f"{path.name} {hashlib.sha256(content).hexdigest()}"


def _stamps(folder: Path) -> list[str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]


def _hash(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
