"""Maps that tell a convolution where it is."""

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["with_coordinates"]


def with_coordinates(
    maps: Float[Tensor, "batch channels height width"],
) -> Float[Tensor, "batch more_channels height width"]:
    """Concatenate two maps, x then y, each from −1 to 1, after the given ones.

    Args:
        maps: Feature maps.

    Returns:
        The same maps and two more.

    References:
        Perez et al., AAAI 2018, Section 3; Watters et al., 2017.
    """
    batch, _, height, width = maps.shape
    x, y = (
        torch.linspace(-1, 1, steps, dtype=maps.dtype, device=maps.device)
        for steps in (width, height)
    )
    x = x.expand(batch, 1, height, width)
    y = y[:, None].expand(batch, 1, height, width)
    return torch.cat([maps, x, y], dim=1)
