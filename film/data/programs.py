"""The functional programs behind CLEVR's questions.

A program is a list of nodes in topological order; the last node is the question's
outermost function and gives the answer. Written as tokens, a function with a value
reads ``filter_color[red]``.

References:
    Johnson et al., *CLEVR*, CVPR 2017 (functions, question types).
    https://arxiv.org/abs/1612.06890
    Johnson et al., *Inferring and Executing Programs*, ICCV 2017 (prefix order).
    https://arxiv.org/abs/1705.03633
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final, final

from film.errors import DataError

__all__ = [
    "FUNCTION_ARITY",
    "FUNCTION_VALUES",
    "Program",
    "ProgramNode",
    "ProgramOrder",
    "QuestionType",
    "function_type",
    "parse_program",
    "postfix_tokens",
    "prefix_tokens",
    "program_tokens",
    "question_type",
]

_ATTRIBUTES: Final = ("color", "material", "shape", "size")

FUNCTION_ARITY: Final[Mapping[str, int]] = MappingProxyType(
    {
        "scene": 0,
        **{f"filter_{attribute}": 1 for attribute in _ATTRIBUTES},
        **{f"query_{attribute}": 1 for attribute in _ATTRIBUTES},
        **{f"same_{attribute}": 1 for attribute in _ATTRIBUTES},
        "relate": 1,
        "unique": 1,
        "count": 1,
        "exist": 1,
        **{f"equal_{attribute}": 2 for attribute in _ATTRIBUTES},
        "equal_integer": 2,
        "less_than": 2,
        "greater_than": 2,
        "intersect": 2,
        "union": 2,
    }
)
"""How many earlier nodes each function takes as its inputs."""

_COLORS: Final = "blue", "brown", "cyan", "gray", "green", "purple", "red", "yellow"

FUNCTION_VALUES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "filter_color": _COLORS,
        "filter_material": ("metal", "rubber"),
        "filter_shape": ("cube", "cylinder", "sphere"),
        "filter_size": ("large", "small"),
        "relate": ("behind", "front", "left", "right"),
    }
)
"""The values of CLEVR for each function that takes one."""


class QuestionType(StrEnum):
    """What a question asks for: the five types of CLEVR's tables.

    The order of the members is the order of their ids in a store.
    """

    COUNT = "count"
    EXIST = "exist"
    COMPARE_NUMBERS = "compare_numbers"
    QUERY_ATTRIBUTE = "query_attribute"
    COMPARE_ATTRIBUTE = "compare_attribute"


_TYPE_OF_FUNCTION: Final[Mapping[str, QuestionType]] = MappingProxyType(
    {
        "count": QuestionType.COUNT,
        "exist": QuestionType.EXIST,
        "equal_integer": QuestionType.COMPARE_NUMBERS,
        "less_than": QuestionType.COMPARE_NUMBERS,
        "greater_than": QuestionType.COMPARE_NUMBERS,
        **{f"query_{name}": QuestionType.QUERY_ATTRIBUTE for name in _ATTRIBUTES},
        **{f"equal_{name}": QuestionType.COMPARE_ATTRIBUTE for name in _ATTRIBUTES},
    }
)


class ProgramOrder(StrEnum):
    """In which order the nodes of a program are written as tokens."""

    PREFIX = "prefix"
    """The outermost function first, then its inputs; what the papers use."""

    POSTFIX = "postfix"
    """Inputs first, the outermost function last."""

    CHAIN = "chain"
    """As listed; only for programs in which no function has two inputs."""


@final
@dataclass(frozen=True)
class ProgramNode:
    """One function of a program.

    Attributes:
        function: Its name, one of ``FUNCTION_ARITY``.
        inputs: The places of earlier nodes whose results it takes.
        value_inputs: Its literal values: ``("red",)`` for ``filter_color``.
    """

    function: str
    inputs: tuple[int, ...] = ()
    value_inputs: tuple[str, ...] = ()

    @property
    def token(self) -> str:
        """The node as a word of the program vocabulary."""
        if not self.value_inputs:
            return self.function
        return f"{self.function}[{','.join(self.value_inputs)}]"


Program = tuple[ProgramNode, ...]


def parse_program(nodes: Sequence[Mapping[str, object]]) -> Program:
    """Read a program as the released files or the generator write it.

    The release names the function under ``function``, the question generator under
    ``type``; other keys of a node are ignored.

    Args:
        nodes: The ``program`` entry of a question.

    Returns:
        The nodes, in the given order.

    Raises:
        DataError: If the program is empty, or a node has no known function, takes
            another number of inputs or values than its function, or takes the
            result of a node that does not come before it.
    """
    if not nodes:
        raise DataError("the program is empty")
    return tuple(_parse_node(place, node) for place, node in enumerate(nodes))


def question_type(program: Program) -> QuestionType:
    """Tell the type of a question from the last function of its program.

    Args:
        program: The question's program.

    Returns:
        The type.

    Raises:
        DataError: If the program is empty, or its last function answers no
            question.
    """
    if not program:
        raise DataError("the program is empty")
    kind = function_type(program[-1].function)
    if kind is None:
        raise DataError(
            f"the program ends in '{program[-1].function}', which answers no "
            f"question; one of {', '.join(_TYPE_OF_FUNCTION)} was expected"
        )
    return kind


def function_type(function: str) -> QuestionType | None:
    """Tell the type of the questions whose outermost function is this one.

    Args:
        function: A function's name.

    Returns:
        The type; None for a function that answers no question.
    """
    return _TYPE_OF_FUNCTION.get(function)


def prefix_tokens(program: Program) -> list[str]:
    """Write a program with the outermost function first, depth first.

    Args:
        program: A valid program.

    Returns:
        One token per visit of a node; a node used twice is written twice.
    """
    return [node.token for node in _visit(program, len(program) - 1)]


def postfix_tokens(program: Program) -> list[str]:
    """Write a program with every function after its inputs.

    Args:
        program: A valid program.

    Returns:
        One token per visit of a node; a node used twice is written twice.
    """
    return [node.token for node in _visit(program, len(program) - 1, inputs_first=True)]


def program_tokens(program: Program, order: ProgramOrder) -> list[str]:
    """Write a program in the given order.

    Args:
        program: A valid program.
        order: Prefix, postfix, or as listed.

    Returns:
        The tokens, without the special ones.

    Raises:
        DataError: If a chain is wanted and a function has two inputs.
    """
    match order:
        case ProgramOrder.PREFIX:
            return prefix_tokens(program)
        case ProgramOrder.POSTFIX:
            return postfix_tokens(program)
        case ProgramOrder.CHAIN:
            for node in program:
                if len(node.inputs) > 1:
                    raise DataError(
                        f"the program is no chain: '{node.function}' has "
                        f"{len(node.inputs)} inputs; write it in prefix order"
                    )
            return [node.token for node in program]


def _visit(
    program: Program, place: int, *, inputs_first: bool = False
) -> Iterator[ProgramNode]:
    node = program[place]
    if not inputs_first:
        yield node
    for below in node.inputs:
        yield from _visit(program, below, inputs_first=inputs_first)
    if inputs_first:
        yield node


def _parse_node(place: int, node: Mapping[str, object]) -> ProgramNode:
    function = node.get("function", node.get("type"))
    where = f"program node {place}"
    if function is None:
        raise DataError(f"{where} names no function: no key 'function' or 'type'")
    if not isinstance(function, str) or function not in FUNCTION_ARITY:
        raise DataError(f"{where} has the unknown function {function!r}")
    where = f"{where} ({function})"
    inputs = _parse_inputs(where, place, node.get("inputs", ()))
    _check_number(where, "inputs", len(inputs), FUNCTION_ARITY[function])
    values = _parse_values(where, node.get("value_inputs", ()))
    _check_number(where, "values", len(values), int(function in FUNCTION_VALUES))
    return _shared_node(function, inputs, values)


@lru_cache(maxsize=65536)
def _shared_node(
    function: str, inputs: tuple[int, ...], values: tuple[str, ...]
) -> ProgramNode:
    # Ten million nodes of CLEVR's training programs are a few thousand different.
    return ProgramNode(function, inputs, values)


def _parse_inputs(where: str, place: int, inputs: object) -> tuple[int, ...]:
    if not isinstance(inputs, (list, tuple)):
        raise DataError(f"{where}: 'inputs' is {inputs!r}, not a list")
    for given in inputs:
        if isinstance(given, bool) or not isinstance(given, int):
            raise DataError(f"{where}: input {given!r} is not a whole number")
        if not 0 <= given < place:
            raise DataError(
                f"{where} takes the result of node {given}, which does not come "
                "before it"
            )
    return tuple(inputs)


def _parse_values(where: str, values: object) -> tuple[str, ...]:
    if not isinstance(values, (list, tuple)):
        raise DataError(f"{where}: 'value_inputs' is {values!r}, not a list")
    for given in values:
        if not isinstance(given, str):
            raise DataError(f"{where}: value {given!r} is not a string")
    return tuple(values)


def _check_number(where: str, what: str, given: int, wanted: int) -> None:
    if given != wanted:
        raise DataError(f"{where} has {given} {what}, and takes {wanted}")
