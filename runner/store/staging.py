"""Carries trials' folders between this store, an address, and the disks of workers."""

import logging
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, Self, final

from pyarrow import ArrowException

from runner.errors import BusyError
from runner.store.files import read_json, write_json
from runner.store.locks import exclusive, is_held
from runner.store.private import private_folder
from runner.store.record import TrialState
from runner.store.remote import SENT, Attempt, BrokenError, Progress, Storage
from runner.store.trial_folder import TrialFolder

__all__ = ["Collector", "Stage", "fetched", "staged"]

_LOGGER: Final = logging.getLogger(__name__)
_LARGE: Final = {"checkpoint.pt", "checkpoint.previous.pt", "best.pt"}
_N_THREADS: Final = 8
_PROBLEMS: Final = (ArrowException, OSError, BrokenError)


@final
class Stage:
    """Where a worker trains a trial, and how it sends what it has."""

    def __init__(self, folder: Path, attempt: Attempt | None = None) -> None:
        """Name a place to train.

        Args:
            folder: The trial's, on this machine.
            attempt: What to send to; None where the store itself is at hand.
        """
        self.folder = folder
        self._attempt = attempt
        self._sent: dict[str, tuple[int, int]] | None = None

    @property
    def attempt(self) -> str:
        """What it is called at the address; empty where there is none."""
        return "" if self._attempt is None else self._attempt.name

    def send(self) -> None:
        """Send what there is, if anything but the log has changed."""
        stamps = self._stamps()
        if self._attempt is not None and stamps != self._sent:
            self._attempt.push(TrialFolder(self.folder))
            self._sent = stamps

    def try_to_send(self) -> None:
        """Send after an epoch; what does not arrive now is sent with the next one."""
        try:
            self.send()
        except _PROBLEMS as problem:
            _LOGGER.warning("this epoch is not sent yet: %s", problem)

    def leave(self, code: int) -> None:
        """Send why this process has to end, and end it.

        Args:
            code: What it ends with.
        """
        try:
            self.try_to_send()
        finally:
            os._exit(code)

    def _stamps(self) -> dict[str, tuple[int, int]]:
        paths = [self.folder / name for name in SENT if name != "log.txt"]
        stats = {path.name: path.stat() for path in paths if path.is_file()}
        return {name: (it.st_mtime_ns, it.st_size) for name, it in stats.items()}


@contextmanager
def staged(uri: str | None, folder: Path) -> Iterator[Stage]:
    """Bring a trial's folder to this machine for as long as the context lasts.

    Args:
        uri: Where trials are shared; None where the folder itself is at hand.
        folder: The trial's, in the store.

    Yields:
        Where to train.
    """
    if uri is None:
        yield Stage(folder)
        return
    storage = Storage(uri)
    with _own_folder(folder.name) as here:
        trial = TrialFolder(here)
        for earlier in storage.attempts(trial.trial_id):
            with suppress(BrokenError):  # then the next best
                earlier.pull(trial)
                break
            shutil.rmtree(here, ignore_errors=True)
        yield Stage(here, storage.begin(trial.trial_id))


@contextmanager
def fetched(uri: str | None, folder: Path | None) -> Iterator[Path | None]:
    """Bring what another trial left to this machine, to be read.

    Args:
        uri: Where trials are shared; None where the folder itself is at hand.
        folder: That trial's, in the store; None for none.

    Yields:
        Its folder here.
    """
    if uri is None or folder is None:
        yield folder
        return
    with _own_folder(folder.name) as here:
        for attempt in Storage(uri).attempts(folder.name):
            with suppress(BrokenError):  # then the next best
                attempt.pull(TrialFolder(here))
                break
            shutil.rmtree(here, ignore_errors=True)
        yield here


# What a worker that was killed left behind is removed by the next one.
@contextmanager
def _own_folder(trial_id: str) -> Iterator[Path]:
    home = private_folder("film-staged")
    mine = home / f"{trial_id}-{secrets.token_hex(4)}"
    lock = home / f"{mine.name}.lock"
    with ExitStack() as stack:
        with exclusive(home / "lock"):
            for other in home.glob("*.lock"):
                if not is_held(other):
                    shutil.rmtree(other.with_suffix(""), ignore_errors=True)
                    other.unlink(missing_ok=True)
            stack.enter_context(exclusive(lock))
        try:
            (mine / trial_id).mkdir(parents=True)
            yield mine / trial_id
        finally:
            shutil.rmtree(mine, ignore_errors=True)
            lock.unlink(missing_ok=True)


