"""Ablation paths: components switched one after the other, step by step.

The path of a study's file has its order from the file. A full factorial holds every
possible path already, and the greedy one is read from it: adding, each step takes the
component that gains most; removing, the one that costs least. Read afterwards, it costs
no runs, and what was nearly chosen stays visible. To launch one row after the other as
the results come in would be a selection on noisy numbers: what looks best is taken
because it was lucky, the rows that would show it are never trained, and other seeds
walk another path.

References:
    Fawcett and Hoos, *Analysing differences between algorithm configurations through
    ablation*, Journal of Heuristics 22(4), 2016.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import pandas as pd

from reports.statistics.contrasts import Runs, contrast
from reports.statistics.intervals import Basis
from studies.design import Direction

__all__ = ["greedy_path", "path_in_order"]

On = frozenset[str]
_COLUMNS: Final = (
    *("direction", "step", "component", "on", "n_runs", "level"),
    *("effect", "se", "df", "lower", "upper", "basis", "tied_with"),
)


def path_in_order(
    runs: Mapping[On, Runs], labels: Sequence[str], direction: Direction
) -> pd.DataFrame:
    """Walk the path of the file.

    Args:
        runs: Of the rows, by the components that are on.
        labels: The components in the order of the file.
        direction: Removing, adding, or both.

    Returns:
        One row per step between rows that have runs: ``direction``, ``step``,
        ``component``, ``on`` (after it), ``n_runs`` and ``level`` (mean) there, the
        component's ``effect`` (with it minus without it, whichever way one goes) with
        its interval and ``basis``, and ``tied_with``, which is empty.
    """
    steps = []
    for way in _ways(direction):
        order = [frozenset(labels[:n]) for n in range(len(labels) + 1)]
        if way is Direction.REMOVING:
            order = [frozenset(labels) - on for on in order]
        for step, (before, after) in enumerate(pairwise(order), 1):
            if before in runs and after in runs:
                steps.append(_step(runs, way, step, (before, after), ()))
    return pd.DataFrame(steps, columns=list(_COLUMNS))


def greedy_path(runs: Mapping[On, Runs], labels: Sequence[str]) -> pd.DataFrame:
    """Read the greedy paths from a full factorial.

    Args:
        runs: Of all rows, by the components that are on.
        labels: The components; the earlier wins where means are equal.

    Returns:
        As ``path_in_order``, both directions; ``tied_with`` names the components that
        the step could as well have taken: the 95 % interval of the difference between
        the two rows includes 0, or cannot be had.
    """
    steps = []
    for way in _ways(Direction.BOTH):
        is_adding = way is Direction.ADDING
        here = frozenset[str]() if is_adding else frozenset(labels)
        for step in range(1, len(labels) + 1):
            open_ = [one for one in labels if (one in here) is not is_adding]
            rows = {one: here ^ {one} for one in open_}
            best = max(open_, key=lambda one: runs[rows[one]].mean)
            tied = tuple(
                one
                for one in open_
                if one != best and _is_tie(runs[rows[best]], runs[rows[one]])
            )
            steps.append(_step(runs, way, step, (here, rows[best]), tied))
            here = rows[best]
    return pd.DataFrame(steps, columns=list(_COLUMNS))


def _ways(direction: Direction) -> Iterator[Direction]:
    if direction is not Direction.ADDING:
        yield Direction.REMOVING
    if direction is not Direction.REMOVING:
        yield Direction.ADDING


def _is_tie(one: Runs, other: Runs) -> bool:
    found = contrast((one, other), (1.0, -1.0))
    if found.basis not in {Basis.CROSSED, Basis.RUN_MEANS}:
        return True
    lower, upper = found.interval()
    return lower <= 0 <= upper


def _step(
    runs: Mapping[On, Runs],
    way: Direction,
    step: int,
    rows: tuple[On, On],
    tied: tuple[str, ...],
) -> dict[str, Any]:
    before, after = rows
    (component,) = before ^ after
    more, less = (after, before) if component in after else (before, after)
    found = contrast((runs[more], runs[less]), (1.0, -1.0))
    return {
        "direction": str(way),
        "step": step,
        "component": component,
        "on": after,
        "n_runs": runs[after].n_runs,
        "level": runs[after].mean,
        **found.numbers("effect"),
        "tied_with": tied,
    }
