"""Turn pydantic's account of a wrong setting into one line a user can act on."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

__all__ = ["nearest", "validation_line"]

_LABELS = ("literal[", "tuple[", "list[", "function-", "constrained-")


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
    parts = _path(first)
    line = _explain(first["type"], first, parts, root)
    if parts and not line.startswith(f"{parts[0]}."):  # else it says where itself
        line = f"{'.'.join(parts)}: {line}"
    more = len({tuple(_path(problem)) for problem in problems}) - 1
    return line + (f" (and {more} more)" if more > 0 else "")


# A misspelt key tells more than the one that is missing for it, and a problem deep in
# one branch of a union more than that another branch was not taken.
def _tells(problem: Mapping[str, Any]) -> tuple[bool, int]:
    return problem["type"] == "extra_forbidden", len(problem["loc"])


# Where a problem is, in keys that a user wrote: pydantic also labels the branches of a
# union and the keys of a mapping.
def _path(problem: Mapping[str, Any]) -> list[str]:
    return [
        str(part) if str(part).isprintable() else repr(part)
        for part in problem["loc"]
        if not (isinstance(part, str) and part.startswith(_LABELS))
        and part not in {"int", "[key]"}
    ]


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
        case "string_type" if "[key]" in problem["loc"]:
            return f"got {given!r} as a name; put it in quotes"
        case _:
            said = problem["msg"].removeprefix("Input ").removeprefix("String ")
            verb = "" if said.startswith("should ") else "should be "
            return f"got {given!r}, {verb}{said}"


# The settings of the (nested) model that a path leads to.
def _fields_at(root: type[BaseModel], parts: list[str]) -> list[str]:
    model: Any = root
    for part in parts:
        field = getattr(model, "model_fields", {}).get(part)
        if field is None:
            return []
        options = (field.annotation, *get_args(field.annotation))  # X, or X | None
        model = next((o for o in options if hasattr(o, "model_fields")), None)
    return list(getattr(model, "model_fields", {}))
