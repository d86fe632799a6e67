"""Names that may become paths: whatever is read back is held against them."""

import re
from typing import Final

__all__ = ["IMPORTED", "is_imported", "is_study_name", "is_trial_id"]

IMPORTED: Final = "imported-"
"""What the names of models begin with that were trained elsewhere."""

_STUDY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")  # as study files say it
_TRIAL: Final = re.compile(r"[0-9a-f]{16}")


def is_study_name(name: object) -> bool:
    """Tell whether something can be the name of a study.

    Args:
        name: Whatever was read.

    Returns:
        Whether it is small letters, digits and hyphens.
    """
    return isinstance(name, str) and _STUDY.fullmatch(name) is not None


def is_trial_id(name: object) -> bool:
    """Tell whether something can be the identity of a trial.

    Args:
        name: Whatever was read.

    Returns:
        Whether it is sixteen hexadecimal digits.
    """
    return isinstance(name, str) and _TRIAL.fullmatch(name) is not None


def is_imported(name: object) -> bool:
    """Tell whether something can be the name of a model that was trained elsewhere.

    Args:
        name: Whatever was read.

    Returns:
        Whether it is ``imported-`` and small letters, digits and hyphens.
    """
    if not isinstance(name, str) or not name.startswith(IMPORTED):
        return False
    return is_study_name(name.removeprefix(IMPORTED))
