"""What can stop a launch, said in one line."""

from film.errors import FilmError

__all__ = ["BusyError", "LaunchError", "TrackingError"]


class LaunchError(FilmError):
    """A launch was asked for that cannot be made."""


class BusyError(LaunchError):
    """Someone else is at it already."""


class TrackingError(FilmError):
    """An MLflow store cannot be used."""
