"""A study of a thousand no-op trials: does a launch stay as fast as it began?

Run ``python benchmarks/scale.py``; ``--trials 100`` for a first look. The cost of a
trial is read from the times at which trials ended, by their folders: from 10 % to 20 %
of them, and in the last 10 %. `film plan` and `film status` are timed on what is there
in the end, whole processes, import and all. Memory is looked at once in two seconds.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

from processes import Cost, measure
from tiny import film, make_world, write_study

MOST_RATIO = 1.2
MOST_S = 2.0
SEEDS = 1000  # of a row, at most
MIB = 2**20


def ended_at(store: Path) -> list[float]:
    marks = [json.loads(file.read_bytes()) for file in store.glob("trials/*/done.json")]
    return sorted(mark["finished_at"] for mark in marks)


def n_workers(store: Path) -> int:
    files = store.glob("trials/*/state.json")
    return len({json.loads(one.read_bytes())["attempts"][-1]["pid"] for one in files})


def seconds_each(times: Sequence[float], start: float, end: float) -> float:
    """Seconds from one end to the next, in a part of the trials."""
    some = times[round(start * (len(times) - 1)) : round(end * (len(times) - 1)) + 1]
    return (some[-1] - some[0]) / (len(some) - 1)


def longest(times: Sequence[float]) -> float:
    return max(later - earlier for earlier, later in pairwise(times))


def time_commands(commands: dict[str, list[str | Path]]) -> None:
    for name, command in commands.items():
        costs = [measure(command) for _ in range(5)]
        walls = sorted(cost.wall_s for cost in costs)
        if any(cost.code for cost in costs):
            raise SystemExit(f"{name}: {costs[0].output}")
        cpu = median(cost.cpu_s for cost in costs)
        print(
            f"{name:28} {median(walls):6.2f} s  (of five: {walls[0]:.2f} to "
            f"{walls[-1]:.2f}; {cpu:.2f} s of processor)  [{MOST_S:g} s]"
        )


def megabytes(folder: Path) -> float:
    files = [folder] if folder.is_file() else folder.rglob("*")
    return sum(file.stat().st_blocks * 512 for file in files if file.is_file()) / MIB


def say_memory(cost: Cost) -> None:
    count = len(cost.driver_rss)
    early, late = (max(1, count // 5), count - 1 - count // 20)
    rss, pss = cost.driver_rss, cost.driver_pss
    print(
        f"driver                       {max(rss):6.0f} MiB RSS, {max(pss):.0f} PSS at "
        f"its peak; {rss[early]:.0f} RSS after a fifth of the time, {rss[late]:.0f} "
        "near the end"
    )
    others = max(cost.others_pss)
    print(f"Ray, workers and the rest    {others:6.0f} MiB PSS together at the peak")


def say_disk(store: Path, n_trials: int) -> None:
    parts = {
        "trials' folders": store / "trials",
        "MLflow's database": store / "mlflow.db",
        "MLflow's files": store / "artifacts",
    }
    for name, path in parts.items():
        size = megabytes(path)
        print(f"{name:28} {size:6.1f} MiB, {1024 * size / n_trials:.1f} KiB a trial")


def say_times(store: Path, cost: Cost, n_trials: int) -> None:
    times = ended_at(store)
    early, late = seconds_each(times, 0.1, 0.2), seconds_each(times, 0.9, 1)
    print(f"{'all of film run':28} {cost.wall_s:6.0f} s, {cost.cpu_s:.0f} of processor")
    print(f"{'a trial, all in all':28} {cost.wall_s / n_trials:6.3f} s")
    print(f"{'  from 10 % to 20 %':28} {early:6.3f} s")
    print(f"{'  in the last 10 %':28} {late:6.3f} s")
    print(f"{'  ratio':28} {late / early:6.2f}    [{MOST_RATIO}]")
    print(f"{'  longest wait for one':28} {longest(times):6.2f} s")


def scale(n_trials: int, rows: int, jobs: int | None, home: Path) -> None:
    study, store = home / "scale.yaml", home / "store"
    write_study(study, rows=rows, seeds=n_trials // rows)
    make_world(study, store)
    choice = ["--store", store, "--device", "cpu"]
    choice += [] if jobs is None else ["-j", str(jobs)]
    cost = measure(film("run", study, *choice, "-y"), memory_every_s=2.0)
    if cost.code:
        raise SystemExit(cost.output)
    n_done = len(ended_at(store))
    print(f"{n_done} trials in {rows} rows, by {n_workers(store)} worker processes")
    say_times(store, cost, n_done)
    say_memory(cost)
    say_disk(store, n_done)
    time_commands(
        {
            "film plan": film("plan", study, *choice),
            "film plan, twice the seeds": film(
                "plan", study, *choice, "--seeds", str(2 * n_done // rows)
            ),
            "film status": film("status", "scale", "--store", store),
            "film run, nothing to do": film("run", study, *choice, "-y"),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--jobs", type=int, help="default: film's own")
    asked = parser.parse_args()
    if asked.trials > SEEDS * asked.rows:
        parser.error(f"a row has at most {SEEDS} seeds: give more --rows")
    with tempfile.TemporaryDirectory(prefix="film-") as home:
        scale(asked.trials, asked.rows, asked.jobs, Path(home))


if __name__ == "__main__":
    main()
