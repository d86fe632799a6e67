"""Seconds that launching adds to a no-op trial: film beside other launchers.

Run ``python benchmarks/overhead.py``. Everyone runs the same training (`noop.py`), on
one core, in two sizes: the slope is the cost of a trial, the intercept is start-up and
end. The first row is the training alone, in a loop; what the others take more than it
is what they add. Processor seconds are those of all processes together, Ray's and
MLflow's among them.

Hydra and its launchers are put into an environment of their own, which is thrown away
afterwards; ``--hydra-python`` names a Python that has them instead. It takes torch and
film from here, and has the Ray that is here.
"""

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

from processes import Cost, measure
from tiny import film, fresh_store, make_world, write_study

HERE = Path(__file__).resolve().parent
TARGET_S = 0.5  # per trial of film, on one core
HYDRA = ("hydra-core", "hydra-joblib-launcher", "hydra-ray-launcher>=1.2.2")
VERSIONS = (
    "from importlib.metadata import version as v;"
    "print(*(f'{n} {v(n)}' for n in ('hydra-core', 'hydra-joblib-launcher',"
    "'hydra-ray-launcher', 'joblib', 'ray')), sep=', ')"
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where everything lies, and who runs it."""

    home: Path
    study: Path
    data: Path
    core: int
    hydra: Path | None

    @property
    def ray(self) -> Path:
        """Of Ray's sessions; its sockets want short paths."""
        return self.home / "ray"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "OVERHEAD_RAY": str(self.ray),
            "PYTHONPATH": str(HERE.parent),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "RAY_USAGE_STATS_ENABLED": "0",
        }


@dataclass
class Rival:
    """One way to run N no-op trials in a folder, and what it took."""

    name: str
    command: Callable[[int, Path], list[str | Path]]
    costs: dict[int, list[Cost]] = field(default_factory=dict)
    problem: str = ""

    def line(self, what: Callable[[Cost], float]) -> tuple[float, float]:
        """Slope and intercept through the medians of the smallest and largest size."""
        few, many = min(self.costs), max(self.costs)
        first = median(map(what, self.costs[few]))
        slope = (median(map(what, self.costs[many])) - first) / (many - few)
        return slope, first - few * slope


