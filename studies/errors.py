"""What can be wrong with a study."""

from film.errors import FilmError

__all__ = ["StudyError"]


class StudyError(FilmError):
    """A study is unknown, or its file is not one."""
