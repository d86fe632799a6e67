"""What is said under the tables of a design's components."""

from collections.abc import Iterator
from typing import Final

from reports.notes import Note
from reports.statistics.effects import Effects
from reports.statistics.intervals import Basis
from reports.tables.numbers import count
from studies.design import DesignKind
from studies.fraction import resolution

__all__ = ["effect_notes", "path_notes", "shapley_notes"]

_ROWS_TO_NAME: Final = 4
_MEANING: Final = {
    DesignKind.FULL_FACTORIAL: (
        "Δ of a component: mean accuracy of all rows that have it, minus that of all "
        "rows that have it not."
    ),
    DesignKind.HALF_FRACTION: (
        "Δ of a component: mean accuracy of all rows that have it, minus that of all "
        "rows that have it not, in half of the combinations."
    ),
    DesignKind.LEAVE_ONE_OUT: (
        "Δ of a component: what it adds where all others are on; what another "
        "component can stand in for seems to be worth little."
    ),
    DesignKind.LEAVE_TWO_OUT: (
        "Δ of a component: what it adds where all others are on; what another "
        "component can stand in for seems to be worth little."
    ),
    DesignKind.ADD_ONE_IN: "Δ of a component: what it adds where nothing else is on.",
}
_DIFFERENCE: Final = "delta", "interval", "drawing"  # columns that show it
_PAIRS: Final = Note(
    "Δ of a pair: half of how much the Δ of one changes when the other is switched on; "
    "below zero, they do less together than the sum of what they do.",
    *_DIFFERENCE,
)
_MORE: Final = Note(
    "Δ of three or more: half of how much the Δ of all but one of them changes when "
    "that one is switched on.",
    *_DIFFERENCE,
)
_ONE_SCALE: Final = (
    "so near to guessing or to 100 % that differences shrink there and effects do not "
    "add up; logits (logarithmic odds) do not shrink, and stand beside. An interaction "
    "that is seen in points alone may come from the scale."
)


def effect_notes(effects: Effects) -> list[str]:
    """Say what effects are, what they rest on and what they leave open.

    Args:
        effects: As estimated.

    Returns:
        Sentences.
    """
    if effects.terms.empty:
        return list(_missing(effects))
    return [
        *_missing(effects),
        Note(_MEANING[effects.design.kind], *_DIFFERENCE),
        *([_PAIRS] if effects.terms["order"].max() > 1 else []),
        *([_MORE] if effects.terms["order"].max() > 2 else []),  # noqa: PLR2004 - as it says
        *(Note(said, *_DIFFERENCE[1:], "verdict") for said in _intervals(effects)),
        *(Note(said, "verdict", "logit_verdict", "p") for said in _family(effects)),
        *_collapse(effects),
        *_fraction(effects),
        *(Note(said, "eta") for said in _eta(effects)),
    ]


def shapley_notes(effects: Effects) -> list[str]:
    """Say what Shapley values are.

    Args:
        effects: Of a full factorial.

    Returns:
        Sentences.
    """
    return [
        (
            "Shapley value: what a component adds to what is there before it, averaged "
            "over all orders of adding the components. The values add up to the "
            "accuracy with all components minus that with none."
        ),
        *_intervals_of(str(effects.shapley["basis"].iloc[0])),
    ]


def path_notes(effects: Effects) -> list[str]:
    """Say how a path was walked.

    Args:
        effects: With steps.

    Returns:
        Sentences.
    """
    meaning = (
        "Δ: accuracy with the component minus without it, all else as it is at that "
        "step."
    )
    basis = _intervals_of(str(effects.steps["basis"].iloc[0]))
    if effects.design.kind is DesignKind.PATH:
        return [
            *_missing(effects),
            "Components in the order of the study's file.",
            meaning,
            *basis,
        ]
    fewest = int(effects.steps["n_runs"].min())
    ties = (
        "As well could: components whose row differs from the chosen one by a 95 % "
        "interval that includes 0 (not corrected for their number), so that other "
        "seeds might have taken them."
    )
    return [
        (
            "Read from the rows of the factorial, without further runs: adding, each "
            "step takes the component that gains most; removing, the one that costs "
            f"least, by means over at least {count(fewest, 'run')}. The largest of "
            "several noisy gains is too large on average, and its interval does not "
            "know that it was chosen."
        ),
        *([ties] if effects.steps["tied_with"].any() else []),
        meaning,
        *basis,
    ]


def _missing(effects: Effects) -> Iterator[str]:
    if not effects.missing:
        return
    n_more = len(effects.missing) - _ROWS_TO_NAME
    more = f"; and {n_more} more" if n_more > 0 else ""
    named = "; ".join(effects.missing[:_ROWS_TO_NAME]) + more
    what = "effects over them are left out"
    if effects.design.kind in {DesignKind.FULL_FACTORIAL, DesignKind.HALF_FRACTION}:
        what = (
            "the factorial is incomplete, and effects are not estimated: averages "
            "would be over other combinations than they say"
        )
    n = count(len(effects.missing), "row")
    yield f"Without a finished run on the baseline's questions: {n} ({named}); {what}."


def _intervals(effects: Effects) -> Iterator[str]:
    for basis in effects.terms["basis"].unique():
        yield from _intervals_of(str(basis))


def _intervals_of(basis: str) -> Iterator[str]:
    match Basis(basis):
        case Basis.CROSSED:
            yield (
                "Brackets: 95 % intervals over training runs and validation scenes; "
                "every row keeps its own variance."
            )
        case Basis.RUN_MEANS:
            yield (
                "‡ 95 % interval over training runs alone: the answers to single "
                "questions are not known for all runs, or some rows have one run, "
                "which borrows the variance of the others."
            )
        case Basis.CHECKPOINTS:
            yield (
                "† One training run per row: intervals reflect the choice of "
                "validation scenes only. They describe these checkpoints, not the "
                "components."
            )
        case Basis.NONE:
            yield "† One training run per row: nothing can be said of its error."


def _family(effects: Effects) -> Iterator[str]:
    tested = int(effects.terms["p"].notna().sum())
    if tested:
        yield (
            f"▲ ▼ p below .05 after Holm's correction over {count(tested, 'effect')}; "
            "? the data do not settle it, which is not the same as no effect."
        )
    elif effects.terms["basis"].isin([Basis.CROSSED, Basis.RUN_MEANS]).any():
        yield "§ Too few runs for a verdict."


def _collapse(effects: Effects) -> Iterator[str]:
    if effects.beside is None:
        return
    n_more = len(effects.collapsed) - _ROWS_TO_NAME
    more = f"; and {n_more} more" if n_more > 0 else ""
    named = "; ".join(effects.collapsed[:_ROWS_TO_NAME]) + more
    verb = "stands" if len(effects.collapsed) == 1 else "stand"
    yield f"{count(len(effects.collapsed), 'row')} ({named}) {verb} {_ONE_SCALE}"


def _fraction(effects: Effects) -> Iterator[str]:
    labels = effects.design.labels
    if effects.design.kind is DesignKind.HALF_FRACTION:
        yield (
            f"Half of {2 ** len(labels)} combinations, resolution "
            f"{resolution(labels)}: each effect is the sum of two that these rows "
            "cannot tell apart. It is named for that of fewer components, which is "
            "mostly the larger, or for the first of two alike."
        )


def _eta(effects: Effects) -> Iterator[str]:
    if effects.terms["eta_sq_partial"].notna().any():
        yield (
            "Partial η²: the effect's share of the sum of squares that the other "
            "effects leave, by least squares on single runs."
        )
