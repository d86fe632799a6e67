"""Whether Python, the packages and torch are those that the suite was made for."""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from runner.doctor.finding import Finding, fail, ok, warning

__all__ = ["check_packages", "check_python", "check_torch"]

_SUITE: Final = "film-ablations"
_SHOWN: Final = ("torch", "ray", "mlflow", "numpy", "pandas", "h5py")
_PATIENCE_S: Final = 120
# In a process of its own: a broken build of torch may take its process down.
_ASK_TORCH: Final = """
import json, torch
n = torch.cuda.device_count() if torch.cuda.is_available() else 0
print(json.dumps({
    "version": torch.__version__,
    "cuda": torch.version.cuda,
    "gpus": [torch.cuda.get_device_name(i) for i in range(n)],
    "threads": torch.get_num_threads(),
}))
"""


def check_python(running: str = platform.python_version()) -> Iterator[Finding]:
    """See whether this Python will do.

    Args:
        running: Its version.

    Yields:
        What was found.
    """
    try:
        wanted = metadata(_SUITE)["Requires-Python"]
    except PackageNotFoundError:
        yield warning(
            "the suite is used without being installed: its needs are not known",
            "`make install`, or `pip install -e .`",
        )
        return
    where = f"Python {running} ({sys.executable})"
    if SpecifierSet(wanted).contains(running):
        yield ok(where)
    else:
        yield fail(
            f"{where}, but the suite needs {wanted}",
            "make the environment anew: `make clean; make install PYTHON=python3.11`",
        )


def check_packages(wanted: list[str] | None = None) -> Iterator[Finding]:
    """See whether every package is there, in a version that will do.

    Args:
        wanted: Requirements, as in pyproject.toml; None is the suite's own.

    Yields:
        What was found.
    """
    if wanted is None:
        try:
            wanted = requires(_SUITE) or []
        except PackageNotFoundError:
            return  # said above
    needed = [one for one in map(Requirement, wanted) if _applies(one)]
    bad = [finding for one in needed for finding in _missing(one)]
    yield from bad
    if not bad:
        shown = ", ".join(f"{name} {_version(name)}" for name in _SHOWN)
        yield ok(f"{len(needed)} packages in the ranges of pyproject.toml; {shown}")


def _applies(requirement: Requirement) -> bool:
    marker = requirement.marker
    return marker is None or marker.evaluate({"extra": ""})


def _missing(requirement: Requirement) -> Iterator[Finding]:
    remedy = f"`pip install '{requirement.name}{requirement.specifier}'`"
    found = _version(requirement.name)
    if found is None:
        yield fail(f"{requirement.name} is not installed", remedy)
    elif not requirement.specifier.contains(found, prereleases=True):
        wanted = requirement.specifier
        yield fail(f"{requirement.name} is {found}, and has to be {wanted}", remedy)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def check_torch(devices: Path = Path("/dev")) -> Iterator[Finding]:
    """See whether torch works, and sees the GPUs that there are.

    Args:
        devices: Where Linux shows them.

    Yields:
        What was found.
    """
    ended = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", _ASK_TORCH],
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    if ended.returncode:
        last = ended.stderr.strip().splitlines()[-1:] or [f"code {ended.returncode}"]
        yield fail(f"torch cannot be used: {last[0]}", "`make install` installs it")
        return
    yield from _judged(json.loads(ended.stdout), devices)


def _judged(said: dict[str, Any], devices: Path) -> Iterator[Finding]:
    n_devices = len(list(devices.glob("nvidia[0-9]*")))
    torch = f"torch {said['version']}"
    threads = f"{said['threads']} thread{'' if said['threads'] == 1 else 's'}"
    if said["gpus"]:
        yield ok(f"{torch}: {', '.join(said['gpus'])}, {threads}")
    elif not n_devices:
        yield ok(f"{torch}: no GPU here, {threads}")
    elif said["cuda"] is None:
        yield warning(
            f"{torch} is built for CPUs, and there are {n_devices} GPUs",
            "install torch with CUDA (https://pytorch.org), or take --device cpu",
        )
    else:
        yield warning(
            f"{torch} (CUDA {said['cuda']}) sees none of {n_devices} GPUs",
            "look at nvidia-smi, the driver's version and CUDA_VISIBLE_DEVICES",
        )
