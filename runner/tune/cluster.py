"""Where trials run: Ray, started on this machine."""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import ray

from runner.workers import Workers

__all__ = ["connected"]

_OBJECT_STORE_BYTES: Final = 100 * 2**20
_SHORT_TEMPORARY: Final = "/tmp"  # noqa: S108 - mkdtemp beneath it; sockets need short paths


@contextmanager
def connected(workers: Workers) -> Iterator[Path]:
    """Start Ray for as long as the context lasts.

    Args:
        workers: What it may use.

    Yields:
        A folder that Tune may write to, and that is removed.
    """
    home = Path(tempfile.mkdtemp(prefix="film-", dir=_SHORT_TEMPORARY))
    try:
        _start(workers, home)
        yield home / "tune"
    finally:
        ray.shutdown()
        shutil.rmtree(home, ignore_errors=True)


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
    except (RuntimeError, OSError, ConnectionError):  # a slow start, on a busy machine
        ray.shutdown()
        init()
