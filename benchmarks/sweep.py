"""A real sweep of short trainings on two cores: how much longer than the trainings?

Run ``python benchmarks/sweep.py``. The trainings are those of the study `quick`, on
fewer pictures. Their seconds are what the trials record of themselves: epochs with
their validation, without start-up, checkpoints and predictions. The same trainings are
then run one after the other, alone on the machine and on one thread, to see what
sharing it costs; their accuracies must be the same.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from processes import measure
from tiny import film, make_world, write_study

from studies.catalogue import find_study
from studies.study_file import read_study

MOST_RATIO = 1.1
JOBS = 2


def settings(epochs: int) -> dict[str, object]:
    flat = find_study("quick").baseline.config.flat()
    paper = find_study("architecture").baseline.config.flat()
    changed = {name: value for name, value in flat.items() if value != paper[name]}
    return {**changed, "train.max_epochs": epochs}


def world(pictures: int) -> dict[str, object]:
    made = find_study("quick").world
    assert made is not None, "quick makes its world"  # noqa: S101 - as its file says
    smaller = {"n_train": pictures, "n_val": pictures // 4}
    return {**made.model_dump(mode="json", exclude_unset=True), **smaller}


def trained(store: Path) -> dict[tuple[float, int], dict[str, float]]:
    """What the trials' folders say, by learning rate and seed."""
    found = {}
    for mark in store.glob("trials/*/done.json"):
        said = json.loads(mark.read_bytes())
        described = json.loads((mark.parent / "config.json").read_bytes())
        state = json.loads((mark.parent / "state.json").read_bytes())
        name = (described["config"]["train.learning_rate"], described["seed"])
        found[name] = {
            "train_s": said["wall_time_s"],
            "accuracy": said["best_val_accuracy"],
            "began": state["attempts"][0]["started_at"],
            "ended": said["finished_at"],
            "worker": state["attempts"][-1]["pid"],
        }
    return found


def alone(study: Path, data: Path) -> dict[tuple[float, int], tuple[float, float]]:
    """Train all in this process; seconds and accuracy."""
    import torch  # noqa: PLC0415 - not before the sweep, whose memory it would share

    from film.data.dataset import open_dataset  # noqa: PLC0415
    from film.training.fit import fit  # noqa: PLC0415

    torch.set_num_threads(1)
    asked = read_study(study)
    image_input = asked.baseline.config.model.image_input
    learnt, judged = (open_dataset(data, one, image_input) for one in ("train", "val"))
    found = {}
    for row in asked.rows:
        for seed in asked.seeds:
            with tempfile.TemporaryDirectory() as folder:
                *_, last = fit(
                    row.config,
                    learnt,
                    judged,
                    seed=seed,
                    device="cpu",
                    directory=Path(folder),
                )
            name = (row.config.train.learning_rate, seed)
            found[name] = (last.wall_time_s, last.best_val_accuracy)
    return found


def sweep(study: Path, store: Path, *, is_compared: bool) -> None:
    data = make_world(study, store)
    began = time.time()
    run = film("run", study, "--store", store, "-j", str(JOBS), "--device", "cpu", "-y")
    cost = measure(run)
    if cost.code:
        raise SystemExit(cost.output)
    trials = trained(store)
    train_s = sum(one["train_s"] for one in trials.values())
    first = min(one["began"] for one in trials.values())
    last = max(one["ended"] for one in trials.values())
    shared = train_s / JOBS
    n_workers = len({one["worker"] for one in trials.values()})
    print(
        f"{len(trials)} trials, {train_s / len(trials):.1f} s of training each, "
        f"by {n_workers} worker processes"
    )
    print(f"sum of training seconds / {JOBS}: {shared:7.1f} s")
    for name, seconds in {
        "film run, all of it": cost.wall_s,
        "  without its report": last - began,
        "  first trial's start to last one's end": last - first,
    }.items():
        ratio = seconds / shared
        print(f"{name:40} {seconds:7.1f} s  {ratio:5.2f} ×  [{MOST_RATIO} ×]")
    print(f"start-up {first - began:.1f} s, report {began + cost.wall_s - last:.1f} s")
    if is_compared:
        compare(trials, alone(study, data), last - first)


def compare(
    trials: dict[tuple[float, int], dict[str, float]],
    again: dict[tuple[float, int], tuple[float, float]],
    sweep_s: float,
) -> None:
    alone_s = sum(seconds for seconds, _ in again.values())
    train_s = sum(one["train_s"] for one in trials.values())
    same = sum(
        trials[name]["accuracy"] == accuracy for name, (_, accuracy) in again.items()
    )
    print(f"one after the other, alone: {alone_s:.1f} s of training")
    print(f"a training beside another takes {train_s / alone_s:.2f} × as long")
    print(f"the sweep was {alone_s / sweep_s:.2f} × as fast on {JOBS} cores")
    print(f"same accuracy, to the bit: {same} of {len(again)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--pictures", type=int, default=1200)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--no-alone", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="film-") as home:
        study = Path(home) / "sweep.yaml"
        write_study(
            study,
            rows=2,
            seeds=asked.trials // 2,
            settings=settings(asked.epochs),
            world=world(asked.pictures),
        )
        sweep(study, Path(home) / "store", is_compared=not asked.no_alone)


if __name__ == "__main__":
    main()
