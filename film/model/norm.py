"""Normalisation as a setting."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from film.config import Norm
from film.model.modulation import modulate

__all__ = ["ConditionalNorm", "norm_layer"]


def norm_layer(
    norm: Norm,
    width: int,
    *,
    affine: bool = True,
    groups: int = 1,
    spatial: bool = True,
) -> nn.Module:
    """Build a normalisation layer.

    Args:
        norm: Which; ``none`` gives the identity. Layer and group normalisation are
            what Section 4.3 of the paper expects to work as well as batch.
        width: Number of channels.
        affine: Whether it learns a scale and a shift of its own. The paper turns
            them off in front of FiLM, which supplies both.
        groups: Groups of channels, for group normalisation alone.
        spatial: Whether the input is maps, or one number per channel.

    Returns:
        A layer that keeps its input's shape.
    """
    match norm:
        case Norm.BATCH:
            kind = nn.BatchNorm2d if spatial else nn.BatchNorm1d
            return kind(width, affine=affine)
        case Norm.NONE:
            return nn.Identity()
        case Norm.LAYER:
            return nn.GroupNorm(1, width, affine=affine)
        case Norm.GROUP:
            return nn.GroupNorm(groups, width, affine=affine)


class ConditionalNorm(nn.Module):
    """A norm whose own scale and shift are changed for every picture.

    What it computes is ``(γ + Δγ) · normed + (β + Δβ)``. Its own γ and β start at 1
    and 0 and are learnt.

    Args:
        norm: What normalises, without a scale and a shift.
        width: Number of channels.

    References:
        de Vries et al., NIPS 2017, https://arxiv.org/abs/1707.00683, Section 3.2,
        whose own γ and β are those of a trained network, and frozen.
    """

    def __init__(self, norm: nn.Module, width: int) -> None:
        super().__init__()
        self.norm = norm
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(
        self,
        maps: Float[Tensor, "batch channels height width"],
        scale_change: Float[Tensor, "batch channels"] | None,
        shift_change: Float[Tensor, "batch channels"] | None,
    ) -> Float[Tensor, "batch channels height width"]:
        """Normalise, scale and shift.

        Args:
            maps: Feature maps of a batch of pictures.
            scale_change: Δγ; None where all are 0.
            shift_change: Δβ; None where all are 0.

        Returns:
            Maps of the same shape.
        """
        scale, shift = (own.expand(len(maps), -1) for own in (self.weight, self.bias))
        if scale_change is not None:
            scale = scale + scale_change
        if shift_change is not None:
            shift = shift + shift_change
        return modulate(self.norm(maps), scale, shift)
