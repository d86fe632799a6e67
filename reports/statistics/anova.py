"""How much of the differences between runs each effect accounts for.

Least squares on the accuracies of single runs, every component counted +1 where it is
on and −1 where it is off: an effect is twice its coefficient.
"""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from reports.statistics.contrasts import Runs, run_df

__all__ = ["partial_eta_squared", "sign"]

On = frozenset[str]
Term = tuple[str, ...]


def partial_eta_squared(
    runs: Mapping[On, Runs], terms: Sequence[Term]
) -> dict[Term, float]:
    """Give each effect's share of what is left by the others (type II).

    Args:
        runs: By the components that are on.
        terms: The effects that the rows can tell apart.

    Returns:
        ``SS / (SS + SS of the residual)`` of each; NaN where every row has one run, so
        that nothing is left to compare with.
    """
    if run_df(list(runs.values())) == 0:
        return dict.fromkeys(terms, math.nan)
    from statsmodels.formula.api import ols  # noqa: PLC0415 - takes a second
    from statsmodels.stats.anova import anova_lm  # noqa: PLC0415

    labels = {
        label: f"x{n}" for n, (label,) in enumerate(t for t in terms if len(t) == 1)
    }
    codes = {term: ":".join(labels[label] for label in term) for term in terms}
    data = pd.DataFrame(
        {"y": value, **{code: sign((label,), on) for label, code in labels.items()}}
        for on, one in runs.items()
        for value in one.values  # noqa: PD011 - no frame
    )
    table = anova_lm(ols(f"y ~ {' + '.join(codes.values())}", data).fit(), typ=2)
    squares = table["sum_sq"]
    left = float(squares["Residual"])
    return {term: _share(float(squares[code]), left) for term, code in codes.items()}


def sign(term: Term, on: On) -> float:
    """Say on which side of an effect a row stands.

    Args:
        term: The effect's components.
        on: The components that the row has.

    Returns:
        1 where an even number of them is off, else −1.
    """
    return -1.0 if len(set(term) - on) % 2 else 1.0


def _share(squares: float, left: float) -> float:
    return squares / (squares + left) if squares + left > 0 else math.nan
