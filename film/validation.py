"""Turn pydantic's account of a wrong setting into one line a user can act on."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

__all__ = ["nearest", "validation_line"]


def nearest(given: str, choices: Iterable[str]) -> str:
    """Suggest what a misspelt name may have meant.

    Args:
        given: What the user wrote.
        choices: What there is.

    Returns:
        A phrase to append to a message: ``; did you mean 'x'?`` or nothing.
    """
    found = difflib.get_close_matches(str(given), list(choices), n=1)
    return f"; did you mean '{found[0]}'?" if found else ""


def validation_line(error: ValidationError, root: type[BaseModel]) -> str:
    """Say in one line what the first problem of a validation is.

    Args:
        error: What pydantic raised.
        root: The model that was validated, to suggest names from.

    Returns:
        ``where: what was wrong, what would do``, and how many more there are.
    """
    problems = error.errors()
    first = max(problems, key=_tells)
    parts = [
        str(part)
        for part in first["loc"]
        if not (isinstance(part, str) and _is_branch(part))
    ]
    line = _explain(first["type"], first, parts, root)
    if parts and not line.startswith(f"{parts[0]}."):  # else it says where itself
        line = f"{'.'.join(parts)}: {line}"
    more = len({problem["loc"][:1] for problem in problems}) - 1
    return line + (f" (and {more} more)" if more > 0 else "")


# A misspelt key tells more than the one that is missing for it, and a problem deep in
# one branch of a union more than that another branch was not taken.
def _tells(problem: Mapping[str, Any]) -> tuple[bool, int]:
    return problem["type"] == "extra_forbidden", len(problem["loc"])


# Pydantic labels the branches of a union; these are not keys that a user wrote.
def _is_branch(part: str) -> bool:
    return part.startswith(("literal[", "tuple[", "function-", "constrained-"))


def _explain(
    kind: str, problem: Mapping[str, Any], parts: list[str], root: type[BaseModel]
) -> str:
    given = problem.get("input")
    context = problem.get("ctx", {})
    match kind:
        case "extra_forbidden":
            siblings = _fields_at(root, parts[:-1])
            known = f"; there are {', '.join(sorted(siblings))}" if siblings else ""
            return "no such setting" + (nearest(parts[-1], siblings) or known)
        case "missing":
            return "is missing"
        case "enum" | "literal_error":
            return f"got {given!r}; choose {context['expected']}"
        case "value_error":
            return str(context["error"])
        case _:
            text = problem["msg"].removeprefix("Input should be ")
            return f"got {given!r}, should be {text}"


# The settings of the (nested) model that a path leads to.
def _fields_at(root: type[BaseModel], parts: list[str]) -> list[str]:
    model: Any = root
    for part in parts:
        field = getattr(model, "model_fields", {}).get(part)
        if field is None:
            return []
        model = field.annotation
    return list(getattr(model, "model_fields", {}))
