"""Files that a crash, a disk or a copy has damaged."""

import random
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.scene import Scene
from tests.faults.seeing import TrialSeen

__all__ = ["Damage", "MlflowDamaged", "StudyDamaged", "cut", "emptied", "scribbled"]

_KILLED = -signal.SIGKILL
_Hurt = Callable[[Path, random.Random], None]


def cut(path: Path, rng: random.Random) -> None:
    """Keep a random part of a file's beginning."""
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content))])


def emptied(path: Path, _rng: random.Random) -> None:
    """Leave nothing in a file, as a power cut does where nothing was flushed."""
    path.write_bytes(b"")


def scribbled(path: Path, rng: random.Random) -> None:
    """Put random bytes over a random stretch of a file."""
    content = bytearray(path.read_bytes())
    start = rng.randrange(len(content))
    length = min(len(content) - start, rng.randrange(1, 4096))
    content[start : start + length] = rng.randbytes(length)
    path.write_bytes(content)


def torn_line(path: Path, rng: random.Random) -> None:
    """Cut a file within its last line."""
    content = path.read_bytes()
    last = content.rstrip(b"\n").rfind(b"\n") + 1
    path.write_bytes(content[: rng.randrange(last + 1, len(content))])


@dataclass(frozen=True)
class Damage:
    """A launch is killed in the middle, and then a file of a trial is damaged."""

    name: str
    file: str
    hurts: tuple[_Hurt, ...]

    def strike(self, scene: Scene) -> None:
        """Launch, kill everything, damage."""
        launch = scene.start()
        scene.await_epochs(launch, self._moment(scene))
        scene.await_that(launch, lambda: self._trials(scene))
        launch.kill_everything()
        scene.end(launch, {_KILLED})
        trial = scene.rng.choice(self._trials(scene))
        hurt = scene.rng.choice(self.hurts)
        self._forget(scene, trial)
        hurt(trial.path / self.file, scene.rng)
        scene.say(f"{hurt.__name__} {self.file}")

    def _moment(self, scene: Scene) -> int:
        number, count = scene.part
        place = (number + scene.rng.random()) / count
        return 1 + int(place * (scene.ground.n_epochs - 1))

    def _trials(self, scene: Scene) -> list[TrialSeen]:
        # Of a finished trial, the mark and the log of epochs alone are ever read.
        of_any = self.file in {"metrics.jsonl", "done.json"}
        return [
            trial
            for trial in scene.trials
            if (trial.path / self.file).is_file()
            and (of_any or not trial.done)
            and (self.file != "metrics.jsonl" or trial.lines)
        ]

    def _forget(self, scene: Scene, trial: TrialSeen) -> None:
        if self.file == "metrics.jsonl":
            scene.forget(trial, n_lines=len(trial.lines) - 1)
        elif self.file in {"checkpoint.pt", "done.json"}:
            scene.forget(trial)
        if self.file == "checkpoint.pt":  # is kept, for whoever wants to know
            aside = trial.path / "checkpoint.broken.pt"
            scene.may_remain.add(str(aside.relative_to(scene.store)))


@dataclass(frozen=True)
class StudyDamaged:
    """What a study was asked is damaged, in a store that is not finished."""

    name: str = "torn launch.json"

    def strike(self, scene: Scene) -> None:
        """Launch, kill everything, damage."""
        path = scene.store / "studies" / "faults" / "launch.json"
        launch = scene.start()
        scene.await_moment(launch)
        scene.await_that(launch, path.is_file)
        launch.kill_everything()
        scene.end(launch, {_KILLED})
        hurt = scene.rng.choice((cut, emptied))
        hurt(path, scene.rng)
        scene.say(f"{hurt.__name__} {path.name}")


@dataclass(frozen=True)
class MlflowDamaged:
    """MLflow's local file is damaged: while it is in use, or between two launches."""

    name: str = "corrupt SQLite file"

    def strike(self, scene: Scene) -> None:
        """Launch, and damage; the trials must not care."""
        path = scene.store / "mlflow.db"
        launch = scene.start()
        scene.await_that(launch, path.is_file)
        scene.await_moment(launch)
        if scene.rng.random() < 1 / 2:
            launch.kill_everything()
        hurt = scene.rng.choice((cut, emptied, scribbled, _overwritten))
        hurt(path, scene.rng)
        scene.say(f"{hurt.__name__} {path.name}, driver's code {launch.process.poll()}")
        scene.end(launch, {0, _KILLED})


def _overwritten(path: Path, rng: random.Random) -> None:
    path.write_bytes(rng.randbytes(path.stat().st_size))


def lost(path: Path, _rng: random.Random) -> None:
    """Remove a file, or a folder."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
