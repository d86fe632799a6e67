"""Sees to it, before anything runs, that every machine can do what is asked.

Each looks for itself: at its own disk, its own Python, its own way to the store. What a
machine that joins later has is found out by the first trial that it gets.
"""

import hashlib
import importlib.metadata
import importlib.util
import math
import os
import platform
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from film.data.fingerprint import data_fingerprint
from film.errors import FilmError
from film.world.config import WorldConfig
from runner.errors import LaunchError
from runner.planning.sources import make_here
from runner.store.locks import exclusive, is_held
from runner.sweeping.stopping import Stop
from runner.sweeping.workers import Workers, n_cores
from runner.working.job import TrialJob
from studies.splits import Needed

__all__ = ["CODE_VARIABLE", "PACKAGES", "check_machines", "digest_of_code"]

PACKAGES: Final = ("film", "studies", "runner", "reports")
CODE_VARIABLE: Final = "FILM_SUITE_CODE"  # the digest of what was sent
_DECIDE_NUMBERS: Final = ("torch", "numpy")
_PATIENCE_S: Final = 180.0  # a machine may have to start a process, and read data
_STEP_S: Final = 0.5  # between two looks at whether it is still wanted
_DELAY_S: Final = 10.0  # until a disk of the network shows a new file everywhere


@dataclass(frozen=True, kw_only=True)
class _Data:
    directory: Path
    needed: Needed
    fingerprint: str
    world: WorldConfig | None  # what to make where there is nothing


@dataclass(frozen=True, kw_only=True)
class _Needs:
    """What every machine must have."""

    versions: Mapping[str, str]
    data: tuple[_Data, ...]
    token: Path | None  # a file in the store that this process holds locked


def check_machines(
    jobs: Sequence[TrialJob],
    workers: Workers,
    stop_wished: Callable[[], Stop | None],
    *,
    patience_s: float = _PATIENCE_S,
) -> Stop | None:
    """Ask every machine of a cluster that may get a trial.

    Where the data are a world, and the store is not shared, it makes that world first,
    which may take longer than anything else.

    Args:
        jobs: What is to be run.
        workers: On what.
        stop_wished: Says, several times a second, whether to wait no longer.
        patience_s: How long a machine that makes nothing may take to answer.

    Returns:
        Why nothing is to run; None where it may.

    Raises:
        LaunchError: A machine lacks something; the line says which and what.
    """
    machines = {
        node["NodeID"]: f"{node['NodeManagerHostname']} ({node['NodeID'][:6]})"
        for node in ray.nodes()
        if node["Alive"] and _may_get_a_trial(node["Resources"], workers)
    }
    shared = jobs[0].folder.parent if workers.storage is None else None
    with _token(shared) if shared else nullcontext() as token:
        needs = _Needs(versions=_versions(), data=_data_of(jobs), token=token)
        asked = _ask(machines, needs)
        makes_worlds = any(data.world is not None for data in needs.data)
        waits_s = math.inf if makes_worlds else patience_s
        stop, silent = _wait(list(asked), waits_s, stop_wished)
        if stop is not None:
            return stop
        problems = {
            machines[node]: problem
            for node, problem in _problems(asked, silent, patience_s)
        }
    if problems:
        (name, problem), *more = problems.items()
        others = f" (and {len(more)} more machines have problems)" if more else ""
        raise LaunchError(f"machine {name} of the cluster: {problem}{others}")
    return None


def _may_get_a_trial(resources: Mapping[str, float], workers: Workers) -> bool:
    gpus = workers.gpus_per_trial if workers.n_gpus else 0.0
    has_cpus = resources.get("CPU", 0.0) >= workers.cpus_per_trial
    return has_cpus and resources.get("GPU", 0.0) >= gpus


def _data_of(jobs: Sequence[TrialJob]) -> tuple[_Data, ...]:
    wanted = (
        _Data(
            directory=job.data,
            needed=job.trial.needed,
            fingerprint=job.trial.data,
            world=job.world,
        )
        for job in jobs
    )
    return tuple(dict.fromkeys(wanted))


@contextmanager
def _token(store: Path) -> Iterator[Path]:
    file = store / f".shared-{secrets.token_hex(8)}"
    try:
        with exclusive(file):
            yield file
    finally:
        for left in (file, file.with_name(f"{file.name}.owner")):
            left.unlink(missing_ok=True)


# References of Ray's, and whom each asks.
def _ask(machines: Mapping[str, str], needs: _Needs) -> dict[Any, str]:
    task = ray.remote(num_cpus=0, max_retries=0)(_look)
    return {
        task.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)
        ).remote(needs): node
        for node in machines
    }


