"""Question and picture are put beside each other, as published."""

import pytest
import torch
from torch import nn

from film.config import CnnLstmConfig, Config
from film.errors import ConfigError
from film.model.baselines.cnn_lstm import CnnLstm
from film.model.build import build_network
from film.model.network import DataSizes

SIZES = DataSizes(n_words=9, n_answers=7, image_shape=(3, 5, 6))
SMALL = CnnLstmConfig(
    word_dim=3, hidden=5, n_layers=1, projection=4, classifier_hidden=(8,)
)


def some_questions() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    questions = torch.randint(1, 9, (3, 6), generator=generator)
    questions[1, 3:] = 0
    return questions


def some_images() -> torch.Tensor:
    return torch.rand((3, 3, 5, 6), generator=torch.Generator().manual_seed(2))


@torch.no_grad()
def naive_logits(
    network: CnnLstm, question: list[int], image: torch.Tensor
) -> list[float]:
    """One question, one cell after the other; the odd row is left out."""
    words = torch.tensor([[word for word in question if word]])
    states, _ = network.reader.rnn(network.reader.embedding(words))
    conv = network.looker[0]
    assert isinstance(conv, nn.Conv2d)
    assert conv.bias is not None
    weight = conv.weight[:, :, 0, 0]
    seen = []
    for channel in range(4):
        for top in (0, 2):
            for left in (0, 2, 4):
                cells = [
                    float(weight[channel] @ image[:, y, x] + conv.bias[channel])
                    for y in (top, top + 1)
                    for x in (left, left + 1)
                ]
                seen.append(max(0.0, *cells))
    both = torch.cat([states[0, -1], torch.tensor(seen)])
    first, _, last = network.classifier
    logits: list[float] = last(first(both).clamp(min=0)).tolist()
    return logits


def test_it_agrees_with_a_naive_second_implementation() -> None:
    network = CnnLstm(SMALL, SIZES).eval()
    questions, images = some_questions(), some_images()
    with torch.no_grad():
        ours = network(questions, images)
    for row, question, image in zip(ours, questions.tolist(), images, strict=True):
        expected = torch.tensor(naive_logits(network, question, image))
        torch.testing.assert_close(row, expected)


def test_padding_changes_nothing() -> None:
    network = CnnLstm(SMALL, SIZES).eval()
    questions, images = some_questions(), some_images()
    longer = nn.functional.pad(questions, (0, 5))
    assert network(questions, images).equal(network(longer, images))


def test_it_has_as_many_weights_as_its_published_sizes_give() -> None:
    sizes = DataSizes(n_words=93, n_answers=32, image_shape=(1024, 14, 14))
    config = Config().with_changes({"model.architecture": "cnn_lstm"}).model
    with torch.device("meta"):
        network = build_network(config, sizes)
    count = {
        name: sum(p.numel() for p in part.parameters())
        for name, part in network.named_children()
    }
    first = 4 * 256 * (300 + 256 + 2)  # four gates of inputs, states and two biases
    second = 4 * 256 * (256 + 256 + 2)
    assert count == {
        "reader": 93 * 300 + first + second,
        "looker": 1025 * 512,
        "classifier": (256 + 512 * 7 * 7 + 1) * 1024 + 1025 * 32,
    }


def test_the_two_sides_draw_weights_apart() -> None:
    one = CnnLstm(SMALL, SIZES, generator_seed=1, network_seed=2).state_dict()
    other = CnnLstm(SMALL, SIZES, generator_seed=3, network_seed=2).state_dict()
    moved = {name.split(".")[0] for name in one if not one[name].equal(other[name])}
    assert moved == {"reader"}


def test_maps_too_small_to_pool_are_refused() -> None:
    sizes = DataSizes(n_words=9, n_answers=7, image_shape=(3, 1, 6))
    with pytest.raises(ConfigError, match=r"pools squares of 2×2.* have 6×1"):
        CnnLstm(SMALL, sizes)
