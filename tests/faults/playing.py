"""A case: one store, one to three faults in a row, recovery, judgement."""

import random
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.ground import Ground
from tests.faults.judging import judge
from tests.faults.kinds import (
    IN_A_ROW,
    KINDS,
    Kind,
    rows_of,
    surroundings_of,
    words_of,
)
from tests.faults.scene import MissedError, Scene, SkippedError
from tests.faults.serving import Server

__all__ = ["Case", "cases", "play"]

_IN_A_ROW: Final = (1, 2, 1, 3)  # faults of a case, over and over
_ASKED_AGAIN: Final = 0.25  # of the cases: one more launch, with nothing to do


@dataclass(frozen=True, kw_only=True)
class Case:
    """What came of it."""

    name: str  # that decided everything random
    kinds: tuple[str, ...]  # that struck
    said: tuple[str, ...]
    problems: tuple[str, ...]
    launches: int  # that it took after the last fault
    seconds: float
    skipped: str = ""  # why


def cases(seed: int, kinds: Sequence[Kind] = KINDS) -> Iterator[list[Kind]]:
    """Choose which kinds strike in which case, for as long as one wants."""
    rng = random.Random(f"cases {seed}")  # noqa: S311 - no secret
    number = 0
    while True:
        first = kinds[number % len(kinds)]
        others = rng.sample(IN_A_ROW, _IN_A_ROW[number // len(kinds) % 4] - 1)
        chain = [first, *others]
        rng.shuffle(chain)
        yield chain
        number += 1


def play(
    ground: Ground, chain: Sequence[Kind], folder: Path, server: Server, name: str
) -> Case:
    """Let faults strike a new store, one after the other, and judge it.

    Args:
        ground: The undisturbed run.
        chain: What strikes.
        folder: Where; removed where nothing was wrong.
        server: Of MLflow, for those who need one.
        name: Decides everything random.
    """
    began = time.monotonic()
    rows = tuple(dict.fromkeys(row for kind in chain for row in rows_of(kind)))
    words = tuple(word for kind in chain for word in words_of(kind))
    rng = random.Random(name)  # noqa: S311 - no secret
    scene = Scene(ground, folder, rng, server, rows, words)
    struck: list[str] = []
    launches, skipped = 0, ""
    try:
        with ExitStack() as stack:
            for kind in chain:
                stack.enter_context(surroundings_of(kind, scene))
            ground.new_store(scene.store)
            for position, kind in enumerate(chain):
                scene.part = (position, len(chain))
                if _strike(kind, scene):
                    struck.append(kind.name)
            launches = scene.recover(true_code=1 if rows else 0)
            if scene.rng.random() < _ASKED_AGAIN:
                _ask_again(scene)
            judge(scene)
    except SkippedError as reason:
        skipped = str(reason)
    finally:
        for launch in scene.launches:
            launch.kill_everything()
    if not scene.problems:
        shutil.rmtree(folder, ignore_errors=True)
    return Case(
        name=name,
        kinds=tuple(struck),
        said=tuple(scene.said),
        problems=tuple(dict.fromkeys(scene.problems)),
        launches=launches,
        seconds=time.monotonic() - began,
        skipped=skipped,
    )


def _strike(kind: Kind, scene: Scene) -> bool:
    scene.say(f"{kind.name}:")
    try:
        kind.strike(scene)
    except MissedError:
        scene.say("too late")
        scene.end(scene.launches[-1], {1 if scene.rows else 0})
        return False
    return True


# Nothing is missing any more: nothing may start, or change, but for what failed, which
# every launch tries again.
def _ask_again(scene: Scene) -> None:
    before = _attempts(scene)
    scene.end(scene.start(), {1 if scene.rows else 0})
    after = _attempts(scene)
    if before != after:
        scene.blame("a launch with nothing to do worked on trials")


def _attempts(scene: Scene) -> dict[str, int]:
    return {
        trial.name: len(trial.attempts)
        for trial in scene.trials
        if trial.state.get("state") != "FAILED"
    }
