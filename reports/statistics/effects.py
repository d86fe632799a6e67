"""What components do, alone and together, in studies whose design crosses them.

Main effects and interactions of a factorial as in Box, Hunter and Hunter: the mean of
the rows on one side minus the mean of those on the other. An interaction of two is half
of how much the effect of one changes when the other is switched on, in every design, so
that the numbers of a factorial and of a study that leaves two out can be compared.

References:
    Box, Hunter and Hunter, *Statistics for Experimenters*, 2005, chapters 5 and 6.
    Holm, *A simple sequentially rejective multiple test procedure*, 1979.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import pandas as pd

from reports.results import Results
from reports.statistics.anova import partial_eta_squared, sign
from reports.statistics.combinations import Combinations, On, combine
from reports.statistics.contrasts import Runs, Scale, contrast, run_df
from reports.statistics.corrections import holm
from reports.statistics.intervals import Estimate
from reports.statistics.paths import greedy_path, path_in_order
from reports.statistics.shapley import shapley_weights
from reports.statistics.verdicts import DF_FOR_EFFECT
from studies.design import Design, DesignKind
from studies.fraction import alias_pairs, term_name, terms_of
from studies.study import Study

__all__ = ["Effects", "estimate_effects"]

Term = tuple[str, ...]
Weights = Mapping[On, float]

_TERMS: Final = (
    *("term", "components", "order", "effect", "se", "df", "lower", "upper"),
    *("p", "p_holm", "eta_sq_partial", "n_runs", "basis", "scale"),
)
_MEANS: Final = (
    *("first", "second", "first_on", "second_on"),
    *("mean", "lower", "upper", "n_runs"),
)
_SHAPLEY: Final = ("component", "value", "se", "df", "lower", "upper", "basis")
_CROSSED: Final = frozenset({DesignKind.FULL_FACTORIAL, DesignKind.HALF_FRACTION})


@dataclass(frozen=True, eq=False)
class Effects:
    """What a study with components says of them.

    Effects are on the ``scale``: fractions of accuracy, or logits. Frames have no rows
    where the design, or what was recorded, does not tell.

    Attributes:
        design: Of the study.
        scale: What effects are differences of.
        terms: ``term``, ``components``, ``order`` (their number), ``effect`` (mean with
            minus mean without), ``se``, ``df``, ``lower``, ``upper`` (95 %), ``p``,
            ``p_holm`` (over the terms), ``eta_sq_partial``, ``n_runs``, ``basis``,
            ``scale``.
        means: Of every pair of components, for plots of two lines: ``first``,
            ``second``, ``first_on``, ``second_on``, ``mean``, ``lower``, ``upper``,
            ``n_runs``.
        shapley: Of a full factorial: ``component``, ``value``, ``se``, ``df``,
            ``lower``, ``upper``, ``basis``.
        whole: Everything on minus everything off, what Shapley values add up to.
        aliases: Of a half fraction: ``term``, ``aliased_with``.
        steps: Of a path, or the greedy paths of a full factorial
            (``reports.statistics.paths``).
        missing: Rows of the design that have no comparable run.
        collapsed: Rows so near to guessing, or to 100 %, that effects do not add up.
        beside: The effects in logits, where rows collapsed.
    """

    design: Design
    scale: Scale
    terms: pd.DataFrame
    means: pd.DataFrame
    shapley: pd.DataFrame
    whole: Estimate | None
    aliases: pd.DataFrame
    steps: pd.DataFrame
    missing: tuple[str, ...]
    collapsed: tuple[str, ...]
    beside: "Effects | None" = None


def estimate_effects(
    study: Study, results: Results, scale: Scale = Scale.ACCURACY
) -> Effects | None:
    """Estimate what each component does, and what they do together.

    Averages over rows that are not all there would be of other rows than they say: a
    factorial with a row missing has no effects, and the missing rows are named.

    Args:
        study: Its definition, with a design.
        results: What was recorded.
        scale: What effects are differences of.

    Returns:
        The effects; None where the design has no components, or no run has finished.
    """
    rows = combine(study, results)
    if study.design is None or rows is None or not rows.runs:
        return None
    found = _estimate(study.design, rows, scale)
    if scale is not Scale.ACCURACY or not rows.collapsed:
        return found
    return _estimate(
        study.design, rows, scale, _estimate(study.design, rows, Scale.LOGIT)
    )


def _estimate(
    design: Design, rows: Combinations, scale: Scale, beside: Effects | None = None
) -> Effects:
    runs = rows.on(scale).runs
    is_whole = design.kind in _CROSSED and not rows.missing
    is_full = is_whole and design.kind is DesignKind.FULL_FACTORIAL
    shapley = _shapley(runs, rows.labels) if is_full else []
    everything = frozenset(rows.labels)
    return Effects(
        design=design,
        scale=scale,
        terms=_terms(design, runs, scale, is_whole=is_whole),
        means=pd.DataFrame(_means(design, runs, is_whole=is_whole), columns=_MEANS),
        shapley=pd.DataFrame(shapley, columns=_SHAPLEY),
        whole=contrast((runs[everything], runs[frozenset()]), (1, -1))
        if is_full
        else None,
        aliases=_aliases(design),
        steps=_steps(design, runs, is_full=is_full),
        missing=rows.missing,
        collapsed=rows.collapsed,
        beside=beside,
    )


def _terms(
    design: Design, runs: Mapping[On, Runs], scale: Scale, *, is_whole: bool
) -> pd.DataFrame:
    contrasts = dict(_contrasts(design, runs, is_whole=is_whole))
    crossed = list(contrasts) if is_whole else []
    eta = partial_eta_squared(runs, crossed) if crossed else {}
    lines = [
        {
            **_term(term, weights, runs),
            "eta_sq_partial": eta.get(term, math.nan),
            "scale": str(scale),
        }
        for term, weights in contrasts.items()
    ]
    frame = pd.DataFrame(lines, columns=[name for name in _TERMS if name != "p_holm"])
    frame["p_holm"] = holm(frame["p"].astype(float))
    return frame[list(_TERMS)]


def _term(term: Term, weights: Weights, runs: Mapping[On, Runs]) -> dict[str, Any]:
    cells = [runs[on] for on in weights]
    found = contrast(cells, list(weights.values()))
    return {
        "term": term_name(term),
        "components": term,
        "order": len(term),
        "effect": found.value,
        **_uncertainty(found),
        "p": found.p if run_df(cells) >= DF_FOR_EFFECT else math.nan,
        "n_runs": sum(cell.n_runs for cell in cells),
    }


def _uncertainty(found: Estimate) -> dict[str, Any]:
    lower, upper = found.interval()
    return {
        "se": found.se,
        "df": found.df,
        "lower": lower,
        "upper": upper,
        "basis": str(found.basis),
    }


# The weighted sums of rows that the design's effects are.
def _contrasts(
    design: Design, runs: Mapping[On, Runs], *, is_whole: bool
) -> Iterator[tuple[Term, Weights]]:
    if design.kind in _CROSSED:
        for term in _told_apart(design) if is_whole else ():
            yield term, {on: 2 * sign(term, on) / len(runs) for on in runs}
        return
    for term, weights in _around_a_corner(design):
        if all(on in runs for on in weights):
            yield term, weights


def _told_apart(design: Design) -> Sequence[Term]:
    if design.kind is DesignKind.HALF_FRACTION:
        return [term for term, _ in alias_pairs(design.labels)]
    return terms_of(design.labels)


def _around_a_corner(design: Design) -> Iterator[tuple[Term, Weights]]:
    everything, nothing = frozenset(design.labels), frozenset[str]()
    if design.kind is DesignKind.ADD_ONE_IN:
        for label in design.labels:
            yield (label,), {frozenset({label}): 1, nothing: -1}
    if design.kind not in {DesignKind.LEAVE_ONE_OUT, DesignKind.LEAVE_TWO_OUT}:
        return
    for label in design.labels:
        yield (label,), {everything: 1, everything - {label}: -1}
    if design.kind is DesignKind.LEAVE_TWO_OUT:
        for pair in combinations(design.labels, 2):
            square = [everything, everything - {pair[0]}, everything - {pair[1]}]
            square.append(everything - set(pair))
            yield pair, {on: sign(pair, on) / 2 for on in square}


def _means(
    design: Design, runs: Mapping[On, Runs], *, is_whole: bool
) -> Iterator[dict[str, Any]]:
    for pair in combinations(design.labels, 2) if is_whole else ():
        for first_on in (False, True):
            for second_on in (False, True):
                state = (first_on, second_on)
                cells = [
                    one
                    for on, one in runs.items()
                    if (pair[0] in on, pair[1] in on) == state
                ]
                mean = contrast(cells, [1 / len(cells)] * len(cells))
                lower, upper = mean.interval()
                numbers = (mean.value, lower, upper, sum(one.n_runs for one in cells))
                yield dict(zip(_MEANS, (*pair, *state, *numbers), strict=True))


def _shapley(
    runs: Mapping[On, Runs], labels: Sequence[str]
) -> Iterator[dict[str, Any]]:
    for label in labels:
        weights = shapley_weights(label, labels)
        found = contrast([runs[on] for on in weights], list(weights.values()))
        yield {"component": label, "value": found.value, **_uncertainty(found)}


def _aliases(design: Design) -> pd.DataFrame:
    is_half = design.kind is DesignKind.HALF_FRACTION
    pairs = alias_pairs(design.labels) if is_half else ()
    named = [(term_name(term), term_name(other)) for term, other in pairs]
    return pd.DataFrame(named, columns=["term", "aliased_with"])


def _steps(design: Design, runs: Mapping[On, Runs], *, is_full: bool) -> pd.DataFrame:
    if is_full:
        return greedy_path(runs, design.labels)
    in_file = design.labels if design.kind is DesignKind.PATH else ()
    return path_in_order(runs, in_file, design.direction)