@final
class Collector:
    """Brings to this store what workers elsewhere send of their trials.

    It holds the locks of trials that run, so that they are seen to.
    """

    def __init__(
        self,
        uri: str | None,
        folders: Sequence[TrialFolder],
        sources: Sequence[TrialFolder] = (),
    ) -> None:
        """Prepare to collect.

        Args:
            uri: Where trials are shared; None where there is nothing to do.
            folders: Of the trials, in this store.
            sources: Of finished trials whose weights some of these start from.
        """
        self._sources = sources
        self._storage = None if uri is None else Storage(uri)
        self._folders = {folder.trial_id: folder for folder in folders}
        self._names: dict[str, str] = {}  # of attempts that go on
        self._locks: dict[str, ExitStack] = {}
        self._others: set[str] = set()  # trials that someone trains here
        self._pulls: dict[str, Future[None]] = {}
        self._held = ExitStack()
        self._threads = ThreadPoolExecutor(_N_THREADS)

    def __enter__(self) -> Self:
        """Claim the trials, and send what this store knows and the address does not.

        Returns:
            The collector.
        """
        if self._storage is not None and self._folders:
            self._storage.check()
            store = next(iter(self._folders.values())).path.parent.parent
            self._held.enter_context(_claimed(store / "claims", set(self._folders)))
            every = [*self._folders.values(), *self._sources]
            for sent in self._threads.map(self._send, every):
                del sent
        return self

    def __exit__(self, *_: object) -> None:
        """Bring home what was sent, and let go."""
        for trial_id in list(self._names):
            self.ended(trial_id)
        for lock in self._locks.values():
            lock.close()
        self._threads.shutdown()
        self._held.close()

    def started(self, trial_id: str) -> None:
        """Hear that a worker was given a trial.

        Args:
            trial_id: Which.
        """
        if self._storage is None or trial_id in self._locks:
            return
        lock = ExitStack()
        self._locks[trial_id] = lock
        path = self._folders[trial_id].path / "lock"
        try:
            lock.enter_context(exclusive(path, busy=trial_id))
            self._others.discard(trial_id)
        except BusyError:  # it is computed twice, and that folder is theirs
            self._others.add(trial_id)

    def said(self, trial_id: str, attempt: str) -> None:
        """Hear that a worker has sent more; most of it is fetched beside other work.

        Args:
            trial_id: Of which trial.
            attempt: What the worker calls its own.
        """
        if self._storage is None or not attempt or trial_id in self._others:
            return
        self._names[trial_id] = attempt
        before = self._pulls.get(trial_id)
        if before is None or before.done():
            small = set(SENT) - _LARGE
            self._pulls[trial_id] = self._threads.submit(self._pull, trial_id, small)

    def ended(self, trial_id: str) -> str:
        """Hear that a worker has let go of a trial, and fetch all of it.

        Args:
            trial_id: Which.

        Returns:
            Why that was not possible; empty where it was.
        """
        problem = ""
        if self._storage is not None and trial_id in self._names:
            with suppress(*_PROBLEMS):
                self._pulls.pop(trial_id).result()
            try:
                self._pull(trial_id, set(SENT))
                self._tidy(trial_id)
            except _PROBLEMS as error:
                problem = " ".join(str(error).split())
            del self._names[trial_id]
        if trial_id in self._locks:
            self._locks.pop(trial_id).close()
        return problem

    def _pull(self, trial_id: str, names: set[str]) -> None:
        assert self._storage is not None  # noqa: S101 - asked for before
        attempt = self._storage.attempt(trial_id, self._names[trial_id])
        attempt.pull(self._folders[trial_id], names)

    # Of a finished trial one attempt is enough.
    def _tidy(self, trial_id: str) -> None:
        if self._folders[trial_id].state() is TrialState.FINISHED:
            for attempt in self._storage.attempts(trial_id) if self._storage else ():
                if attempt.name != self._names[trial_id]:
                    attempt.discard()

    def _send(self, folder: TrialFolder) -> None:
        here = Progress.of(folder)
        if here == Progress() or self._storage is None:
            return
        there = self._storage.attempts(folder.trial_id)
        if not there or there[0].progress() < here:
            self._storage.begin(folder.trial_id).push(folder)


# Trials that are at an address have their locks here only while they run.
@contextmanager
def _claimed(home: Path, trial_ids: set[str]) -> Iterator[None]:
    mine = home / f"{secrets.token_hex(8)}.json"
    with ExitStack() as stack:
        with exclusive(home / "lock"):
            for other in home.glob("*.json"):
                if not is_held(other):
                    other.unlink(missing_ok=True)
                    continue
                both = trial_ids.intersection(read_json(other).get("trials", []))
                if both:
                    raise BusyError(
                        f"{len(both)} of these trials are being trained by another "
                        "launch from this store; wait for it"
                    )
            write_json(mine, {"trials": sorted(trial_ids)})
            stack.enter_context(exclusive(mine))
        try:
            yield
        finally:
            mine.unlink(missing_ok=True)
