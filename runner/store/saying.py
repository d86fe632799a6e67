"""An error as a record says it: in one line."""

from film.errors import DivergedError
from runner.store.files import is_disk_full

__all__ = ["one_line"]


def one_line(problem: Exception) -> str:
    """Say an error as a record does.

    Args:
        problem: The error.

    Returns:
        Its message, with its kind where it is not the suite's own.
    """
    if is_disk_full(problem):
        return f"{_full(problem)}; free some (`film gc`), and it goes on when run again"
    text = " ".join(str(problem).split())
    return text if isinstance(problem, DivergedError) else f"{_kind(problem)}{text}"


def _full(problem: Exception) -> str:
    where = getattr(problem, "filename", None)
    return f"the disk is full ({where})" if where else "the disk is full"


def _kind(problem: Exception) -> str:
    is_ours = type(problem).__module__.partition(".")[0] in {"film", "studies"}
    return "" if is_ours else f"{type(problem).__name__}: "
