"""Trials that go wrong by themselves, and what they need that goes away."""

import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.ground import DIVERGING, LARGE
from tests.faults.launching import wait_for
from tests.faults.scene import GENTLY_STOPPED, MissedError, Scene, SkippedError
from tests.faults.serving import Server
from tests.faults.stopping import a_worker

__all__ = [
    "DataDamaged",
    "DiskFull",
    "ServerAway",
    "TrialDiverges",
    "TrialEatsMemory",
    "TrialHangs",
    "TrialRaises",
    "WorkerStandsStill",
    "hung",
    "killed",
    "stopped",
]

_ENOUGH: Final = "900M"  # for every trial but the huge one
_MIB: Final = 2**20
_DISK_BYTES: Final = 64 * _MIB


@dataclass(frozen=True)
class TrialRaises:
    """A trial cannot write one of its files: a folder stands where it should go."""

    name: str = "trial raises"

    def strike(self, scene: Scene) -> None:
        """Launch with the obstacle, and take it away."""
        trial = scene.rng.choice(scene.unfinished)
        file = scene.rng.choice(("checkpoint.pt", "best.pt", "predictions.parquet"))
        obstacle = scene.store / "trials" / trial / file
        if obstacle.exists():
            obstacle.unlink()
        obstacle.mkdir(parents=True)
        scene.say(f"a folder named {file}")
        scene.end(scene.start(), {1})
        obstacle.rmdir()


@dataclass(frozen=True)
class DataDamaged:
    """The data cannot be read for a while, so that trials raise."""

    name: str = "data unreadable for a while"

    def strike(self, scene: Scene) -> None:
        """Launch, put a broken file in the data's place, and put it back."""
        (path,) = (scene.store / "data").glob("*/train.h5")
        whole = path.with_suffix(".whole")
        launch = scene.start()
        scene.await_moment(launch)
        path.rename(whole)
        path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
        try:
            scene.end(launch, {0, 1})
        finally:
            whole.replace(path)


@dataclass(frozen=True)
class TrialDiverges:
    """A row learns much too fast: its loss is soon no number, now and for ever."""

    name: str = "trial returns NaN"
    rows: tuple[str, ...] = (DIVERGING,)

    def strike(self, scene: Scene) -> None:
        """Launch; the others must not care, and it must not be tried again."""
        scene.end(scene.start(), {1})


@dataclass(frozen=True)
class TrialEatsMemory:
    """A row has a huge network; the limit ends it, and not the machine."""

    name: str = "trial eats memory"
    rows: tuple[str, ...] = (LARGE,)
    words: tuple[str, ...] = ("--memory-per-trial", _ENOUGH)

    def strike(self, scene: Scene) -> None:
        """Launch; the others must not care."""
        scene.end(scene.start(), {1})


@dataclass(frozen=True)
class TrialHangs:
    """A trial waits for ever for a file: what should be one is a pipe."""

    name: str = "trial hangs"

    def strike(self, scene: Scene) -> None:
        """Launch with the pipe, wait until that trial is given up, take it away."""
        trial = scene.rng.choice(scene.unfinished)
        pipe = scene.store / "trials" / trial / "checkpoint.pt"
        pipe.parent.mkdir(parents=True, exist_ok=True)
        pipe.unlink(missing_ok=True)
        os.mkfifo(pipe)
        words = "--hang-after", "20s", "--max-crashes", "1"
        scene.end(scene.start(*words), {1})
        pipe.unlink(missing_ok=True)


@dataclass(frozen=True)
class WorkerStandsStill:
    """A worker is halted, so that it cannot even notice; the user gives up."""

    name: str = "worker halted, then SIGINT"

    def strike(self, scene: Scene) -> None:
        """Launch, halt a worker, and after a while ask the driver to stop."""
        launch = scene.start()
        scene.await_epochs(launch, scene.rng.randrange(scene.ground.n_epochs))
        os.kill(a_worker(scene, launch), signal.SIGSTOP)
        time.sleep(scene.rng.uniform(1, 4))
        launch.signal(signal.SIGINT)
        scene.end(launch, GENTLY_STOPPED)


@dataclass(frozen=True)
class DiskFull:
    """The store's disk fills at a random moment, and has room again later."""

    name: str = "disk fills"

    @contextmanager
    def surroundings(self, scene: Scene) -> Iterator[None]:
        """Put the store on a small disk of its own, where that is allowed."""
        with small_disk(scene.store):
            yield

    def strike(self, scene: Scene) -> None:
        """Launch, fill, wait for the end, and make room."""
        launch = scene.start()
        scene.await_moment(launch)
        ballast = scene.store / "ballast"
        left = scene.rng.choice((0, 4096, 65536, 262144))
        fill(ballast, left)
        scene.say(f"{left} bytes left")
        scene.end(launch, {0, 1, 2})
        ballast.unlink()


@contextmanager
def small_disk(path: Path) -> Iterator[None]:
    """Mount a disk in memory at a path.

    Raises:
        SkippedError: This machine does not allow it.
    """
    if path.is_mount():  # by an earlier fault of the same kind
        yield
        return
    path.mkdir(parents=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(path)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        raise SkippedError(f"no mount: {error}") from None
    if done.returncode:
        raise SkippedError(f"may not mount a tmpfs: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=False)


def fill(path: Path, left: int) -> None:
    """Write a file until its disk has so many bytes left."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(_MIB))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            file.truncate(max(file.tell() - left, 0))


def stopped(server: Server, pause_s: float) -> None:
    """Stop the server as an administrator does, and start it again later."""
    server.send(signal.SIGTERM)
    _return(server, pause_s)


def killed(server: Server, pause_s: float) -> None:
    """Kill the server, and start it again later."""
    server.send(signal.SIGKILL)
    _return(server, pause_s)


def _return(server: Server, pause_s: float) -> None:
    if not wait_for(lambda: not server.processes(), 30):
        server.send(signal.SIGKILL)
    time.sleep(pause_s)
    server.start()


def hung(server: Server, pause_s: float) -> None:
    """Let the server stand still: it takes calls, and answers later."""
    server.send(signal.SIGSTOP)
    time.sleep(pause_s + 10)
    server.send(signal.SIGCONT)


@dataclass(frozen=True)
class ServerAway:
    """The MLflow server does not answer for a while; no trial may care."""

    name: str
    go: Callable[[Server, float], None]

    @contextmanager
    def surroundings(self, scene: Scene) -> Iterator[None]:
        """Let the store's runs be kept by the server."""
        server = scene.server
        with server.lock:
            if server.running is None:
                server.start()
            server.await_ready()
            scene.tracking_uri = server.uri
            yield
            server.await_ready()
            server.put_aside()

    def strike(self, scene: Scene) -> None:
        """Launch, and let the server go; it is back before the next launch."""
        launch = scene.start()
        try:
            scene.await_moment(launch)
            self.go(scene.server, scene.rng.uniform(0, 10))
        except MissedError:
            scene.server.await_ready()
            raise
        scene.end(launch, {0})
        scene.server.await_ready()
