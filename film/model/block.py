"""The residual block and the places in it where FiLM can stand."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from film.config import Conditioning, Coordinates, FilmPlacement, ModelConfig, Norm
from film.model.coordinates import with_coordinates
from film.model.modulation import modulate
from film.model.norm import ConditionalNorm, norm_layer

__all__ = ["ResBlock"]


class ResBlock(nn.Module):
    """Conv-1 (1×1), ReLU-1, then Conv-2, norm, FiLM, ReLU-2, added to ReLU-1.

    The shortcut starts after the first ReLU, and no ReLU follows the sum. A
    conditioned block's norm has no scale and shift of its own wherever FiLM stands;
    an unconditioned block's has. A block conditioned by concatenation gets γ and β
    as constant maps beside the input of Conv-2, and an affine norm. Where a norm is
    what is conditioned, it replaces the block's.

    References:
        Perez et al., AAAI 2018, Figure 3 and Table 2; the authors' code, layers.py.
        The alternatives: ``film.config.Conditioning``.
    """

    def __init__(self, config: ModelConfig, *, is_conditioned: bool) -> None:
        super().__init__()
        is_concatenated = (
            is_conditioned and config.film.conditioning is Conditioning.CONCAT
        )
        self.config = config
        self.is_concatenated = is_concatenated
        self.placement = _placement(config) if is_conditioned else None
        width = config.width
        n_coordinates = 0 if config.coordinates is Coordinates.NONE else 2
        inputs = width + (2 if config.coordinates is Coordinates.TWICE else 0)
        if is_concatenated:
            inputs += 2 * width
        self.conv_1x1 = nn.Conv2d(width + n_coordinates, width, 1)
        self.conv_kxk = nn.Conv2d(
            inputs, width, config.kernel_size, padding=config.kernel_size // 2
        )
        self.norm = _block_norm(config, is_conditioned=is_conditioned)

    def forward(
        self,
        maps: Float[Tensor, "batch channels height width"],
        gamma: Float[Tensor, "batch channels"] | None,
        beta: Float[Tensor, "batch channels"] | None,
    ) -> Float[Tensor, "batch channels height width"]:
        """Run the block.

        Args:
            maps: The last block's, or the stem's, output.
            gamma: Scales, which an unconditioned block does not look at; None
                where they are all 1.
            beta: Shifts, likewise; None where they are all 0.

        Returns:
            Maps of the same shape.
        """
        place, coordinates = FilmPlacement, self.config.coordinates
        maps = self._film_at(place.BEFORE_CONV, maps, gamma, beta)
        if coordinates is not Coordinates.NONE:
            maps = with_coordinates(maps)
        shortcut = self.conv_1x1(maps).relu()
        maps = shortcut
        if self.is_concatenated and gamma is not None and beta is not None:
            maps = _with_constant_maps(maps, gamma, beta)
        if coordinates is Coordinates.TWICE:
            maps = with_coordinates(maps)
        maps = self._film_at(place.AFTER_CONV, self.conv_kxk(maps), gamma, beta)
        if isinstance(self.norm, ConditionalNorm):
            maps = self.norm(maps, gamma, beta)
        else:
            maps = self.norm(maps)
        maps = self._film_at(place.AFTER_NORM, maps, gamma, beta)
        maps = self._film_at(place.AFTER_RELU, maps.relu(), gamma, beta)
        if self.config.residual:
            maps = shortcut + maps
        return self._film_at(place.AFTER_RESIDUAL, maps, gamma, beta)

    def _film_at(
        self,
        place: FilmPlacement,
        maps: Tensor,
        gamma: Tensor | None,
        beta: Tensor | None,
    ) -> Tensor:
        if place is not self.placement or gamma is None or beta is None:
            return maps
        return modulate(maps, gamma, beta)


# Where a conditioned block scales and shifts, if it does so apart from its norm.
def _placement(config: ModelConfig) -> FilmPlacement | None:
    match config.film.conditioning:
        case Conditioning.FILM:
            return config.film.placement
        case Conditioning.ADAIN:
            return FilmPlacement.AFTER_NORM
        case (
            Conditioning.CONCAT
            | Conditioning.CONDITIONAL_BATCH_NORM
            | Conditioning.CONDITIONAL_LAYER_NORM
        ):
            return None


def _block_norm(config: ModelConfig, *, is_conditioned: bool) -> nn.Module:
    norm, width, groups = config.norm, config.width, config.norm_groups
    if not is_conditioned:
        return norm_layer(norm, width, groups=groups)
    match config.film.conditioning:
        case Conditioning.FILM:
            return norm_layer(norm, width, affine=False, groups=groups)
        case Conditioning.CONCAT:
            return norm_layer(norm, width, groups=groups)
        case Conditioning.CONDITIONAL_BATCH_NORM:
            return ConditionalNorm(norm_layer(Norm.BATCH, width, affine=False), width)
        case Conditioning.CONDITIONAL_LAYER_NORM:
            return ConditionalNorm(norm_layer(Norm.LAYER, width, affine=False), width)
        case Conditioning.ADAIN:
            return norm_layer(Norm.GROUP, width, affine=False, groups=width)


def _with_constant_maps(maps: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    constants = torch.cat([gamma, beta], dim=1)[:, :, None, None]
    return torch.cat([maps, constants.expand(-1, -1, *maps.shape[2:])], dim=1)
