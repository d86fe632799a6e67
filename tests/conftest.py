"""What every test may ask for."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: the workers share cores

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the reference material beside the project, or skip: users lack it."""
    folder = Path(os.environ.get("FILM_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no reference material at {folder} (set FILM_SHARED)")
    return folder
