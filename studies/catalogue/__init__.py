"""Studies that come with the suite, one readable file each."""

from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final

from film.validation import nearest
from studies.errors import StudyError
from studies.study import Study
from studies.study_file import read_study

__all__ = ["RENAMED", "catalogue", "find_study"]

RENAMED: Final = MappingProxyType(
    {"paper-table2": "architecture", "paper-table3": "depth"}
)
"""What studies are called now, by the name that they had."""


def catalogue() -> dict[str, Path]:
    """List the studies that come with the suite.

    Returns:
        Their files by name, in alphabetical order.
    """
    folder = Path(str(resources.files("studies.catalogue")))
    paths = sorted(folder.glob("*.yaml"), key=lambda path: path.stem)
    return {path.stem: path for path in paths}


def find_study(name: str) -> Study:
    """Find a study by its name in the catalogue, or by its file.

    Args:
        name: ``quick``, or a path such as ``./my-study.yaml``.

    Returns:
        The study.

    Raises:
        StudyError: There is neither.
    """
    known = catalogue()
    if name in known:
        return read_study(known[name])
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return read_study(Path(name))
    if name in RENAMED:
        raise StudyError(f"the study '{name}' is called '{RENAMED[name]}' now")
    raise StudyError(
        f"no study is named '{name}'{nearest(name, known)} "
        f"(`film list` shows {len(known)}; a file's name ends in .yaml)"
    )
