"""Images are read as 8 bit RGB, resized as the paper does, or refused by name."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from film.data.images import default_size, read_pixels
from film.errors import DataError


def save(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (height, width, channels), dtype=np.uint8)


def test_the_channels_come_first_and_the_values_are_the_files(tmp_path: Path) -> None:
    pixels = noise(4, 6)
    read = read_pixels(save(tmp_path / "a.png", pixels))
    assert read.shape == (3, 4, 6)
    assert np.array_equal(read[2, 1], pixels[1, :, 2])


def test_transparency_is_dropped_and_gray_becomes_three_channels(
    tmp_path: Path,
) -> None:
    pixels = noise(4, 6, channels=4)
    read = read_pixels(save(tmp_path / "rgba.png", pixels))
    assert np.array_equal(read, pixels[..., :3].transpose(2, 0, 1))
    gray = noise(4, 6)[..., 0]
    read = read_pixels(save(tmp_path / "gray.png", gray))
    assert all(np.array_equal(channel, gray) for channel in read)


def test_resizing_keeps_a_plain_colour_and_the_order_of_height_and_width(
    tmp_path: Path,
) -> None:
    plain = np.full((4, 6, 3), 77, dtype=np.uint8)
    read = read_pixels(save(tmp_path / "plain.png", plain), (9, 5))
    assert read.shape == (3, 9, 5)
    assert (read == 77).all()


def test_a_small_image_keeps_its_size_and_a_large_one_gets_the_papers(
    tmp_path: Path,
) -> None:
    assert default_size(save(tmp_path / "small.png", noise(64, 96))) == (64, 96)
    assert default_size(save(tmp_path / "edge.png", noise(224, 224))) == (224, 224)
    assert default_size(save(tmp_path / "large.png", noise(100, 225))) == (224, 224)


def test_an_image_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.png", noise(64, 64)).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.png").write_text("no image", encoding="utf-8")
    with pytest.raises(DataError, match=r"cut\.png is broken or cut off .*get it agai"):
        read_pixels(tmp_path / "cut.png")
    with pytest.raises(DataError, match=r"text\.png is no image that can be read"):
        read_pixels(tmp_path / "text.png")
    with pytest.raises(DataError, match=r"absent\.png does not exist"):
        read_pixels(tmp_path / "absent.png")


def test_an_image_of_too_many_pixels_is_named(tmp_path: Path) -> None:
    Image.new("1", (20000, 20000)).save(tmp_path / "huge.png")
    with pytest.raises(DataError, match=r"huge\.png has more pixels than is safe"):
        read_pixels(tmp_path / "huge.png")


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9, 0.99])
def test_a_real_image_cut_off_anywhere_is_refused(
    shared: Path, tmp_path: Path, share: float
) -> None:
    name = "CLEVR_train_000000.png"
    path = shared / "clevr" / "CLEVR_v1.0" / "images" / "train" / name
    whole = path.read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DataError, match=name):
        read_pixels(tmp_path / name)
    assert read_pixels(path).shape == (3, 320, 480)
