"""Modules are run after what they need, equal ones together."""

from collections import Counter

import numpy as np
import torch

from film.model.baselines.agenda import Call, Node, Nodes, agenda, run_all


def some_nodes(rng: np.random.Generator, n_nodes: int) -> list[Node]:
    """Kind k takes k % 3 inputs, whichever come before."""
    nodes: list[Node] = []
    for place in range(n_nodes):
        kind = int(rng.integers(6)) if place > 3 else 3 * int(rng.integers(2))
        inputs = tuple(int(i) for i in rng.integers(0, max(place, 1), kind % 3))
        nodes.append(Node(kind, inputs, question=0, step=place))
    return nodes


def test_every_node_is_run_once_after_its_inputs() -> None:
    rng = np.random.default_rng(0)
    for n_nodes in (1, 7, 60):
        nodes = some_nodes(rng, n_nodes)
        done: list[int] = []
        for call in agenda(nodes):
            assert {nodes[place].kind for place in call.places} == {call.kind}
            for place in call.places:
                assert set(nodes[place].inputs) <= set(done)
            done.extend(call.places)
        assert Counter(done) == Counter(range(n_nodes))


def test_equal_modules_of_equal_programs_are_run_together() -> None:
    chain = [
        Node(kind, () if kind == 0 else (4 * question + kind - 1,), question, kind)
        for question in range(30)
        for kind in range(4)
    ]
    assert [len(call.places) for call in agenda(chain)] == [30] * 4


def test_results_reach_those_who_wait_for_them() -> None:
    nodes = some_nodes(np.random.default_rng(1), 40)
    last = [39, 39, 17]
    expected: list[float] = []
    for place, node in enumerate(nodes):
        inputs = [expected[i] for i in node.inputs]
        expected.append(
            place % 7 + sum((n + 2) * value % 11 for n, value in enumerate(inputs))
        )

    def run(call: Call, inputs: tuple[torch.Tensor, ...]) -> torch.Tensor:
        result = torch.tensor([float(place % 7) for place in call.places])
        for number, values in enumerate(inputs):
            result = result + (number + 2) * values % 11
        return result

    found = run_all(Nodes(nodes, last), run)
    assert [float(one) for one in found] == [expected[place] for place in last]
