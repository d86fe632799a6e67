"""Runs pickled jobs on halves of GPUs, which are pretended: they compute on the CPU.

Torch sees no GPU where tests run. What is asked of Ray, and what Ray grants, is all the
same what a launch on GPUs would have.
"""

import pickle
import sys
from pathlib import Path
from typing import Any

from runner.errors import LaunchError
from runner.sweeping.machines import choose_cluster_workers
from runner.sweeping.needs import Peaks
from runner.sweeping.stopping import Wish
from runner.tune.cluster import cluster_machines
from runner.tune.sweeping import run_sweep


class Listener:
    def expected(self, _: str) -> Peaks:
        return Peaks()

    def hear(self) -> Wish:
        return Wish()

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None


def main(address: str, jobs: Path) -> None:
    machines = cluster_machines(address)
    workers = choose_cluster_workers(machines, "auto", None, 0.5, address=address)
    sys.stdout.write(f"{workers}\n")
    try:
        run_sweep(pickle.loads(jobs.read_bytes()), workers, Listener())  # noqa: S301 - the test's own
    except LaunchError as error:
        sys.stdout.write(f"refused: {error}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
