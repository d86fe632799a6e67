"""Layouts of N2NMN: which modules answer a question, in reverse Polish notation.

A layout follows from CLEVR's program, read from the pictures to the answer:

=============================================  =========================================
function of the program                        module of the layout
=============================================  =========================================
``scene``                                      ``Scene``
filters, one or several, right after it        one ``Find`` in the place of all of them
other filters, one or several in a row         one ``Filter``
``relate``                                     ``Transform``
``same_…``                                     ``FindSameProperty``
``unique``                                     nothing
``intersect``, ``union``                       ``And``, ``Or``
``exist``, ``count``, ``query_…``              ``Exist``, ``Count``, ``Describe``
``equal_integer`` with both counts before it   ``EqualNum``
``greater_than``, ``less_than``, likewise      ``MoreNum``, ``LessNum``
``equal_color`` …, with both queries before    ``SameProperty``
=============================================  =========================================

Which attribute or direction is meant is not in a layout: the words that a module
attends to say it.

References:
    Hu et al., *Learning to Reason: End-to-End Module Networks for Visual Question
    Answering*, ICCV 2017, Section 4.2, https://arxiv.org/abs/1704.05526; the rules of
    the table are those of their code, https://github.com/ronghanghu/n2nmn.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from film.data.programs import FUNCTION_ARITY
from film.model.baselines.agenda import Node, Nodes

__all__ = [
    "ANSWERS",
    "INPUTS",
    "MODULES",
    "Module",
    "layout_nodes",
    "layout_of",
    "steps_to_end",
]


class Module(StrEnum):
    """What a layout is made of; numbers are places in this list, from 1."""

    SCENE = "Scene"
    FIND = "Find"
    FILTER = "Filter"
    FIND_SAME_PROPERTY = "FindSameProperty"
    TRANSFORM = "Transform"
    AND = "And"
    OR = "Or"
    EXIST = "Exist"
    COUNT = "Count"
    EQUAL_NUM = "EqualNum"
    MORE_NUM = "MoreNum"
    LESS_NUM = "LessNum"
    SAME_PROPERTY = "SameProperty"
    DESCRIBE = "Describe"


MODULES: Final = tuple(Module)

INPUTS: Final[Mapping[Module, int]] = MappingProxyType(
    {
        **dict.fromkeys(MODULES, 1),
        **dict.fromkeys((Module.SCENE, Module.FIND), 0),
        **dict.fromkeys((Module.AND, Module.OR), 2),
        **dict.fromkeys((Module.EQUAL_NUM, Module.MORE_NUM, Module.LESS_NUM), 2),
        Module.SAME_PROPERTY: 2,
    }
)
"""How many attention maps each module takes."""

ANSWERS: Final = frozenset(MODULES[MODULES.index(Module.EXIST) :])
"""The modules that answer and end a layout; the others give an attention map."""

_ATTRIBUTES: Final = ("color", "material", "shape", "size")
_MODULE_OF: Final[Mapping[str, Module]] = MappingProxyType(
    {
        "scene": Module.SCENE,
        "relate": Module.TRANSFORM,
        "intersect": Module.AND,
        "union": Module.OR,
        "exist": Module.EXIST,
        "count": Module.COUNT,
        "equal_integer": Module.EQUAL_NUM,
        "greater_than": Module.MORE_NUM,
        "less_than": Module.LESS_NUM,
        **{f"filter_{one}": Module.FILTER for one in _ATTRIBUTES},
        **{f"same_{one}": Module.FIND_SAME_PROPERTY for one in _ATTRIBUTES},
        **{f"equal_{one}": Module.SAME_PROPERTY for one in _ATTRIBUTES},
        **{f"query_{one}": Module.DESCRIBE for one in _ATTRIBUTES},
    }
)
_COMPARES_ANSWERS: Final = frozenset({m for m in ANSWERS if INPUTS[m] > 1})


def layout_of(program: Sequence[str]) -> tuple[Module, ...] | None:
    """Translate a program.

    Args:
        program: Its tokens in prefix order.

    Returns:
        Modules in reverse Polish notation; None where the program is no whole one, or
        takes an answer for a set of objects.
    """
    tokens = iter(program)
    modules = tuple(_written(tokens, is_compared=False))
    is_whole = next(tokens, None) is None
    return modules if is_whole and _is_valid(modules) else None


def layout_nodes(layouts: Sequence[Sequence[int]]) -> Nodes:
    """Find the modules of valid layouts and what they take.

    Args:
        layouts: Numbers of modules, padded with 0.

    Returns:
        The modules.
    """
    nodes: list[Node] = []
    last: list[int] = []
    for question, layout in enumerate(layouts):
        stack: list[int] = []
        for step, kind in enumerate(layout):
            if kind == 0:
                break
            n_inputs = INPUTS[MODULES[kind - 1]]
            inputs = tuple(stack[len(stack) - n_inputs :])
            del stack[len(stack) - n_inputs :]
            stack.append(len(nodes))
            nodes.append(Node(kind, inputs, question, step))
        last.append(stack.pop())
    return Nodes(nodes, last)


def steps_to_end(n_maps: int) -> int:
    """Say how many modules a layout needs at least before it is whole.

    Args:
        n_maps: How many attention maps wait to be taken.

    Returns:
        Find and answer for none, one answer for one or two, and one ``And`` more for
        every other.
    """
    return 2 if n_maps == 0 else max(n_maps - 1, 1)


# Inputs first. A module that compares answers takes what these were made from.
def _written(tokens: Iterator[str], *, is_compared: bool) -> Iterator[Module]:
    token = next(tokens, None)
    function = "" if token is None else token.partition("[")[0]
    if function not in FUNCTION_ARITY:
        return
    module = _MODULE_OF.get(function)
    compares = module in _COMPARES_ANSWERS
    before: list[Module] = []
    for _ in range(FUNCTION_ARITY[function]):
        before.extend(_written(tokens, is_compared=compares))
    if module is Module.FILTER and before:
        if before[-1] is Module.SCENE:
            before[-1] = Module.FIND
        if before[-1] in {Module.FIND, Module.FILTER}:
            module = None
    yield from before
    if module is not None and not (is_compared and module in ANSWERS):
        yield module


def _is_valid(layout: Sequence[Module]) -> bool:
    n_maps = 0
    for place, module in enumerate(layout):
        is_last = place == len(layout) - 1
        if n_maps < INPUTS[module] or is_last is not (module in ANSWERS):
            return False
        n_maps += (module not in ANSWERS) - INPUTS[module]
    return bool(layout) and n_maps == 0
