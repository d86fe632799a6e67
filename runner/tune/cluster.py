"""Where trials run: Ray, started on this machine, or a cluster that is there."""

import gc
import importlib.util
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import ray
from ray.exceptions import RayError

from runner.errors import LaunchError
from runner.hanging_up import hanging_up_deferred
from runner.sweeping.machines import Machine
from runner.sweeping.workers import Workers
from runner.tune.address import check_address, find_address
from runner.tune.homes import temporary_home
from runner.tune.interruption import sigterm_kept
from runner.tune.nodes import CODE_VARIABLE, PACKAGES, digest_of_code
from runner.versions import VERSION_VARIABLE, suite_version

__all__ = ["cluster_machines", "connected"]

_OBJECT_STORE_BYTES: Final = 100 * 2**20
# What workers elsewhere must know too. Nothing here is a secret.
_PASSED_ON: Final = (
    "RAY_CHDIR_TO_TRIAL_DIR",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO",
    "TUNE_FUNCTION_THREAD_TIMEOUT_S",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
)


@contextmanager
def connected(workers: Workers) -> Iterator[Path]:
    """Start Ray, or join a cluster, for as long as the context lasts.

    A cluster that was there before is there afterwards.

    Args:
        workers: What may be used, and where it is.

    Yields:
        A folder of this machine that Tune may write to, and that is removed.
    """
    with temporary_home() as home:
        try:
            with sigterm_kept(), hanging_up_deferred():
                if workers.address is None:
                    _start(workers, home)
                else:
                    _join(workers.address, _shipped(home))
            yield home / "tune"
        finally:
            _leave()


def cluster_machines(address: str) -> tuple[Machine, ...]:
    """Ask a cluster what its machines offer.

    Args:
        address: ``HOST:PORT`` of its head, or ``auto``.

    Returns:
        The machines that are up.
    """
    try:
        with sigterm_kept():
            _join(address, {})  # nothing will run
        return tuple(
            Machine(
                name=node["NodeManagerHostname"],
                cpus=int(node["Resources"].get("CPU", 0)),
                gpus=int(node["Resources"].get("GPU", 0)),
            )
            for node in ray.nodes()
            if node["Alive"]
        )
    finally:
        _leave()


# Where Python's collector, in whatever thread, meets a reference of Ray's while Ray
# shuts down, Ray ends the process ("core worker has already been shutdown").
def _leave() -> None:
    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        ray.shutdown()
    finally:
        if was_enabled:
            gc.enable()


def _start(workers: Workers, home: Path) -> None:
    def init() -> None:
        ray.init(
            address="local",  # else it joins any cluster that it finds
            num_cpus=workers.jobs,
            num_gpus=workers.n_gpus,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.CRITICAL,
            object_store_memory=_OBJECT_STORE_BYTES,
            _temp_dir=str(home),
        )

    try:
        init()
    except Exception:  # noqa: BLE001 - of a slow start on a busy machine, there are many
        ray.shutdown()
        try:
            init()
        except Exception as error:
            why = " ".join(str(error).split())
            raise LaunchError(f"Ray does not start on this machine: {why}") from error


# What there is of CPUs, GPUs and memory was said when the cluster was started.
def _join(address: str, runtime_env: dict[str, Any]) -> None:
    where = find_address(address)
    check_address(where)
    try:
        ray.init(
            address=where,
            runtime_env=runtime_env,
            log_to_driver=False,
            logging_level=logging.CRITICAL,
        )
    except (RuntimeError, OSError, ValueError, RayError) as error:
        ray.shutdown()
        why = " ".join(str(error).split())
        raise LaunchError(
            f"--address {where}: Ray does not let us join: {why}"
        ) from None


# The code that runs is the one that plans, whatever is installed elsewhere, and
# whatever is done to these files while they are sent.
def _shipped(home: Path) -> dict[str, Any]:
    variables = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    copies = [home / "code" / package for package in PACKAGES]
    for copy in copies:
        no_caches = shutil.ignore_patterns("__pycache__")
        shutil.copytree(_folder_of(copy.name), copy, ignore=no_caches)
    return {
        "working_dir": str(home / "code"),  # else Ray prefers our current folder
        "env_vars": {
            **variables,
            VERSION_VARIABLE: suite_version() or "",
            CODE_VARIABLE: digest_of_code(copies),
        },
    }


def _folder_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise LaunchError(f"the package {package} is not where Python looks")
    return Path(spec.origin).parent
