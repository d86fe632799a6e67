"""What can stop a report, said in one line."""

from film.errors import FilmError

__all__ = ["ReportError"]


class ReportError(FilmError):
    """The record of a study cannot be read, or its report cannot be written."""
