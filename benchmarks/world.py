"""How fast the embedded world is drawn, by picture size and number of processes.

Run ``python benchmarks/world.py``. Times are of one run, side by side.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from film.world.config import load_world_config
from film.world.making import make_world

N_SCENES = 400


def stages(width: int, height: int, processes: int) -> Iterator[tuple[str, float]]:
    settings = {"n_train": N_SCENES, "n_val": 1, "width": width, "height": height}
    config = load_world_config(settings, base="quick")
    with tempfile.TemporaryDirectory() as folder:
        start, stage = time.perf_counter(), ""
        for progress in make_world(config, Path(folder) / "w", processes=processes):
            if progress.stage != stage:
                if stage.startswith("train"):
                    yield stage, time.perf_counter() - start
                start, stage = time.perf_counter(), progress.stage


def main() -> None:
    torch.set_num_threads(1)
    reference = None
    for width, height in ((96, 64), (240, 160)):
        for processes in (1, 2):
            times = dict(stages(width, height, processes))
            pictures = N_SCENES / times["train: pictures"]
            reference = reference or pictures
            print(
                f"{width}×{height}, {processes} process(es): "
                f"{pictures:5.1f} pictures/s  {pictures / reference:4.2f} ×"
            )


if __name__ == "__main__":
    main()
