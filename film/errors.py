"""What a user can get wrong, said in one line."""

__all__ = [
    "AnalysisError",
    "ConfigError",
    "DataError",
    "DivergedError",
    "FilmError",
    "TrainingError",
]


class FilmError(Exception):
    """Base of every mistake that is the user's and not ours.

    The message is one line: what was wrong, where, and what would do. The
    command line prints it without a traceback.
    """


class ConfigError(FilmError):
    """A setting is unknown, of the wrong kind, or contradicts another."""


class DataError(FilmError):
    """A file of the data is missing, broken or inconsistent."""


class TrainingError(FilmError):
    """Training cannot start or go on, for instance from a foreign checkpoint."""


class AnalysisError(FilmError):
    """A run has nothing of what is to be looked at, or was not looked at yet."""


class DivergedError(TrainingError):
    """The loss is no longer a number."""
