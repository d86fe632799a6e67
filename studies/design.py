"""Designs: how the rows of a study follow from components, or from levels.

A component is a part of the model that a row has or has not. Which rows a design makes
of the components decides what can be learnt of them: left out one at a time, a
component is judged with everything else in place, and what another can stand in for
seems to be worth little; a factorial has every combination, and tells how they combine.

References:
    Box, Hunter and Hunter, *Statistics for Experimenters*, 2005, chapters 5 and 6, for
    factorials and their fractions.
    Fawcett and Hoos, *Analysing differences between algorithm configurations through
    ablation*, Journal of Heuristics 22(4), 2016, for paths.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any, Final

from studies.errors import StudyError
from studies.labels import adding_label, listed, removing_label

__all__ = ["Component", "Design", "DesignKind", "Direction", "PlannedRow", "describe"]

_MOST_CROSSED: Final = 5  # 32 rows; six would be 64 and hardly ever trained
_FEWEST_HALVED: Final = 4  # of three, a half aliases main effects with pairs
_MOST_HALVED: Final = 8  # 128 rows
_MOST_ROWS: Final = 128
_NUMBERS: Final = "No One Two Three Four Five Six Seven Eight"

_LEFT_OUT: Final = ("Leaving one out", "Leaving two out")

On = frozenset[str]
_Combination = tuple[str, On, bool]


class DesignKind(StrEnum):
    """How rows are made."""

    LEVELS = "levels"
    LEAVE_ONE_OUT = "leave-one-out"
    ADD_ONE_IN = "add-one-in"
    LEAVE_TWO_OUT = "leave-two-out"
    FULL_FACTORIAL = "full-factorial"
    HALF_FRACTION = "half-fraction"
    PATH = "path"


class Direction(StrEnum):
    """Which way a path is walked."""

    BOTH = "both"
    REMOVING = "removing"
    ADDING = "adding"


@dataclass(frozen=True, kw_only=True)
class Component:
    """A part of the model that can be switched.

    Attributes:
        label: What people call it.
        changes: Settings that switch it, by dotted name.
        is_in_baseline: Whether the changes switch it off; else they switch it on.
    """

    label: str
    changes: Mapping[str, Any]
    is_in_baseline: bool


@dataclass(frozen=True, kw_only=True)
class PlannedRow:
    """A row that a design asks for: what it changes, and which components are on."""

    group: str
    label: str
    changes: Mapping[str, Any]
    on: On | None  # None of a level


@dataclass(frozen=True, kw_only=True)
class Design:
    """How the rows of a study were made.

    Attributes:
        kind: The design.
        components: In the order of the file; none where one factor has levels.
        factor: What the levels are levels of.
        baseline_level: The level that is the baseline's own, if one is.
        direction: Of a path.
    """

    kind: DesignKind
    components: tuple[Component, ...] = ()
    factor: str = ""
    baseline_level: str = ""
    direction: Direction = Direction.BOTH

    def __post_init__(self) -> None:
        """Refuse what would be too many rows, or could not be told apart."""
        if self.kind is not DesignKind.LEVELS:
            _refuse_size(self)

    @property
    def labels(self) -> tuple[str, ...]:
        """What the components are called."""
        return tuple(component.label for component in self.components)

    @property
    def baseline_on(self) -> On:
        """The components that the baseline has."""
        return frozenset(c.label for c in self.components if c.is_in_baseline)

    def rows(self) -> tuple[PlannedRow, ...]:
        """Work out the rows of the components, apart from the baseline.

        Returns:
            One row per combination that the design asks for, each once.
        """
        seen = {self.baseline_on}
        rows = []
        for group, on, is_adding in _combinations(self):
            if on not in seen:
                seen.add(on)
                rows.append(self._row(group, on, is_adding=is_adding))
        return tuple(rows)

    def _row(self, group: str, on: On, *, is_adding: bool) -> PlannedRow:
        there = [label for label in self.labels if label in on]
        missing = [label for label in self.labels if label not in on]
        adds = is_adding or not missing or not self.baseline_on
        label = (adding_label if adds else removing_label)(there, missing)
        changes = self._changes(label, on)
        return PlannedRow(group=group, label=label, changes=changes, on=on)

    def _changes(self, label: str, on: On) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        origin: dict[str, str] = {}
        for component in self.components:
            if (component.label in on) is component.is_in_baseline:
                continue
            for name, value in component.changes.items():
                if changes.get(name, value) != value:
                    raise StudyError(
                        f"row '{label}': components '{origin[name]}' and "
                        f"'{component.label}' set {name} to different values, so they "
                        "cannot be switched together; make them one component, or "
                        "write the rows out in `groups`"
                    )
                changes[name] = value
                origin[name] = component.label
        return changes


def _refuse_size(design: Design) -> None:
    n = len(design.components)
    match design.kind:
        case DesignKind.FULL_FACTORIAL if n > _MOST_CROSSED:
            raise StudyError(
                f"a full factorial of {n} components has {2**n} rows; take at most "
                f"{_MOST_CROSSED} ({2**_MOST_CROSSED} rows), or kind: half-fraction "
                f"({2 ** (n - 1)} rows)"
            )
        case DesignKind.HALF_FRACTION if n < _FEWEST_HALVED:
            raise StudyError(
                f"half a factorial of {n} components cannot tell a component from a "
                f"pair of others; take {_FEWEST_HALVED} to {_MOST_HALVED}, or kind: "
                f"full-factorial ({2**n} rows)"
            )
        case DesignKind.HALF_FRACTION if n > _MOST_HALVED:
            raise StudyError(
                f"half a factorial of {n} components has {2 ** (n - 1)} rows; take "
                f"at most {_MOST_HALVED} ({2 ** (_MOST_HALVED - 1)} rows)"
            )
        case DesignKind.HALF_FRACTION if len(design.baseline_on) < n:
            raise StudyError(
                "the baseline of a half fraction has all components on; say of each "
                "what switches it off (`without`)"
            )
        case _:
            pass
    n_rows = len({on for _, on, _ in _combinations(design)})
    if n_rows > _MOST_ROWS:
        raise StudyError(
            f"{design.kind} of {n} components has {n_rows} rows; take fewer "
            f"components, for at most {_MOST_ROWS} rows"
        )


# Combinations by group, and whether they are named for what was added.
def _combinations(design: Design) -> Iterator[_Combination]:
    match design.kind:
        case DesignKind.LEVELS:
            yield from ()
        case DesignKind.LEAVE_ONE_OUT | DesignKind.LEAVE_TWO_OUT:
            most = 2 if design.kind is DesignKind.LEAVE_TWO_OUT else 1
            yield from _left_out(design.labels, most)
        case DesignKind.ADD_ONE_IN:
            yield "Nothing on", frozenset(), True
            for label in design.labels:
                yield "Adding one in", frozenset({label}), True
        case DesignKind.FULL_FACTORIAL:
            yield from _crossed(design, range(len(design.labels) + 1))
        case DesignKind.HALF_FRACTION:
            # The last component follows from the others (E = ABCD): an even number
            # of components is off, and the row with everything on is among them.
            yield from _crossed(design, range(0, len(design.labels) + 1, 2))
        case DesignKind.PATH:
            yield from _steps(design.labels, design.direction)


def _left_out(labels: tuple[str, ...], most: int) -> Iterator[_Combination]:
    for n, group in enumerate(("Everything on", *_LEFT_OUT[:most])):
        for missing in combinations(labels, n):
            yield group, frozenset(labels) - set(missing), False


# Rows with so many components other than in the baseline.
def _crossed(design: Design, numbers: Sequence[int]) -> Iterator[_Combination]:
    state = "off" if design.baseline_on else "on"
    if 0 < len(design.baseline_on) < len(design.components):
        state = "switched"
    for n in numbers:
        group = f"{_NUMBERS.split()[n]} component{'s' * (n != 1)} {state}"
        for switched in combinations(design.labels, n):
            yield group, design.baseline_on ^ frozenset(switched), False


def _steps(labels: tuple[str, ...], direction: Direction) -> Iterator[_Combination]:
    if direction is not Direction.ADDING:
        for n in range(len(labels) + 1):
            yield "Removing one after the other", frozenset(labels[n:]), False
    if direction is not Direction.REMOVING:
        for n in range(len(labels) + 1):
            yield "Adding one after the other", frozenset(labels[:n]), True


def describe(design: Design) -> str:
    """Say in a few words what the design is.

    Args:
        design: Of a study.

    Returns:
        ``full-factorial of γ, β and residual``, or ``levels: depth``.
    """
    if design.kind is DesignKind.LEVELS:
        own = design.baseline_level
        return f"levels: {design.factor}" + (f"; the baseline has {own}" if own else "")
    way = {Direction.BOTH: "removing and adding"}.get(design.direction)
    order = f", {way or design.direction}" if design.kind is DesignKind.PATH else ""
    return f"{design.kind} of {listed(design.labels)}{order}"
