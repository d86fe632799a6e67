"""Which suite this is."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["suite_version"]


def suite_version() -> str | None:
    """Name the installed version of the suite.

    Returns:
        Such as ``0.1.0``; None for a checkout that is used without being installed.
    """
    try:
        return version("film-ablations")
    except PackageNotFoundError:
        return None
