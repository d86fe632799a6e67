"""How fast the embedded world is made: pictures, questions, and all of it.

Run ``python benchmarks/world.py``. Times are of one run, side by side; other work on
the machine slows all of them. The targets are in brackets.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from film.data.progress import Progress
from film.world.config import PRESETS, WorldConfig
from film.world.drawing import ask_questions
from film.world.making import make_world
from film.world.scenes import draw_scene, scene_entry

N_PICTURES = 400
N_ASKED = 500
N_TRAIN = 2000
SMALL = PRESETS["small"]


@contextmanager
def world(config: WorldConfig, processes: int) -> Iterator[Iterator[Progress]]:
    with tempfile.TemporaryDirectory() as folder:
        yield make_world(config, Path(folder) / "w", processes=processes)


def time_pictures(processes: int) -> float:
    """Seconds from the first pictures to the last, without the processes' start."""
    config = SMALL.model_copy(update={"n_train": N_PICTURES, "n_val": 1, "n_test": 0})
    with world(config, processes) as steps:
        begun = 0.0
        n_before = 0
        for step in steps:
            if step.done and not begun:
                begun, n_before = time.perf_counter(), step.done
            if step.done == step.total:
                passed = time.perf_counter() - begun
                return passed * N_PICTURES / (N_PICTURES - n_before)
    raise RuntimeError("no picture was drawn")


def time_questions() -> tuple[int, float]:
    """Questions about crowded scenes at full depth, and the processor's seconds."""
    config = WorldConfig()
    entries = [
        scene_entry(draw_scene(config, "train", n), config, "train", n)
        for n in range(N_ASKED)
    ]
    begun = time.process_time()
    n_questions = len(ask_questions(config, "train", entries))
    return n_questions, time.process_time() - begun


def time_stages(processes: int) -> dict[str, float]:
    """Seconds of each stage of a world to train on, its store and features included."""
    config = SMALL.model_copy(update={"n_train": N_TRAIN, "n_val": 1, "n_test": 0})
    seconds = {"start": 0.0}
    begun, stage = time.perf_counter(), "start"
    with world(config, processes) as steps:
        for step in steps:
            name = step.stage.partition(": ")[2]
            if name != stage:
                now = time.perf_counter()
                seconds[stage] = seconds.get(stage, 0.0) + now - begun
                begun, stage = now, name
    seconds[stage] += time.perf_counter() - begun
    return seconds


def main() -> None:
    alone = N_PICTURES / time_pictures(1)
    both = N_PICTURES / time_pictures(2)
    print(f"pictures of preset small, 1 process:  {alone:6.1f}/s  1.00 ×")
    print(f"pictures of preset small, 2 processes:{both:6.1f}/s  {both / alone:.2f} ×")
    print("                                      [20/s with 2 processes]")
    n_questions, seconds = time_questions()
    print(f"questions at full depth, 3 to 10 objects: {n_questions / seconds:,.0f}/s")
    print("                                      [1,500/s and core]")
    torch.set_num_threads(2)
    stages = time_stages(2)
    print(f"{N_TRAIN:,} scenes with 10 questions each, 2 processes:")
    for stage, passed in stages.items():
        print(f"  {stage:<17}{passed:6.1f} s")
    print(f"  {'all':<17}{sum(stages.values()):6.1f} s  [180 s]")


if __name__ == "__main__":
    main()
