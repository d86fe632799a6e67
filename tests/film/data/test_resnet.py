"""ResNet features: what the paper's preprocessing and its conv4 give, and no other.

torchvision is an optional extra. Where it can be imported, a random ResNet-101 is held
against the network written out by hand; everywhere, a stand-in with the same parts
shows what is done to pictures and weights.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from urllib.error import URLError

import h5py
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from film.config import ImageInput
from film.data.fingerprint import data_fingerprint
from film.data.prepare import PrepareOptions, prepare
from film.data.resnet import RESNET_SIZE, ResNetExtractor, load_resnet
from film.errors import ConfigError, DataError

MakeClevr = Callable[..., Path]

MEAN = np.array([0.485, 0.456, 0.406])
SPREAD = np.array([0.229, 0.224, 0.224])

BLOCKS = {"layer1": 3, "layer2": 4, "layer3": 23}


class StandIn(nn.Module):
    """The parts of a ResNet by their names, each as small as can be."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Conv2d(4, 4, 1)
        self.layer2 = nn.Conv2d(4, 4, 1, 2)
        self.layer3 = nn.Conv2d(4, 5, 1, 2)
        self.layer4 = nn.Conv2d(5, 5, 1, 2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(5, 2)


def random_weights(network: nn.Module, seed: int) -> dict[str, Tensor]:
    """Weights and statistics that keep the maps of a deep network small."""
    rng = torch.Generator().manual_seed(seed)
    weights = {}
    for name, values in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            weights[name] = values
        elif values.ndim == 1:
            drawn = torch.rand(values.shape, generator=rng) * 0.4
            weights[name] = drawn + 1 if name.endswith("running_var") else drawn
        else:
            drawn = torch.randn(values.shape, generator=rng)
            weights[name] = drawn / values[0].numel() ** 0.5
    return weights


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Put a stand-in where torchvision would be; its weights can be fetched."""
    published = SimpleNamespace(
        url="https://example.org/resnet101.pth",
        get_state_dict=lambda progress: random_weights(StandIn(), 0),  # noqa: ARG005
    )
    models, torchvision = ModuleType("models"), ModuleType("torchvision")
    vars(models)["resnet101"] = lambda weights: StandIn()  # noqa: ARG005
    vars(models)["ResNet101_Weights"] = SimpleNamespace(IMAGENET1K_V1=published)
    vars(torchvision)["models"] = models
    monkeypatch.setitem(sys.modules, "torchvision", torchvision)
    return published


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 3, *RESNET_SIZE), np.uint8)


def store(source: Path, out: Path, extract: ResNetExtractor, **more: object) -> None:
    options = {
        "extractor": extract,
        "extractor_size": RESNET_SIZE,
        "extractor_name": extract.name,
    }
    list(prepare(source, out, PrepareOptions(**options, **more)))


def save(weights: Mapping[str, Tensor], path: Path) -> Path:
    torch.save(dict(weights), path)
    return path


@pytest.mark.usefixtures("stand_in")
def test_pictures_are_normalised_and_pass_the_first_three_layers_in_eval_mode(
    tmp_path: Path, pictures: np.ndarray
) -> None:
    weights = random_weights(StandIn(), 1)
    extract = load_resnet(save(weights, tmp_path / "w.pth"), "cpu")
    inputs = (pictures / 255 - MEAN[:, None, None]) / SPREAD[:, None, None]
    maps = convolved(torch.from_numpy(inputs).float(), weights, "conv1", 2)
    maps = functional.max_pool2d(normed(maps, weights, "bn1").relu(), 3, 2, 1)
    for layer, stride in (("layer1", 1), ("layer2", 2), ("layer3", 2)):
        maps = convolved(maps, weights, layer, stride)
    features = extract(pictures)
    assert features.dtype == np.float16
    assert features.shape == (2, 5, 14, 14)
    assert maps.std() > 0.1
    assert np.abs(features - maps.numpy()).max() < 2e-3 * maps.abs().max()


@pytest.mark.usefixtures("stand_in")
def test_features_are_of_pictures_at_224_whatever_size_is_stored_of_them(
    make_clevr: MakeClevr, tmp_path: Path
) -> None:
    source = make_clevr(size=(240, 160))
    extract = load_resnet(device="cpu")
    store(source, tmp_path, extract, image_size=(8, 12))
    with h5py.File(tmp_path / "train.h5") as file:
        assert file["images"].shape == (2, 3, 8, 12)
        features = file["features"][:]
    squares = []
    for name in ("CLEVR_train_000000.png", "CLEVR_train_000007.png"):
        picture = Image.open(source / "images" / "train" / name)
        squares.append(picture.resize((224, 224), Image.Resampling.BICUBIC))
    pixels = np.stack([np.asarray(square).transpose(2, 0, 1) for square in squares])
    assert np.array_equal(features, extract(np.ascontiguousarray(pixels)))


def test_other_weights_are_other_data_and_the_store_names_them(
    stand_in: SimpleNamespace, make_clevr: MakeClevr, tmp_path: Path
) -> None:
    # The first file lacks what is not used, and has counted batches: the same weights.
    same = stand_in.get_state_dict(progress=False)
    same["bn1.num_batches_tracked"] += 7
    del same["fc.weight"], same["layer4.bias"]
    other = random_weights(StandIn(), 1)
    fetched, read, changed = (
        load_resnet(device="cpu"),
        load_resnet(save(same, tmp_path / "same.pth"), "cpu"),
        load_resnet(save(other, tmp_path / "other.pth"), "cpu"),
    )
    assert fetched.name == read.name != changed.name
    source = make_clevr()
    fingerprints = []
    for place, extract in enumerate((fetched, read, changed)):
        out = tmp_path / str(place)
        store(source, out, extract)
        fingerprints.append(data_fingerprint(out, ImageInput.FEATURES))
        for split in ("train", "val"):
            with h5py.File(out / f"{split}.h5") as file:
                assert file["features"].attrs["extractor"] == extract.name
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]


@pytest.mark.usefixtures("stand_in")
def test_a_file_that_holds_other_things_than_these_weights_is_refused(
    tmp_path: Path,
) -> None:
    weights = random_weights(StandIn(), 0)
    missing = {name: values for name, values in weights.items() if "layer2" not in name}
    save(missing, tmp_path / "missing.pth")
    (tmp_path / "text.pth").write_text("no weights")
    torch.save([1, 2], tmp_path / "list.pth")
    for name, line in (
        ("no.pth", r"no\.pth does not exist"),
        ("text.pth", r"text\.pth holds no weights of torch: "),
        ("list.pth", r"list\.pth holds no state_dict; write one with"),
        (
            "missing.pth",
            r"missing\.pth holds no weights of torchvision's ResNet-101: M",
        ),
    ):
        with pytest.raises(DataError, match=line) as raised:
            load_resnet(tmp_path / name, "cpu")
        assert "\n" not in str(raised.value)


def test_without_a_network_the_line_says_what_to_fetch(
    stand_in: SimpleNamespace,
) -> None:
    def fail(*, progress: bool) -> None:
        assert not progress
        raise URLError("no route")

    stand_in.get_state_dict = fail
    with pytest.raises(
        DataError, match=r"resnet101\.pth \(.*no route.*--resnet-weights"
    ):
        load_resnet(device="cpu")


@pytest.mark.usefixtures("stand_in")
def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^device gpu: "):
        load_resnet(device="gpu")


@pytest.mark.usefixtures("stand_in")
def test_numbers_beyond_half_precision_are_refused(
    tmp_path: Path, pictures: np.ndarray
) -> None:
    weights = random_weights(StandIn(), 0)
    weights["layer3.weight"] *= 1e6
    extract = load_resnet(save(weights, tmp_path / "large.pth"), "cpu")
    with pytest.raises(DataError, match=r"beyond half precision; are the weights"):
        extract(pictures)


def test_without_torchvision_the_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(ConfigError, match=r"pip install 'film-ablations\[resnet\]'"):
        load_resnet(device="cpu")


def test_the_real_network_gives_what_its_definition_gives(
    tmp_path: Path, pictures: np.ndarray
) -> None:
    try:
        from torchvision.models import resnet101  # noqa: PLC0415
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"torchvision cannot be imported: {error}")
    weights = random_weights(resnet101(weights=None), 0)
    extract = load_resnet(save(weights, tmp_path / "w.pth"), "cpu")
    features = extract(pictures)
    assert features.shape == (2, 1024, 14, 14)
    inputs = (pictures / 255 - MEAN[:, None, None]) / SPREAD[:, None, None]
    maps = torch.from_numpy(inputs).float()
    maps = normed(convolved(maps, weights, "conv1", 2), weights, "bn1").relu()
    maps = functional.max_pool2d(maps, 3, 2, 1)
    for layer, n_blocks in BLOCKS.items():
        for place in range(n_blocks):
            stride = 2 if layer != "layer1" and place == 0 else 1
            maps = bottleneck(maps, weights, f"{layer}.{place}", stride)
    assert maps.std() > 0.1
    assert np.abs(features - maps.numpy()).max() < 2e-3 * maps.max()


def bottleneck(
    maps: Tensor, weights: Mapping[str, Tensor], block: str, stride: int
) -> Tensor:
    shortcut = maps
    if f"{block}.downsample.0.weight" in weights:
        shortcut = convolved(maps, weights, f"{block}.downsample.0", stride)
        shortcut = normed(shortcut, weights, f"{block}.downsample.1")
    for number in (1, 2, 3):
        step = stride if number == 2 else 1
        maps = convolved(maps, weights, f"{block}.conv{number}", step)
        maps = normed(maps, weights, f"{block}.bn{number}")
        maps = maps.relu() if number < 3 else maps
    return (maps + shortcut).relu()


def convolved(
    maps: Tensor, weights: Mapping[str, Tensor], name: str, stride: int
) -> Tensor:
    kernel = weights[f"{name}.weight"]
    bias = weights.get(f"{name}.bias")
    return functional.conv2d(
        maps, kernel.to(maps.dtype), bias, stride, kernel.shape[-1] // 2
    )


def normed(maps: Tensor, weights: Mapping[str, Tensor], name: str) -> Tensor:
    mean, var, scale, shift = (
        weights[f"{name}.{part}"][:, None, None].to(maps.dtype)
        for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (maps - mean) / (var + 1e-5).sqrt() * scale + shift
