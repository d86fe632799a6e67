"""Which suite this is."""

import os
from importlib.metadata import PackageNotFoundError, version
from typing import Final

__all__ = ["VERSION_VARIABLE", "suite_version"]

VERSION_VARIABLE: Final = "FILM_SUITE_VERSION"  # set where the code was sent to


def suite_version() -> str | None:
    """Name the version of the suite that runs.

    Returns:
        Such as ``0.1.0``; None for a checkout that is used without being installed.
    """
    sent = os.environ.get(VERSION_VARIABLE)
    if sent is not None:
        return sent or None
    try:
        return version("film-ablations")
    except PackageNotFoundError:
        return None
