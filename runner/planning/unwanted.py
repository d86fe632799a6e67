"""What was computed for a study that it no longer wants: left alone, and named."""

from collections.abc import Sequence

from film.errors import FilmError
from runner.planning.request import Choice, LeftOver, Request
from runner.store.launches import Launch
from runner.store.workspace import Workspace
from studies.catalogue import catalogue

__all__ = ["find_left_over", "said_of"]


def find_left_over(launch: Launch, workspace: Workspace) -> tuple[LeftOver, ...]:
    """Find what is recorded of a study, and not wanted by its file as it is now.

    Args:
        launch: What was last asked of the study.
        workspace: The store.

    Returns:
        Counts by row and reason; nothing where the file is gone or being edited.
    """
    is_ours = launch.study in catalogue() and launch.file == "catalogue"
    is_kept = not launch.file  # it was imported: its file lies in the store
    name = launch.study if is_ours or is_kept else launch.file
    try:
        request = Request.of(name, Choice(), None, workspace, needs_data=False)
    except (FilmError, OSError):
        return ()
    return request.left_over() if request.study.name == launch.study else ()


def said_of(left_over: Sequence[LeftOver]) -> str:
    """Name runs that are left alone, in one line.

    Args:
        left_over: At least one.

    Returns:
        The line.
    """
    named = "; ".join(
        f"{one.row} ({one.runs} run{'' if one.runs == 1 else 's'}, {one.why})"
        for one in left_over
    )
    return f"recorded and not wanted, so left alone: {named}"
