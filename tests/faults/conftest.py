"""The undisturbed run, made once, also for several workers of pytest."""

import fcntl
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))  # the suite is a package: `python -m tests.faults`

from tests.faults.ground import Ground, lay_ground  # noqa: E402 - see above


@pytest.fixture(autouse=True)
def heard_hanging_up() -> Iterator[None]:
    """Let launches hear of closed terminals, also where this runs under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture(scope="session")
def ground(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Ground:
    base = tmp_path_factory.getbasetemp()
    is_one_of_many = hasattr(request.config, "workerinput")
    root = (base.parent if is_one_of_many else base) / "ground"
    root.mkdir(exist_ok=True)
    with (root / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return Ground.at(root) or lay_ground(root)
