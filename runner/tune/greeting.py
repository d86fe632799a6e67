"""Start Ray as a sweep does, run one task, and say how long that took."""

import os
import time

import ray

from runner.sweeping.workers import Workers
from runner.tune.cluster import connected

__all__ = ["greet"]


def greet() -> float:
    """Start Ray on this machine and let a worker answer.

    Returns:
        Seconds until it did.
    """
    start = time.perf_counter()
    with connected(Workers(jobs=1)):
        asked = ray.remote(num_cpus=1)(_answer).remote()
        assert ray.get(asked) != os.getpid(), "a worker is another process"  # noqa: S101 - Ray's promise
        return time.perf_counter() - start


def _answer() -> int:
    return os.getpid()


if __name__ == "__main__":
    os.write(1, f"{greet():.1f}\n".encode())
