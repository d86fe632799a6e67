"""Normalisation as a setting."""

from torch import nn

from film.config import Norm

__all__ = ["norm_layer"]


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
