"""Keep MLflow up to date without ever being in the way of a sweep."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, final

from runner.store.launches import Launch, read_launch
from runner.store.record import TrialState
from runner.store.trial_folder import TrialFolder
from runner.store.workspace import Workspace
from runner.tracking.address import is_server, sqlite_file
from runner.tracking.database import is_damaged
from runner.tracking.outbox import Lane, Outbox, Task
from runner.tracking.receipts import Receipt, Receipts
from runner.tracking.secrets import redacted
from runner.tracking.tracker import Tracker

__all__ = ["Mirror"]

_PATIENCE_S: Final = 60.0  # after a failed call, until the next one is tried
_SILENCE_S: Final = 8.0  # of a server, at the end of a sweep
_LONG_SILENCE_S: Final = 60.0  # where sending is all that is asked, or the disk is slow
_TRIAL_FILES: Final = "state.json", "metrics.jsonl", "done.json", "changes.diff"


@final
class Mirror:
    """Copies folders to MLflow where they changed; what fails is tried again later.

    All is sent by a thread. No call raises, and none waits longer than a server may be
    silent: a sweep goes on with the tracking server down, and a later launch, or
    ``film sync``, sends what is missing.
    """

    def __init__(
        self,
        workspace: Workspace,
        uri: str,
        *,
        warn: Callable[[str], None],
        patience_s: float = _PATIENCE_S,
        silence_s: float | None = None,
    ) -> None:
        """Prepare a mirror; nothing is imported or opened before it is needed.

        Args:
            workspace: The store to copy.
            uri: Of MLflow.
            warn: Told, once, that MLflow does not answer; by the caller's thread.
            patience_s: How long to leave it alone then.
            silence_s: How long to wait for one answer when all is to be sent; None is
                some seconds of a server.
        """
        self._workspace = workspace
        self._uri = uri
        self._warn = warn
        self._patience_s = patience_s
        self._silence_s = silence_s
        self._outbox = Outbox(self._work)
        self._receipts = Receipts(uri)
        self._tracker: Tracker | None = None
        self._store = ""  # the one that the tracker has open
        self._copied: set[Path] = set()
        self._looked_at: set[Path] = set()
        self._lines: list[str] = []  # to be said
        self._has_warned = False
        self._has_begun = False
        self._is_checked = False
        self.problem = ""  # why MLflow lags behind; empty where it does not
        self.refused: list[Path] = []  # folders that an MLflow that answers rejects

    def trial(self, *folders: TrialFolder) -> None:
        """Copy a trial soon; it is only noted here.

        Args:
            folders: The trial's folder, or several.
        """
        self._begin()
        for folder in folders:
            self._outbox.put(Task(home=folder.path, lane=Lane.SOON))
        self._speak()

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
        launches: Sequence[Launch],
        *,
        again: bool = False,
        within_s: float | None = None,
    ) -> int:
        """Copy what changed since it was last copied here, and wait for that.

        Where nothing is named there is nothing to wait for: what an earlier launch
        left behind is sent meanwhile.

        Args:
            folders: Of trials.
            launches: Studies whose summary is wanted.
            again: Copy also what did not change.
            within_s: How long to wait in all; None is for as long as MLflow answers.

        Returns:
            How many trials were copied.
        """
        if not folders and not launches:
            self._begin()
            return 0
        self.problem, self.refused = "", []
        self._copied.clear()
        wanted = [folder.path for folder in folders]
        for home in wanted:
            self._outbox.put(Task(home=home, lane=Lane.NOW, again=again))
        for launch in launches:
            home = self._workspace.study(launch.study)
            task = Task(home=home, lane=Lane.NOW, launch=launch, again=again)
            self._outbox.put(task)
        self._begin()
        self._outbox.hurry()
        self._wait(_LONG_SILENCE_S if again else self._silence(), within_s)
        self._speak()
        return len(self._copied.intersection(wanted))

    def _wait(self, silence_s: float, within_s: float | None) -> None:
        try:
            problem = self._outbox.wait(silence_s=silence_s, within_s=within_s)
        except KeyboardInterrupt:
            self._blame("stopped")
            self._speak()
            raise
        if problem:
            self._blame(problem)

    def _silence(self) -> float:
        if self._silence_s is not None:
            return self._silence_s
        return _SILENCE_S if is_server(self._uri) else _LONG_SILENCE_S

    # What an earlier launch left behind, dead perhaps, is sent with the first news.
    def _begin(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._outbox.put(Task(home=self._workspace.root, lane=Lane.SOON))

    def _speak(self) -> None:
        while self._lines:
            self._warn(self._lines.pop(0))

    # From here on, the thread's part.
    def _work(self, task: Task) -> None:
        try:
            if not self._is_checked:
                self._check()
            if task.home == self._workspace.root:
                self._survey(task.lane)
            elif task.launch is not None:
                self._study(task.launch, again=task.again)
            else:
                self._trial(TrialFolder(task.home), again=task.again)
        except Exception as error:  # noqa: BLE001 - whatever it is, the sweep goes on
            self._note(task, error)

    # A damaged store has what the receipts say no longer.
    def _check(self) -> None:
        path = sqlite_file(self._uri)
        if path is not None and path.exists() and is_damaged(path):
            self._opened()  # makes it anew
        self._is_checked = True

    def _trial(self, folder: TrialFolder, *, again: bool) -> None:
        digest = self._digest(folder)
        receipt = self._receipts.of(folder.path) or Receipt()
        is_sent = receipt.digest == digest and not again
        self._looked_at.add(folder.path)
        if is_sent or folder.state() is TrialState.QUEUED:
            return
        tracker = self._opened()
        receipt = self._receipts.of(folder.path) or Receipt()
        sent = tracker.sync_trial(
            folder, receipt, self._keeper(folder.path, receipt), again=again
        )
        self._receipts.keep(folder.path, replace(sent, digest=digest))
        self._copied.add(folder.path)

    def _study(self, launch: Launch, *, again: bool) -> None:
        folders = [self._workspace.trial(trial_id) for trial_id in launch.trial_ids]
        home = self._workspace.study(launch.study)
        parts = [_content(home / "launch.json"), *_stamps(launch.report)]
        parts += [_content(folder.path / "done.json") for folder in folders]
        digest = _hash(parts)
        receipt = self._receipts.of(home) or Receipt()
        if receipt.digest == digest and not again:
            return
        tracker = self._opened()
        receipt = self._receipts.of(home) or Receipt()
        records = {folder.trial_id: folder.read() for folder in folders}
        sent = tracker.sync_study(launch, records, receipt, self._keeper(home, receipt))
        self._receipts.keep(home, replace(sent, digest=digest))

    # A run that is there is remembered before anything is sent to it: whoever dies
    # meanwhile leaves a receipt without a digest, which the next launch completes.
    def _keeper(self, home: Path, known: Receipt) -> Callable[[Receipt], None]:
        if known == Receipt():
            self._receipts.keep(home, known)

        def keep(receipt: Receipt) -> None:
            if receipt.run_id != known.run_id:
                self._receipts.keep(home, receipt)

        return keep

    def _opened(self) -> Tracker:
        if self._tracker is None or self._store != self._receipts.store:
            self._tracker = None
            tracker = Tracker(self._uri, self._workspace.artifacts, self._outbox.asking)
            if tracker.note:
                self._lines.append(tracker.note)
            if self._is_own():
                recorded = self._workspace.recorded_trials()
                tracker.runs.settle_lost({one.trial_id for one in recorded})
            self._tracker, self._store = tracker, self._receipts.store
        return self._tracker

    # What was sent to this MLflow before and changed since is sent again; the store's
    # own MLflow, which may have been made anew, has everything in the end.
    def _survey(self, lane: Lane) -> None:
        for name in self._workspace.launched_studies():
            home = self._workspace.study(name)
            receipt, launch = self._receipts.of(home), read_launch(home)
            if launch is not None and receipt is not None and not receipt.digest:
                self._outbox.put(Task(home=home, lane=lane, launch=launch))
        for folder in self._workspace.recorded_trials():
            receipt = self._receipts.of(folder.path)
            if folder.path in self._looked_at:
                continue
            if receipt is None:
                if self._is_own():
                    self._outbox.put(Task(home=folder.path, lane=Lane.SOME_TIME))
            elif receipt.digest != self._digest(folder):
                self._outbox.put(Task(home=folder.path, lane=lane))

    def _is_own(self) -> bool:
        return self._uri == self._workspace.tracking_uri

    def _note(self, task: Task, error: Exception) -> None:
        if self._is_broken():
            self._tracker = None  # it is made anew when it is next opened
            self._outbox.put(replace(task, again=True))
            return
        line = _gist(error)
        if self._tracker is not None and self._tracker.answers():
            if not task.is_second_try:
                self._tracker.forget(task.home.name)
                self._outbox.put(replace(task, is_second_try=True))
            elif task.home not in self.refused:
                self.refused.append(task.home)
                self._lines.append(
                    f"MLflow does not take {task.home}, which may be damaged ({line})"
                )
            return
        self._blame(line)
        self._outbox.put(task)
        self._outbox.pause(self._patience_s)

    def _is_broken(self) -> bool:
        path = sqlite_file(self._uri)
        if path is None or self._tracker is None:
            return False
        with suppress(OSError):
            return path.exists() and is_damaged(path)
        return False

    def _blame(self, line: str) -> None:
        self.problem = line
        if not self._has_warned:
            self._has_warned = True
            self._lines.append(
                f"MLflow at {redacted(self._uri)} does not take what is sent ({line}); "
                "nothing is lost, `film sync` sends it later"
            )

    def _digest(self, folder: TrialFolder) -> str:
        files = [folder.path / name for name in _TRIAL_FILES]
        files += folder.path.glob("studies/*.json")
        return _hash([folder.state(), *map(_content, sorted(files))])


# What urllib3 says of a server that is not there fills three lines.
def _gist(error: Exception) -> str:
    said = " ".join(str(error).split())
    if "Max retries exceeded" in said:
        return "no connection"
    return redacted(f"{type(error).__name__}: {said}"[:200])


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
