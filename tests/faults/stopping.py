"""Processes that are killed, stopped, or started twice."""

import os
import signal
import time
from dataclasses import dataclass

import psutil

from tests.faults.launching import Launch
from tests.faults.scene import GENTLY_STOPPED, MissedError, Scene

__all__ = [
    "DriverKilled",
    "DriverSignalled",
    "EverythingKilled",
    "RayKilled",
    "TwoLaunches",
    "TwoStudies",
    "WorkerKilled",
]

_KILLED = -signal.SIGKILL


@dataclass(frozen=True)
class WorkerKilled:
    """A trial's process gets -9; the launch goes on with another one."""

    name: str = "worker killed with -9"

    def strike(self, scene: Scene) -> None:
        """Launch, and kill one."""
        launch = scene.start()
        scene.await_epochs(launch, scene.rng.randrange(scene.ground.n_epochs))
        pid = a_worker(scene, launch)
        os.kill(pid, signal.SIGKILL)
        scene.say("a worker")
        scene.end(launch, {0})


def a_worker(scene: Scene, launch: Launch) -> int:
    """Find the process of a trial that runs now.

    Raises:
        MissedError: The launch ended before one ran.
    """
    found: list[int] = []

    def look() -> bool:
        pids = [trial.running_worker for trial in scene.trials]
        found[:] = [pid for pid in pids if pid is not None and launch.owns(pid)]
        return bool(found)

    scene.await_that(launch, look)
    return scene.rng.choice(sorted(found))


@dataclass(frozen=True)
class DriverKilled:
    """The driver gets -9, and its children are left alone."""

    name: str = "driver killed with -9"

    def strike(self, scene: Scene) -> None:
        """Launch, kill, and often do not wait for what was left to die."""
        launch = scene.start()
        scene.await_moment(launch)
        launch.signal(signal.SIGKILL)
        scene.end(launch, {_KILLED})
        pause_a_while(scene)


def pause_a_while(scene: Scene) -> None:
    """Let orphans die, or meet the next launch alive."""
    if scene.rng.random() < 1 / 2:
        seconds = scene.rng.uniform(0, 6)
        scene.say(f"{seconds:.1f} s pause")
        time.sleep(seconds)


@dataclass(frozen=True)
class DriverSignalled:
    """The driver is asked to stop: once, or twice by someone impatient."""

    name: str
    signals: tuple[signal.Signals, ...]
    to_all: bool = False  # as a terminal sends Ctrl-C, to whoever is in its group

    def strike(self, scene: Scene) -> None:
        """Launch, and ask."""
        launch = scene.start()
        scene.await_moment(launch)
        scene.await_that(launch, lambda: launch.listens)
        for position, number in enumerate(self.signals):
            if position:
                time.sleep(scene.rng.uniform(0, 1.5))
            if not launch.is_over:
                (os.killpg if self.to_all else os.kill)(launch.pid, number)
        scene.end(launch, GENTLY_STOPPED | {0})


@dataclass(frozen=True)
class EverythingKilled:
    """Driver, Ray and workers die at once, as when the power fails."""

    name: str = "everything killed at once"

    def strike(self, scene: Scene) -> None:
        """Launch, and kill all."""
        launch = scene.start()
        scene.await_moment(launch)
        launch.kill_everything()
        scene.end(launch, {_KILLED})


@dataclass(frozen=True)
class RayKilled:
    """Ray's own process on this machine, the raylet, gets -9."""

    name: str = "Ray killed with -9"

    def strike(self, scene: Scene) -> None:
        """Launch, and kill it; the launch may end as it likes, but truly."""
        launch = scene.start()
        scene.await_epochs(launch, scene.rng.randrange(scene.ground.n_epochs))
        raylets = [one for one in launch.processes() if _name(one) == "raylet"]
        if not raylets:
            raise MissedError
        raylets[0].kill()
        scene.end(launch, {0, 1})


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.NoSuchProcess:
        return ""


@dataclass(frozen=True)
class TwoLaunches:
    """Someone launches what is being run; perhaps the first is killed then."""

    name: str = "two launches at once"

    def strike(self, scene: Scene) -> None:
        """Launch twice."""
        first = scene.start()
        if scene.rng.random() < 1 / 2:
            scene.await_moment(first)
        second = scene.start()
        codes = {scene.end(one, {0, 1}) for one in (second, first)}
        if 0 not in codes:
            scene.blame("of two launches at once, neither did the work")


@dataclass(frozen=True)
class TwoStudies:
    """Two studies want the same trials at the same time."""

    name: str = "two studies at once"

    def strike(self, scene: Scene) -> None:
        """Launch both."""
        twin = "faults-twin"
        scene.studies.add(twin)
        first = scene.start()
        if scene.rng.random() < 1 / 2:
            scene.await_moment(first)
        second = scene.start(study=scene.ground.study(name=twin))
        for launch in (second, first):
            scene.end(launch, {0})
