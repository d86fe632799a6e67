"""In which order to run the modules of many programs, equal ones together.

A batch holds as many different programs as questions. Whatever is ready to be run at
one time and is of the same kind is run as one batch, so that the number of calls is a
fraction of the number of modules.

References:
    Neubig et al., *On-the-fly Operation Batching in Dynamic Computation Graphs*,
    NeurIPS 2017 (agenda by average depth). https://arxiv.org/abs/1705.07860
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

__all__ = ["Call", "Node", "Nodes", "agenda", "run_all"]


@final
@dataclass(frozen=True)
class Node:
    """One module of one question's program.

    Attributes:
        kind: Which module.
        inputs: Places of the nodes whose results it takes, all before its own.
        question: The question's row in the batch.
        step: Where in its program it is written.
    """

    kind: int
    inputs: tuple[int, ...]
    question: int
    step: int


@final
@dataclass(frozen=True)
class Nodes:
    """The modules of a batch.

    Attributes:
        all: Every node after its inputs.
        last: The place of the node that answers each question.
    """

    all: Sequence[Node]
    last: Sequence[int]


@final
@dataclass(frozen=True)
class Call:
    """Modules of one kind that are run together.

    Attributes:
        kind: Which module.
        places: Where in the list of nodes they are.
    """

    kind: int
    places: tuple[int, ...]


def agenda(nodes: Sequence[Node]) -> list[Call]:
    """Decide what to run when.

    Of the kinds that have something ready, the one whose ready nodes are nearest to
    the pictures goes first: what others wait for is not put off.

    Args:
        nodes: Every node after its inputs.

    Returns:
        Calls that run every node once, after its inputs.
    """
    depth = [0] * len(nodes)
    waits = [0] * len(nodes)
    users = defaultdict(list)
    ready = defaultdict(list)
    for place, node in enumerate(nodes):
        distinct = set(node.inputs)
        depth[place] = 1 + max((depth[one] for one in distinct), default=-1)
        waits[place] = len(distinct)
        for one in distinct:
            users[one].append(place)
        if not distinct:
            ready[node.kind].append(place)
    calls = []
    while ready:
        kind = min(
            ready,
            key=lambda one: (
                sum(depth[place] for place in ready[one]) / len(ready[one]),
                one,
            ),
        )
        places = ready.pop(kind)
        calls.append(Call(kind, tuple(places)))
        for place in places:
            for user in users[place]:
                waits[user] -= 1
                if waits[user] == 0:
                    ready[nodes[user].kind].append(user)
    return calls


def run_all(
    nodes: Nodes, run: Callable[[Call, tuple[Tensor, ...]], Tensor]
) -> list[Tensor]:
    """Run the modules of a batch, and forget each result after its last use.

    Args:
        nodes: The modules.
        run: Runs one kind on inputs that are stacked, first inputs first.

    Returns:
        What the last node of each question gave.
    """
    uses = [0] * len(nodes.all)
    for node in nodes.all:
        for place in node.inputs:
            uses[place] += 1
    for place in nodes.last:
        uses[place] += 1
    results: dict[int, Tensor] = {}

    def take(place: int) -> Tensor:
        uses[place] -= 1
        return results[place] if uses[place] else results.pop(place)

    for call in agenda(nodes.all):
        n_inputs = len(nodes.all[call.places[0]].inputs)
        inputs = tuple(
            torch.stack(
                [take(nodes.all[place].inputs[number]) for place in call.places]
            )
            for number in range(n_inputs)
        )
        results.update(zip(call.places, run(call, inputs).unbind(0), strict=True))
    return [take(place) for place in nodes.last]
