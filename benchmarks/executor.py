"""How many programs per second are answered, all at once and one by one.

Run ``python benchmarks/executor.py``. The scenes are those of the preset ``clevr``; a
scene is asked the questions about it and, for the larger numbers, those about other
scenes that have an answer in it too. In the last rows it is asked those that have none
as well, as a search for questions would. CPU times, the best of five, side by side.
"""

import random
import time
from collections.abc import Callable
from typing import Any

from film.data.programs import Program, parse_program
from film.world.config import load_world_config
from film.world.drawing import ask_questions
from film.world.questions.answering import answer_all
from film.world.questions.executor import ExecutionError, SceneGraph, answer
from film.world.scenes import draw_scene, scene_entry

N_SCENES = 200
COUNTS = (10, 30, 100, 300, 1000, 10_000)


def one_by_one(
    programs: list[Program], scene: SceneGraph
) -> list[str | ExecutionError]:
    given: list[str | ExecutionError] = []
    for program in programs:
        try:
            given.append(answer(program, scene))
        except ExecutionError as problem:
            given.append(problem)
    return given


def rate(work: Callable[[], list[Any]]) -> float:
    times = []
    for _ in range(5):
        start = time.process_time()
        n_done = len(work())
        times.append(time.process_time() - start)
    return n_done / min(times)


def compare(programs: list[Program], scene: SceneGraph, name: str) -> None:
    rng = random.Random(0)  # noqa: S311 (not for secrets)
    for count in COUNTS:
        asked = rng.choices(programs, k=count)
        together = answer_all(asked, scene)
        if list(map(str, together)) != list(map(str, one_by_one(asked, scene))):
            raise SystemExit("the two disagree")
        loop = rate(lambda asked=asked: one_by_one(asked, scene))
        arrays = rate(lambda asked=asked: answer_all(asked, scene))
        print(
            f"{name} {count:6}: one by one {loop:7.0f}/s   "
            f"at once {arrays:7.0f}/s  {arrays / loop:5.2f} ×"
        )


def main() -> None:
    config = load_world_config({}, base="clevr")
    entries = [
        scene_entry(draw_scene(config, "train", number), config, "train", number)
        for number in range(N_SCENES)
    ]
    questions = ask_questions(config, "train", entries)
    programs = [parse_program(question["program"]) for question in questions]
    scene = SceneGraph.from_entry(entries[0])
    given = one_by_one(programs, scene)
    fitting = [
        program
        for program, found in zip(programs, given, strict=True)
        if isinstance(found, str)
    ]
    compare(fitting, scene, "well-posed")
    compare(programs, scene, f"{len(fitting) / len(programs):.0%} well-posed")


if __name__ == "__main__":
    main()
