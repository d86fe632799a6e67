"""What the machine has for a sweep: cores, memory, disk, files, ports."""

import os
import resource
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from film.data.memory import free_bytes
from runner.doctor.finding import Finding, fail, ok, warning
from runner.quantities import memory
from runner.sweeping.workers import n_cores

__all__ = [
    "check_cores",
    "check_disk",
    "check_limits",
    "check_memory",
    "check_ports",
    "existing",
]

_CGROUPS: Final = Path("/sys/fs/cgroup")
_RAY_BYTES: Final = 600 * 2**20  # its own processes
_WORKER_BYTES: Final = 400 * 2**20  # with torch, before any data
_LITTLE_DISK: Final = 2 * 2**30
_NO_DISK: Final = 300 * 2**20
_FEW_FILES: Final = 1024
_SHARED: Final = Path("/dev/shm")  # noqa: S108 - Ray's, looked at and not written to
_SHARED_BYTES: Final = 100 * 2**20
_UI_PORT: Final = 5000
_HOST: Final = "127.0.0.1"


def check_cores(cgroups: Path = _CGROUPS) -> Iterator[Finding]:
    """Count cores, and what a container may use of them.

    Args:
        cgroups: Where Linux shows the limits of a container.

    Yields:
        What was found.
    """
    seen = n_cores()
    quota = _quota(cgroups)
    if quota is not None and quota < seen:
        jobs = max(1, int(quota))
        yield warning(
            f"{seen} cores are seen, but this container may use {quota:g}",
            f"give -j {jobs}: more trials at once only wait for each other",
        )
    else:
        load = os.getloadavg()[0]
        noun = "core" if seen == 1 else "cores"
        yield ok(f"{seen} {noun}; {load:.1f} processes want one now")


def _quota(cgroups: Path) -> float | None:
    pairs = (
        (cgroups / "cpu.max", None),
        (cgroups / "cpu/cpu.cfs_quota_us", cgroups / "cpu/cpu.cfs_period_us"),
    )
    for first, second in pairs:
        try:
            words = first.read_text(encoding="ascii").split()
            if second is not None:
                words += second.read_text(encoding="ascii").split()
            quota, period = map(int, words)
        except (OSError, ValueError):  # no such limit, or the word "max"
            continue
        if quota > 0 < period:
            return quota / period
    return None


def check_memory(free: int | None = None) -> Iterator[Finding]:
    """See for how many trials at once there is memory.

    Args:
        free: Bytes; None asks the machine.

    Yields:
        What was found.
    """
    free = free_bytes() if free is None else free
    jobs = max(0, (free - _RAY_BYTES) // _WORKER_BYTES)
    needs = (
        f"Ray takes about {memory(_RAY_BYTES)}, and a trial "
        f"{memory(_WORKER_BYTES)} before any data"
    )
    if not jobs:
        yield fail(f"{memory(free)} of memory are free", needs)
    elif jobs < n_cores():
        noun = "trial" if jobs == 1 else "trials"
        yield warning(
            f"{memory(free)} of memory are free: room for {jobs} {noun} at once",
            f"give -j {jobs} or fewer; {needs}",
        )
    else:
        yield ok(f"{memory(free)} of memory are free")


def check_disk(store: Path) -> Iterator[Finding]:
    """See whether there is room where results and temporary files go.

    Args:
        store: The store's folder.

    Yields:
        What was found.
    """
    for what, path in (
        ("the store", existing(store)),
        ("temporary files", Path(tempfile.gettempdir())),
    ):
        yield _room(what, path)
        yield from _inodes(what, path)
    if _SHARED.is_dir() and shutil.disk_usage(_SHARED).free < _SHARED_BYTES:
        yield warning(
            f"{memory(shutil.disk_usage(_SHARED).free)} are free in {_SHARED}",
            "Ray then keeps its objects on disk; in Docker, give --shm-size=1g",
        )


def _room(what: str, path: Path) -> Finding:
    free = shutil.disk_usage(path).free
    said = f"{memory(free)} are free for {what} ({path})"
    if free < _NO_DISK:
        return fail(said, "make room: `film gc` says what of the store could go")
    if free < _LITTLE_DISK:
        return warning(said, "`film plan STUDY` says what a study takes")
    return ok(said)


def _inodes(what: str, path: Path) -> Iterator[Finding]:
    said = os.statvfs(path)
    if said.f_files and said.f_favail < _FEW_FILES:
        yield fail(
            f"only {said.f_favail} more files fit where {what} are ({path})",
            "remove files there, however small: it has run out of inodes",
        )


def existing(path: Path) -> Path:
    """Find the folder in which a path would be made.

    Args:
        path: Which need not exist.

    Returns:
        It, or the nearest folder above it that exists.
    """
    return next(one for one in (path, *path.parents) if one.exists())


def check_limits() -> Iterator[Finding]:
    """See whether this user may open files and start processes.

    Yields:
        What was found.
    """
    files, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    processes, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    bad = False
    if 0 <= files < _FEW_FILES:
        bad = True
        more = "unlimited" if most_files < 0 else most_files
        yield warning(f"{files} files may be open at once", f"`ulimit -n {more}`")
    if 0 <= processes < _FEW_FILES:
        bad = True
        yield warning(
            f"{processes} processes and threads may run at once",
            "Ray starts hundreds: raise `ulimit -u`",
        )
    if not bad:
        shown = "any number of" if files < 0 else f"{files:,}"
        yield ok(f"{shown} files may be open at once")


def check_ports(wanted: int = _UI_PORT) -> Iterator[Finding]:
    """See whether processes of this machine can speak with each other.

    Args:
        wanted: The port at which `film ui` serves.

    Yields:
        What was found.
    """
    try:
        with socket.create_server((_HOST, 0)) as server:
            address = server.getsockname()
            with socket.create_connection(address, timeout=5):
                pass
    except OSError as error:
        yield fail(
            f"{_HOST} cannot be spoken to: {error}",
            "Ray and MLflow need it; is the loopback interface up?",
        )
        return
    proxied = [name for name in ("http_proxy", "HTTP_PROXY") if os.environ.get(name)]
    spared = os.environ.get("no_proxy", os.environ.get("NO_PROXY", ""))
    if proxied and not {_HOST, "localhost", "*"} & set(spared.split(",")):
        yield warning(
            f"{proxied[0]} is set, and no_proxy does not spare {_HOST}",
            f"`export no_proxy={_HOST},localhost`, or servers here are not found",
        )
    yield _port(wanted)


def _port(wanted: int) -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, wanted))
        except OSError:
            return warning(
                f"port {wanted} of {_HOST} is taken",
                "`film ui` takes another one by itself, or give --port",
            )
    return ok(f"{_HOST} answers, and port {wanted} for `film ui` is free")
