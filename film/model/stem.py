"""From a picture, or its features, to the maps that the blocks work on."""

from jaxtyping import Float
from torch import Tensor, nn

from film.config import Coordinates, ImageInput, ModelConfig
from film.model.coordinates import with_coordinates
from film.model.norm import norm_layer

__all__ = ["Stem"]


class Stem(nn.Module):
    """One convolution on features; a few of 4×4 with stride 2 on pixels.

    Coordinate maps enter on features alone: the authors' pixel stem has none.

    References:
        Perez et al., AAAI 2018, Section 3; the authors' code, film_pixels.sh.
    """

    def __init__(self, config: ModelConfig, *, n_channels: int) -> None:
        super().__init__()
        self.uses_coordinates = False
        match config.stem.input:
            case ImageInput.FEATURES:
                kernel, stride, n_layers = config.stem.kernel_size, 1, 1
                padding = kernel // 2
                self.uses_coordinates = config.coordinates is not Coordinates.NONE
            case ImageInput.PIXELS:
                kernel, stride, padding = 4, 2, 1
                n_layers = config.stem.n_downsamplings
        inputs = n_channels + (2 if self.uses_coordinates else 0)
        self.layers = nn.ModuleList()
        for _ in range(n_layers):
            self.layers.append(
                nn.ModuleDict(
                    {
                        "conv": nn.Conv2d(
                            inputs, config.width, kernel, stride, padding
                        ),
                        "norm": norm_layer(
                            config.norm, config.width, groups=config.norm_groups
                        ),
                    }
                )
            )
            inputs = config.width

    def forward(
        self, images: Float[Tensor, "batch inputs height width"]
    ) -> Float[Tensor, "batch channels rows columns"]:
        """Compute the first maps.

        Args:
            images: Features, or pixels from 0 to 1.

        Returns:
            Maps; of the same height and width for features.
        """
        maps = with_coordinates(images) if self.uses_coordinates else images
        for layer in self.layers:
            assert isinstance(layer, nn.ModuleDict)  # noqa: S101 - built above
            maps = layer["norm"](layer["conv"](maps)).relu()
        return maps
