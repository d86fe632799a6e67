"""Shapley values: what a component is worth, averaged over the orders of adding them.

The value of a set of components is the accuracy of the row that has them. A component's
share is what it adds, averaged over all orders in which the components could be put in
one after the other; the shares add up to what everything has over nothing. With all
rows of a full factorial at hand this is an exact weighted sum of rows.

References:
    Shapley, *A value for n-person games*, 1953.
"""

from collections.abc import Sequence
from itertools import combinations
from math import factorial

__all__ = ["shapley_weights"]

On = frozenset[str]


def shapley_weights(label: str, labels: Sequence[str]) -> dict[On, float]:
    """Weigh every row for one component's Shapley value.

    Args:
        label: The component.
        labels: All components.

    Returns:
        Weights by the components that a row has; they add up to 0.
    """
    n = len(labels)
    others = [one for one in labels if one != label]
    weights: dict[On, float] = {}
    for size in range(n):
        share = factorial(size) * factorial(n - size - 1) / factorial(n)
        for before in combinations(others, size):
            weights[frozenset(before)] = -share
            weights[frozenset((*before, label))] = share
    return weights
