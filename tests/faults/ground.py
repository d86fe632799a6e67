"""What every fault starts from: a study, a world made once, an undisturbed run."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

from tests.faults.launching import PATIENCE_S, Launch, start, tail, wait_for
from tests.faults.seeing import TrialSeen, computed, store_files, trials_in

__all__ = ["DIVERGING", "LARGE", "Ground", "lay_ground"]

STUDY: Final = Path(__file__).with_name("study.yaml")
WORKERS: Final = ("-j", "2", "--device", "cpu", "-y")
DIVERGING: Final = "learns much too fast"
LARGE: Final = "much too large"
_MORE_ROWS: Final[Mapping[str, Mapping[str, Any]]] = {
    DIVERGING: {"train.learning_rate": 1e30},
    LARGE: {"model.generator.hidden": 4096},
}


@dataclass(frozen=True)
class Ground:
    """A study file, and a store in which it ran without a disturbance."""

    root: Path
    seconds: float  # that the launch took once the world was there
    starting_s: float  # of them, before the first epoch was over

    @property
    def reference(self) -> Path:
        """The store that nothing disturbed."""
        return self.root / "reference"

    @cached_property
    def trials(self) -> dict[str, TrialSeen]:
        """The undisturbed trials by name."""
        return {trial.name: trial for trial in trials_in(self.reference)}

    @cached_property
    def results(self) -> dict[str, Any]:
        """What they computed, epoch by epoch, and their summaries."""
        return {name: results_of(trial) for name, trial in self.trials.items()}

    @cached_property
    def files(self) -> set[str]:
        """The names of all that they and the study left in the store."""
        return set(store_files(self.reference))

    @property
    def n_epochs(self) -> int:
        """Epochs of all trials together."""
        return sum(len(trial.rows) for trial in self.trials.values())

    @classmethod
    def at(cls, root: Path) -> "Ground | None":
        """Find what was laid before."""
        try:
            seconds, starting_s = json.loads((root / "times.json").read_text())
        except (OSError, ValueError):
            return None
        return cls(root, seconds, starting_s)

    def study(self, *more_rows: str, name: str = "faults") -> Path:
        """Write the study's file, perhaps with rows that go wrong.

        The other rows are the same trials as ever.
        """
        content = yaml.safe_load(STUDY.read_text(encoding="utf-8"))
        content["study"] = name
        content["groups"]["Parts"] |= {row: _MORE_ROWS[row] for row in more_rows}
        words = [name, *(row.replace(" ", "-") for row in more_rows)]
        path = self.root / f"{'-'.join(words)}.yaml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
        return path

    def new_store(self, path: Path) -> None:
        """Make a store that has the world and nothing else."""
        shutil.copytree(self.reference / "data", path / "data")


def results_of(trial: TrialSeen) -> dict[str, Any]:
    """Tell what a trial computed, without what it measured."""
    return {
        "epochs": [computed(row) for row in trial.rows],
        "summary": computed(json.loads(trial.done)) if trial.done else None,
    }


def lay_ground(root: Path) -> Ground:
    """Make the world, and run the study once undisturbed.

    Raises:
        RuntimeError: Even that failed, so that nothing can be told of faults.
    """
    root.mkdir(parents=True, exist_ok=True)
    ground = Ground(root, 0.0, 0.0)
    store = ground.reference
    words = ["runner.cli", "run", str(ground.study()), *WORKERS, "--store", str(store)]
    launch = start(words, root / "output")
    world_s = _seconds_until(launch, lambda: any(store.glob("data/*/world.json")))
    first_s = _seconds_until(launch, lambda: any(t.lines for t in trials_in(store)))
    seconds = _seconds_until(launch, lambda: False)
    if launch.wait() != 0:
        raise RuntimeError(f"the undisturbed run failed: {tail(launch.errors)}")
    times = seconds - world_s, first_s - world_s
    (root / "times.json").write_text(json.dumps(times))
    return Ground(root, *times)


# Of a launch that may end before.
def _seconds_until(launch: Launch, condition: Callable[[], bool]) -> float:
    wait_for(lambda: launch.is_over or condition(), PATIENCE_S)
    return launch.elapsed_s