def rivals(place: Place) -> list[Rival]:
    def other(name: str) -> Callable[[int, Path], list[str | Path]]:
        script = [sys.executable, HERE / "overhead_rivals.py", name]
        return lambda n_trials, folder: [*script, str(n_trials), folder, place.data]

    def ours(n_trials: int, folder: Path) -> list[str | Path]:
        store = fresh_store(folder / "store", place.data)
        run = film("run", place.study, "--store", store, "--seeds", str(n_trials // 2))
        return [*run, "-j", "1", "--device", "cpu", "-y"]

    return [
        Rival("the training alone", other("loop")),
        Rival("film run", ours),
        *(hydras(place) if place.hydra else []),
        Rival("joblib, 2 jobs", other("joblib")),
        Rival("Ray Tune", other("ray-tune")),
        Rival("Ray Tune, reuse_actors", other("ray-tune-reuse")),
        Rival("Ray Tune, MLflow callback", other("ray-tune-mlflow")),
    ]


def hydras(place: Place) -> list[Rival]:
    def multirun(*launcher: str) -> Callable[[int, Path], list[str | Path]]:
        script = [str(place.hydra), HERE / "overhead_hydra.py", "--multirun"]
        return lambda n_trials, folder: [
            *script,
            f"seed=range(0,{n_trials})",
            f"data={place.data}",
            f"hydra.sweep.dir={folder}",
            *launcher,
        ]

    ray = "hydra.launcher.ray.init"
    return [
        Rival("Hydra, basic launcher", multirun()),
        Rival(
            "Hydra, joblib launcher, 2 jobs",
            multirun("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
        ),
        Rival(
            "Hydra, Ray launcher",
            multirun(
                "hydra/launcher=ray",
                f"{ray}.address=local",
                f"+{ray}.num_cpus=1",
                f"+{ray}.include_dashboard=false",
                f"+{ray}._temp_dir={place.ray}",
            ),
        ),
    ]


def run(rival: Rival, n_trials: int, place: Place) -> None:
    if rival.problem:
        return
    with tempfile.TemporaryDirectory(dir=place.home) as folder:
        command = rival.command(n_trials, Path(folder))
        cost = measure(command, core=place.core, environment=place.environment)
    if cost.code:
        rival.problem = cost.last_line
        print(f"{rival.name}: {cost.output}", file=sys.stderr)
        return
    rival.costs.setdefault(n_trials, []).append(cost)
    print(
        f"{rival.name:31} {n_trials:4} trials: {cost.wall_s:7.2f} s wall clock, "
        f"{cost.cpu_s:7.2f} s of processor",
        flush=True,
    )


def make_hydra(folder: Path) -> Path | None:
    """Install Hydra beside this environment; None where that does not work."""
    python = folder / "bin" / "python"
    wanted = [*HYDRA, f"ray=={version('ray')}"]
    pip = [python, "-m", "pip", "install", "--quiet", *wanted]
    try:
        for command in ([sys.executable, "-m", "venv", folder], pip):
            subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own commands
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["pip says nothing"]
        print(f"Hydra is left out, as it does not install: {lines[-1]}")
        return None
    packages = next(folder.glob("lib/python*/site-packages"))
    ours = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (packages / "beside.pth").write_text(ours, encoding="utf-8")
    return python


def table(found: list[Rival]) -> None:
    alone = found[0]
    print(f"\n{'':31} per trial (s)      added (s)          start-up (s)")
    print(f"{'':31}   wall      CPU       wall      CPU       wall      CPU")
    for one in found:
        if one.problem or len(one.costs) < 2:  # noqa: PLR2004 - a line needs two points
            print(f"{one.name:31} not measured: {one.problem}")
            continue
        cells = []
        for what in (lambda cost: cost.wall_s, lambda cost: cost.cpu_s):
            slope, start = one.line(what)
            cells.append((slope, slope - alone.line(what)[0], start))
        pairs = [f"{wall:9.3f} {cpu:9.3f}" for wall, cpu in zip(*cells, strict=True)]
        print(f"{one.name:31}{' '.join(pairs)}")
    print(f"film run: at most {TARGET_S} s added per trial is the target")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    last = max(os.sched_getaffinity(0))
    parser.add_argument("--sizes", type=int, nargs=2, default=(4, 20), metavar="N")
    parser.add_argument("--rounds", type=int, default=1, help="medians of so many")
    parser.add_argument("--core", type=int, default=last, help="that all run on")
    parser.add_argument("--hydra-python", type=Path, help="a Python that has Hydra")
    parser.add_argument("--no-hydra", action="store_true")
    parser.add_argument("--only", default="", help="rows whose name has this, and film")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    with tempfile.TemporaryDirectory(prefix="film-", dir="/tmp") as folder:
        home = Path(folder)
        hydra = asked.hydra_python
        if hydra is None and not asked.no_hydra:
            hydra = make_hydra(home / "hydra")
        study = home / "noop.yaml"
        write_study(study, rows=2, seeds=1)
        place = Place(
            home=home,
            study=study,
            data=make_world(study, home / "world"),
            core=asked.core,
            hydra=hydra,
        )
        if hydra is not None:
            subprocess.run([hydra, "-c", VERSIONS], check=True)  # noqa: S603 - as above
        print(", ".join(f"{one} {version(one)}" for one in ("ray", "mlflow", "joblib")))
        first, ours, *others = rivals(place)
        found = [first, ours, *(one for one in others if asked.only in one.name)]
        for _ in range(asked.rounds):
            for n_trials in asked.sizes:  # in turn: a busy moment hits all alike
                for rival in found:
                    run(rival, n_trials, place)
    table(found)


if __name__ == "__main__":
    main()
