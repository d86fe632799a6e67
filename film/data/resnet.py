"""Features of real pictures: ResNet-101 as torchvision has it, up to its third stage.

The paper's features are the maps of "conv4": everything up to ``layer3``, in eval
mode, of pictures resized bicubically to 224 × 224, 1024 × 14 × 14 numbers each. The
authors took the weights that torchvision calls ``IMAGENET1K_V1`` today; it fetches
them where no file is given.

torchvision is an optional extra, ``pip install 'film-ablations[resnet]'``: it is
imported only when features are asked for.

References:
    Perez et al., *FiLM*, AAAI 2018, Section 3: features of a fixed ResNet-101. The
    means and the spreads of the colors are those of the authors' extract_features.py.
"""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any, Final, final
from urllib.error import URLError

import numpy as np
import torch
from jaxtyping import Float16, UInt8
from torch import Tensor, nn

from film.data.images import PAPER_SIZE
from film.errors import ConfigError, DataError

__all__ = ["RESNET_SIZE", "ResNetExtractor", "load_resnet"]

RESNET_SIZE: Final = PAPER_SIZE
"""Height and width of the pictures that the network sees."""

_MEAN: Final = (0.485, 0.456, 0.406)
_SPREAD: Final = (0.229, 0.224, 0.224)  # the authors' blue; elsewhere it is 0.225

_STAGES: Final = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3")


@final
class ResNetExtractor:
    """Computes the features of pictures of 224 × 224.

    They are kept in half precision, which takes half of the disk, 28 GB for CLEVR's
    training pictures, and rounds each number by less than a two-thousandth of it.

    Attributes:
        name: What computes them: the network and a digest of its weights.
    """

    def __init__(self, trunk: nn.Module, device: str) -> None:
        self.name = f"resnet101-conv4 {_digest(trunk.state_dict())}"
        self._trunk = trunk.eval().requires_grad_(requires_grad=False).to(device)
        self._device = device
        self._mean = torch.tensor(_MEAN, device=device)[:, None, None]
        self._spread = torch.tensor(_SPREAD, device=device)[:, None, None]

    @torch.inference_mode()
    def __call__(
        self, images: UInt8[np.ndarray, "images channels=3 height width"]
    ) -> Float16[np.ndarray, "images features rows columns"]:
        """Compute the features of some pictures.

        Args:
            images: Pictures, as ``read_pixels`` reads them.

        Returns:
            The maps of the third stage.

        Raises:
            DataError: If a number is too large for half precision, as those of
                weights that were never trained are.
        """
        pixels = torch.from_numpy(images).to(self._device).float() / 255
        # A GPU would round to ten bits, and choose its methods anew at each run.
        exactly = torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        )
        with exactly:
            features: Tensor = self._trunk((pixels - self._mean) / self._spread)
        halves = features.half()
        if not halves.isfinite().all():
            raise DataError(
                f"features of {self.name} go up to {float(features.max()):.3g}, beyond "
                "half precision; are the weights those of a trained network?"
            )
        return halves.cpu().numpy()


def load_resnet(
    weights: Path | None = None, device: str | None = None
) -> ResNetExtractor:
    """Load the network.

    Args:
        weights: A file with the weights of torchvision's ResNet-101, as
            ``torch.save(network.state_dict(), file)`` writes it; the last stage and
            the classifier may be absent. None takes torchvision's IMAGENET1K_V1,
            which is fetched once and kept by torch.
        device: Where it computes; None takes a GPU where there is one.

    Returns:
        The extractor.

    Raises:
        ConfigError: If torchvision cannot be imported, or torch does not know the
            device.
        DataError: If the weights cannot be fetched or read, or are others.
    """
    models = _torchvision_models()
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"device {device}: {str(error).splitlines()[0]}") from None
    network = models.resnet101(weights=None)
    trunk = nn.Sequential(
        OrderedDict((name, getattr(network, name)) for name in _STAGES)
    )
    where = "torchvision's IMAGENET1K_V1" if weights is None else str(weights)
    found = _fetch(models) if weights is None else _read(weights)
    used = {
        name: values for name, values in found.items() if name.split(".")[0] in _STAGES
    }
    try:
        trunk.load_state_dict(used)
    except RuntimeError as error:
        reason = str(error).splitlines()[1].strip()
        raise DataError(
            f"{where} holds no weights of torchvision's ResNet-101: {reason[:120]}"
        ) from None
    return ResNetExtractor(trunk, device)


def _torchvision_models() -> ModuleType:
    try:
        import torchvision  # noqa: PLC0415 - an optional extra
    except (ImportError, OSError, RuntimeError) as error:  # or built for another torch
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"features of resnet101 need torchvision, which cannot be imported "
            f"({reason}); pip install 'film-ablations[resnet]', in the version made "
            f"for torch {torch.__version__}"
        ) from None
    models: ModuleType = torchvision.models
    return models


def _fetch(models: ModuleType) -> Mapping[str, Tensor]:
    chosen = models.ResNet101_Weights.IMAGENET1K_V1
    try:
        found: Mapping[str, Tensor] = chosen.get_state_dict(progress=False)
    except (URLError, OSError) as error:
        raise DataError(
            f"the weights cannot be fetched from {chosen.url} ({error}); get this file "
            "where there is a network and give it (--resnet-weights FILE)"
        ) from None
    return found


def _read(path: Path) -> Mapping[str, Tensor]:
    try:
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except Exception as error:  # noqa: BLE001 - whatever a broken pickle raises
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(f"{path} holds no weights of torch: {reason[:120]}") from None
    if not isinstance(found, Mapping) or not all(
        isinstance(values, Tensor) for values in found.values()
    ):
        raise DataError(
            f"{path} holds no state_dict; write one with "
            "torch.save(network.state_dict(), FILE)"
        )
    return found


# Name the weights by their content; how many batches a norm saw is none of it.
def _digest(weights: Mapping[str, Tensor]) -> str:
    digest = sha256()
    for name in sorted(weights):
        if not name.endswith("num_batches_tracked"):
            digest.update(name.encode())
            digest.update(weights[name].detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()[:12]
