"""Feature-wise linear modulation itself."""

import torch
from jaxtyping import Float
from torch import Tensor

from film.config import Beta, FilmConfig, GammaConstraint

__all__ = ["constrain", "modulate"]


def modulate(
    maps: Float[Tensor, "batch channels *places"],
    gamma: Float[Tensor, "batch channels"],
    beta: Float[Tensor, "batch channels"],
) -> Float[Tensor, "batch channels *places"]:
    """Scale and shift every feature map: ``γ · maps + β``.

    Args:
        maps: Feature maps of a batch of pictures, or of whatever else.
        gamma: One scale per picture and map.
        beta: One shift per picture and map.

    Returns:
        The modulated maps.

    References:
        Perez et al., AAAI 2018, Section 2.1, Equation 2.
    """
    everywhere = (..., *[None] * (maps.ndim - gamma.ndim))
    return torch.addcmul(beta[everywhere], gamma[everywhere], maps)


def constrain(
    raw: Float[Tensor, "*batch two_channels"], config: FilmConfig
) -> tuple[Float[Tensor, "*batch channels"], Float[Tensor, "*batch channels"]]:
    """Turn the generator's output into γ and β.

    γ is ``f(raw) + baseline``. With no f and a baseline of 1 that is 1 + Δγ, as in
    the paper's appendix; with a squashing f the paper's ranges, (0, 1), (−1, 1) and
    (0, ∞), need a baseline of 0, although the authors' code adds 1 by default.
    Changes of a norm's own scale and shift have no baseline.

    Args:
        raw: For every layer, first the numbers for γ, then those for β.
        config: The constraints.

    Returns:
        γ and β of every layer.

    References:
        Perez et al., AAAI 2018, Section 4.3 and Table 2, "Restricted γ or β".
    """
    gamma, beta = raw.chunk(2, dim=-1)
    baseline = 0 if config.adds_to_norm else config.gamma_baseline
    match config.gamma:
        case GammaConstraint.NONE:
            gamma = gamma + baseline
        case GammaConstraint.SIGMOID:
            gamma = gamma.sigmoid() + baseline
        case GammaConstraint.TANH:
            gamma = gamma.tanh() + baseline
        case GammaConstraint.EXP:
            gamma = gamma.exp() + baseline
        case GammaConstraint.ONE:
            gamma = torch.ones_like(gamma)
    match config.beta:
        case Beta.LEARNED:
            pass
        case Beta.ZERO:
            beta = torch.zeros_like(beta)
    return gamma, beta
