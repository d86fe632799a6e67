"""The small network whose feature maps stand in for ResNet's in the embedded world.

It was taught to name what stands in each cell of 8×8 pixels, on scenes that no study
uses (``film.world.features.teaching``). Its last feature map before the names is what
the model sees: 32 channels of about unit size. It is fully convolutional, so that any
picture whose sides are multiples of eight has a map.

The paper takes features of a ResNet-101 trained on ImageNet (Section 3.2). Those of
this network come from the world itself, so they are easier to read than the paper's.
"""

from hashlib import sha256
from pathlib import Path
from typing import Final, final
from zipfile import BadZipFile

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from film.errors import DataError
from film.world.attributes import VALUES, Attribute

__all__ = [
    "LAYERS",
    "N_CHANNELS",
    "SHIPPED",
    "Extractor",
    "load_extractor",
    "weights_digest",
    "write_weights",
]

LAYERS: Final = (
    (3, 32, 2),
    (32, 32, 1),
    (32, 32, 1),
    (32, 64, 2),
    (64, 64, 1),
    (64, 64, 1),
    (64, 96, 2),
    (96, 32, 1),
)
"""Channels in, channels out and stride of each 3×3 convolution."""

N_CHANNELS: Final = LAYERS[-1][1]
"""Channels of the feature map."""

SHIPPED: Final = Path(__file__).with_name("extractor.npz")
"""The weights that come with the package."""

_MIDDLE = 0.4  # brightness and contrast of the world's pictures, about
_SPREAD = 0.2

_N_NAMES = {attribute: len(values) for attribute, values in VALUES.items()}


@final
class Extractor(nn.Module):
    """Convolutions, each followed by a ReLU, and the names read off the last map.

    Args:
        is_taught: Whether the normalisation that teaching needs is folded into the
            convolutions already.
    """

    def __init__(self, *, is_taught: bool = True) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for n_in, n_out, stride in LAYERS:
            layers.append(nn.Conv2d(n_in, n_out, 3, stride, 1, bias=is_taught))
            if not is_taught:
                layers.append(nn.BatchNorm2d(n_out))
            layers.append(nn.ReLU())
        self.layers = nn.Sequential(*layers)
        self.presence = nn.Conv2d(N_CHANNELS, 1, 1)
        self.names = nn.Conv2d(N_CHANNELS, sum(_N_NAMES.values()), 1)

    def forward(
        self, images: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, "batch channels rows columns"]:
        """Compute the feature map.

        Args:
            images: Pictures, values from 0 to 1.

        Returns:
            The map, an eighth of the picture's size.
        """
        features: Tensor = self.layers((images - _MIDDLE) / _SPREAD)
        return features

    def read_presence(
        self, features: Float[Tensor, "batch channels rows columns"]
    ) -> Float[Tensor, "batch rows columns"]:
        """Tell where something stands.

        Args:
            features: The feature map.

        Returns:
            Logits; positive where an object is seen.
        """
        presence: Tensor = self.presence(features)
        return presence[:, 0]

    def read_names(
        self, features: Float[Tensor, "batch channels rows columns"]
    ) -> dict[Attribute, Float[Tensor, "batch values rows columns"]]:
        """Name what stands in each cell.

        Args:
            features: The feature map.

        Returns:
            Logits over the values of each attribute.
        """
        logits = self.names(features).split(list(_N_NAMES.values()), dim=1)
        return dict(zip(_N_NAMES, logits, strict=True))


def load_extractor(path: Path = SHIPPED) -> Extractor:
    """Load taught weights.

    Args:
        path: The file; by default the one that comes with the package.

    Returns:
        The network, ready to use.

    Raises:
        DataError: If the file is missing or holds another network.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            weights = {
                name: torch.from_numpy(file[name].astype(np.float32)) for name in file
            }
        extractor = Extractor()
        extractor.load_state_dict(weights)
    except (OSError, ValueError, RuntimeError, EOFError, BadZipFile) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} holds no weights of the extractor: {reason}") from None
    return extractor.eval().requires_grad_(requires_grad=False)


def write_weights(extractor: Extractor, path: Path) -> None:
    """Write taught weights in half precision.

    Args:
        extractor: The network.
        path: The file, replaced if it exists.
    """
    weights = {
        name: tensor.detach().numpy().astype(np.float16)
        for name, tensor in extractor.state_dict().items()
    }
    with path.open("wb") as file:  # given a name, NumPy may add an ending to it
        np.savez_compressed(file, allow_pickle=False, **weights)


def weights_digest(path: Path = SHIPPED) -> str:
    """Name the weights by their content.

    Args:
        path: The file.

    Returns:
        Twelve characters that change with any weight.
    """
    digest = sha256()
    with np.load(path, allow_pickle=False) as file:
        for name in sorted(file):
            digest.update(name.encode())
            digest.update(file[name].tobytes())
    return digest.hexdigest()[:12]
