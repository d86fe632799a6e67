"""Where Ray keeps its files for as long as a launch lasts."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from runner.store.locks import exclusive, is_held
from runner.store.private import private_folder

__all__ = ["temporary_home"]

_ROOM: Final = Path("/tmp")  # noqa: S108 - a private folder in it; sockets need short paths


@contextmanager
def temporary_home(room: Path | None = None) -> Iterator[Path]:
    """Make a folder that is removed at the end, by whoever comes next at the latest.

    Whoever made one holds its lock; without a holder, it is what a killed launch left.

    Args:
        room: Where this user's are; None is where paths are short.

    Yields:
        The folder.
    """
    homes = private_folder("film", room or _ROOM)
    with ExitStack() as stack:
        with exclusive(homes / "lock"):
            for home in homes.iterdir():
                if home.is_dir() and not is_held(home / "lock"):
                    shutil.rmtree(home, ignore_errors=True)
            own = Path(tempfile.mkdtemp(prefix="", dir=homes))
            stack.enter_context(exclusive(own / "lock"))
        try:
            yield own
        finally:
            shutil.rmtree(own, ignore_errors=True)
