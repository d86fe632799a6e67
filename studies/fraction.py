"""Which effects a half fraction cannot tell apart.

Half of a factorial has every combination in which an even number of components is off:
the last component is on where the product of the others is, ``E = ABCD``. The product
of all components, each counted +1 when on and −1 when off, is then +1 in every row, so
that an effect and the effect of all the other components are one and the same contrast.

References:
    Box, Hunter and Hunter, *Statistics for Experimenters*, 2005, chapter 6.
"""

from collections.abc import Sequence
from itertools import combinations

__all__ = ["alias_pairs", "resolution", "term_name", "terms_of"]

Term = tuple[str, ...]


def terms_of(labels: Sequence[str]) -> tuple[Term, ...]:
    """List main effects, then interactions of two, of three, and so on.

    Args:
        labels: The components.

    Returns:
        Each term as its components, in their order.
    """
    sizes = range(1, len(labels) + 1)
    return tuple(term for n in sizes for term in combinations(labels, n))


def term_name(term: Term) -> str:
    """Name an effect.

    Args:
        term: Its components.

    Returns:
        ``γ``, or ``γ × β``; the mean of the whole has none and is ``mean``.
    """
    return " × ".join(term) or "mean"


def alias_pairs(labels: Sequence[str]) -> tuple[tuple[Term, Term], ...]:
    """List the pairs of effects that are one contrast in a half fraction.

    Args:
        labels: The components.

    Returns:
        The effect of fewer components first, in the order of ``terms_of``. The effect
        of all components together is the mean, and in no pair.
    """
    pairs: dict[Term, Term] = {}
    for term in terms_of(labels):
        other = tuple(label for label in labels if label not in term)
        if other and other not in pairs:
            pairs[term] = other
    return tuple(pairs.items())


def resolution(labels: Sequence[str]) -> str:
    """Say how far the effects of few components are clear of each other.

    Args:
        labels: The components; a half fraction's resolution is their number.

    Returns:
        ``V``: main effects and pairs are clear of each other.
    """
    return ("I", "II", "III", "IV", "V", "VI", "VII", "VIII")[len(labels) - 1]