# Those that are silent at the end, or why nobody waits for them any more.
def _wait(
    asked: Sequence[Any], patience_s: float, stop_wished: Callable[[], Stop | None]
) -> tuple[Stop | None, list[Any]]:
    until = time.monotonic() + patience_s
    silent = list(asked)
    while silent and time.monotonic() < until:
        stop = stop_wished()
        if stop is not None:
            return stop, silent
        _, silent = ray.wait(silent, num_returns=len(silent), timeout=_STEP_S)
    return None, silent


def _problems(
    asked: Mapping[Any, str], silent: Collection[Any], patience_s: float
) -> Iterator[tuple[str, str]]:
    late = f"it does not answer within {patience_s:.0f} s"
    said = {
        node: late if one in silent else _answer(one) for one, node in asked.items()
    }
    alive = {node["NodeID"] for node in ray.nodes() if node["Alive"]}
    for node, problem in said.items():
        if problem and node in alive:  # else it left just now
            yield node, problem


def _answer(answered: Any) -> str:  # noqa: ANN401 - a reference of Ray's
    try:
        return str(ray.get(answered))
    except RayError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        last = lines[-1] if lines else type(error).__name__
        return f"nothing of the suite runs there: {last[:200]}"


# Runs on the machine that is asked.
def _look(needs: _Needs) -> str:
    try:
        return (
            _other_versions(needs.versions)
            or _other_code()
            or (_not_shared(needs.token) if needs.token else "")
            or next(filter(None, map(_wrong_data, needs.data)), "")
        )
    except Exception as problem:  # noqa: BLE001 - whatever it is, a person has to see to it
        return " ".join(f"{type(problem).__name__}: {problem}".split())


def _versions() -> dict[str, str]:
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        **{name: _version(name) for name in _DECIDE_NUMBERS},
    }


# Of one version there are builds for the CPU and for CUDA.
def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package).partition("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _code_here() -> str:
    specs = [importlib.util.find_spec(package) for package in PACKAGES]
    return digest_of_code(
        [Path(spec.origin).parent for spec in specs if spec and spec.origin]
    )


def digest_of_code(packages: Sequence[Path]) -> str:
    """Tell one code from another.

    Args:
        packages: Folders of the packages.

    Returns:
        Eight hexadecimal digits.
    """
    digest = hashlib.sha256()
    for root in packages:
        for file in sorted(root.rglob("*.py")):
            digest.update(file.relative_to(root.parent).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def _other_code() -> str:
    sent, found = os.environ.get(CODE_VARIABLE), _code_here()
    if sent in {None, found}:
        return ""
    return (
        f"it runs another code ({found}) than film sent ({sent}); take the suite that "
        "is installed there off Python's path"
    )


def _other_versions(here: Mapping[str, str]) -> str:
    there = _versions()
    for name, version in here.items():
        if there[name] != version:
            return (
                f"it has another version of {name} ({there[name]}) than where film was "
                f"called ({version}); install the same"
            )
    return ""


def _not_shared(token: Path) -> str:
    store = token.parent.parent
    until = time.monotonic() + _DELAY_S
    while not token.exists():
        if time.monotonic() > until:
            return (
                f"{store} is not the folder that it is where film was called; put the "
                "store on a disk that all machines share, or give --storage"
            )
        time.sleep(0.2)
    if not is_held(token):
        return (
            f"locks in {store} do not reach it, so that two machines could train one "
            "trial; mount it with locks (NFS 4, Lustre: flock), or give --storage"
        )
    mine = token.with_name(f"{token.name}.{secrets.token_hex(4)}")
    try:
        mine.touch()
        mine.unlink()
    except OSError as problem:
        return f"it cannot write to {store}: {problem.strerror}"
    return ""


def _wrong_data(data: _Data) -> str:
    directory = data.directory
    if data.world is not None:
        inside = data.needed.splits.store
        make_here(data.world, directory, processes=n_cores(), store=inside)
    if not directory.is_dir():
        return f"the data are not there: no folder {directory}"
    needed = data.needed
    try:
        found = data_fingerprint(
            directory / needed.splits.store,
            needed.image_input,
            needed.splits.names,
            with_programs=needed.programs,
        )
    except (FilmError, OSError) as problem:
        return f"the data in {directory} cannot be read: {problem}"
    if found != data.fingerprint:
        return (
            f"{directory} holds other data ({found}) than planned ({data.fingerprint})"
        )
    return ""
