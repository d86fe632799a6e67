"""What `overhead.py` measures beside film: other ways to run the same trainings.

Run as ``python overhead_rivals.py NAME N FOLDER DATA``: N no-op trials, one after the
other, in FOLDER. Every way is used as its documentation shows first.
"""

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from noop import train


def loop(n_trials: int, folder: Path, data: Path) -> None:
    for seed in range(n_trials):
        train(seed, data, folder / str(seed))


# With one job joblib starts no process at all; two share the core.
def joblib(n_trials: int, folder: Path, data: Path) -> None:
    from joblib import Parallel, delayed  # noqa: PLC0415

    Parallel(n_jobs=2)(
        delayed(train)(seed, data, folder / str(seed)) for seed in range(n_trials)
    )


def ray_tune(
    n_trials: int,
    folder: Path,
    data: Path,
    *,
    reuse_actors: bool = False,
    with_mlflow: bool = False,
) -> None:
    import ray  # noqa: PLC0415
    from ray import tune  # noqa: PLC0415
    from ray.air.integrations.mlflow import MLflowLoggerCallback  # noqa: PLC0415

    def trainable(settings: dict[str, Any]) -> None:
        seed = settings["seed"]
        tune.report({"accuracy": train(seed, data, folder / str(seed))})

    callbacks = []
    if with_mlflow:
        uri = f"sqlite:///{folder / 'mlflow.db'}"
        callbacks = [MLflowLoggerCallback(uri, experiment_name="overhead")]
    ray.init(
        address="local",
        num_cpus=1,
        include_dashboard=False,
        _temp_dir=os.environ["OVERHEAD_RAY"],
    )
    results = tune.Tuner(
        trainable,
        param_space={"seed": tune.grid_search(list(range(n_trials)))},
        tune_config=tune.TuneConfig(reuse_actors=reuse_actors),
        run_config=tune.RunConfig(storage_path=str(folder), callbacks=callbacks),
    ).fit()
    ray.shutdown()
    if results.num_errors or len(results) != n_trials:
        raise SystemExit(f"{results.num_errors} of {len(results)} trials failed")


RIVALS: dict[str, Callable[[int, Path, Path], None]] = {
    "loop": loop,
    "joblib": joblib,
    "ray-tune": ray_tune,
    "ray-tune-reuse": functools.partial(ray_tune, reuse_actors=True),
    "ray-tune-mlflow": functools.partial(ray_tune, with_mlflow=True),
}


if __name__ == "__main__":
    name, n_trials, folder, data = sys.argv[1:]
    RIVALS[name](int(n_trials), Path(folder), Path(data))
