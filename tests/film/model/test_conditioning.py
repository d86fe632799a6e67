"""A block hears a question in one of several ways, each worked out here by hand."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d

from film.config import Conditioning, Config, ModelConfig
from film.model.block import ResBlock
from film.model.network import DataSizes, FilmNetwork
from film.model.size import network_size
from studies.catalogue import find_study
from studies.row import Row

EPSILON = 1e-5
WIDTH, BATCH = 4, 3
AXES = {  # what a mean and a variance are taken over, of (batch, channel, row, column)
    "conditional_batch_norm": (0, 2, 3),
    "conditional_layer_norm": (1, 2, 3),
    "adain": (2, 3),
}
STUDIES = "conditioning", "conditioning-embedded"


def block_of(way: str) -> ResBlock:
    config = Config().with_changes(
        {
            "model.width": WIDTH,
            "model.kernel_size": 1,
            "model.coordinates": "none",
            "model.film.conditioning": way,
        }
    )
    block = ResBlock(config.model, is_conditioned=True)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.add_(torch.rand(parameter.shape) - 0.5)
    return block


def some_maps() -> torch.Tensor:
    return torch.randn((BATCH, WIDTH, 2, 5)) + 1


def some_parameters() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn((BATCH, WIDTH)), torch.randn((BATCH, WIDTH))


def standard(maps: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    return (maps - mean) / np.sqrt(variance + EPSILON)


def by_hand(
    block: ResBlock, normed: np.ndarray, shortcut: np.ndarray, *parameters: torch.Tensor
) -> np.ndarray:
    own = dict(block.norm.named_parameters())
    assert set(own) in ({"weight", "bias"}, set())
    start = (own["weight"], own["bias"]) if own else (torch.zeros(WIDTH),) * 2
    scale, shift = (
        (first + change).detach().numpy()[:, :, None, None]
        for first, change in zip(start, parameters, strict=True)
    )
    return np.asarray(shortcut + np.maximum(scale * normed + shift, 0))


@pytest.mark.parametrize("way", AXES)
def test_in_training_the_statistics_are_those_of_what_is_seen(way: str) -> None:
    torch.manual_seed(0)
    block, maps, parameters = block_of(way).train(), some_maps(), some_parameters()
    shortcut, inside = convolved(block, maps)
    mean = inside.mean(axis=AXES[way], keepdims=True)
    variance = inside.var(axis=AXES[way], keepdims=True)
    expected = by_hand(block, standard(inside, mean, variance), shortcut, *parameters)
    with torch.no_grad():
        np.testing.assert_allclose(block(maps, *parameters), expected, atol=1e-5)


def test_in_evaluation_conditional_batch_norm_takes_running_statistics() -> None:
    torch.manual_seed(0)
    block, parameters = block_of("conditional_batch_norm"), some_parameters()
    mean, variance = np.zeros((1, WIDTH, 1, 1)), np.ones((1, WIDTH, 1, 1))
    with torch.no_grad():
        for _ in range(2):
            maps = some_maps()
            block.train()(maps, *parameters)
            _, inside = convolved(block, maps)
            n = inside.size / WIDTH
            seen = inside.mean(axis=(0, 2, 3), keepdims=True)
            spread = inside.var(axis=(0, 2, 3), keepdims=True) * n / (n - 1)
            mean, variance = 0.9 * mean + 0.1 * seen, 0.9 * variance + 0.1 * spread
    maps = some_maps()
    shortcut, inside = convolved(block, maps)
    expected = by_hand(block, standard(inside, mean, variance), shortcut, *parameters)
    with torch.no_grad():
        np.testing.assert_allclose(block.eval()(maps, *parameters), expected, atol=1e-5)


@pytest.mark.parametrize("way", ["conditional_layer_norm", "adain"])
def test_a_picture_alone_is_what_it_is_among_others(way: str) -> None:
    torch.manual_seed(0)
    block, maps, (gamma, beta) = block_of(way).train(), some_maps(), some_parameters()
    with torch.no_grad():
        together = block(maps, gamma, beta)
        alone = block.eval()(maps[1:2], gamma[1:2], beta[1:2])
    torch.testing.assert_close(together[1:2], alone)


def test_a_conditional_norm_starts_as_the_norm_without_a_condition() -> None:
    config = Config().with_changes(
        {"model.width": WIDTH, "model.film.conditioning": "conditional_batch_norm"}
    )
    torch.manual_seed(0)
    block = ResBlock(config.model, is_conditioned=True)
    torch.manual_seed(0)
    plain = ResBlock(config.model, is_conditioned=False)
    maps, zeros = some_maps(), torch.zeros((BATCH, WIDTH))
    with torch.no_grad():
        torch.testing.assert_close(block(maps, zeros, zeros), plain(maps, None, None))
        torch.testing.assert_close(block(maps, None, None), plain(maps, None, None))


def convolved(block: ResBlock, maps: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """What is added at the end, and what is normalised."""
    with torch.no_grad():
        first, second = block.conv_1x1, block.conv_kxk
        shortcut = conv2d(maps, first.weight, first.bias).clamp(min=0)
        return shortcut.numpy(), conv2d(shortcut, second.weight, second.bias).numpy()


class TestStudy:
    @pytest.mark.parametrize("name", STUDIES)
    def test_every_way_is_a_row(self, name: str) -> None:
        ways = {row.config.model.film.conditioning for row in find_study(name).rows}
        assert ways == set(Conditioning)

    def test_halves_of_film_are_the_ablations_and_not_trained_twice(self) -> None:
        for one, other in (
            ("conditioning", "architecture"),
            ("conditioning-embedded", "quick"),
        ):
            known = {row.config.identity() for row in find_study(other).rows}
            shared = {
                row.label
                for row in find_study(one).rows
                if row.config.identity() in known
            }
            halves = {"bias only (γ := 1)", "scale only (β := 0)"}
            assert shared - {find_study(one).baseline.label} == halves

    @pytest.mark.parametrize(
        "row",
        [row for name in STUDIES for row in find_study(name).rows],
        ids=lambda row: row.label,
    )
    def test_a_row_learns_from_a_batch(self, row: Row) -> None:
        small = {"model.generator.hidden": 8, "model.generator.word_dim": 4}
        config = row.config.with_changes(small)
        loss_before, loss_after = losses(config.model, config.train.learning_rate)
        assert loss_after < loss_before

    def test_parameters_are_counted_by_hand_at_the_papers_size(self) -> None:
        weights = {row.label: weights_of(row.config.model) for row in rows_of_paper()}
        blocks = 657_408  # as in the authors' model
        per_norm = 4 * 2 * 128
        beside = 4 * (2 * 128) * 9 * 128  # two more maps per channel into Conv-2
        baseline = weights["baseline"]
        assert weights == {
            "baseline": 57_027_752 + 1_182_336 + blocks + 628_256,
            "concatenation": baseline + beside + per_norm,
            "conditional batch norm": baseline + per_norm,
            "conditional layer norm": baseline + per_norm,
            "AdaIN": baseline,
            "bias only (γ := 1)": baseline,
            "scale only (β := 0)": baseline,
        }


def rows_of_paper() -> tuple[Row, ...]:
    return find_study("conditioning").rows


def weights_of(config: ModelConfig) -> int:
    shape = (1024, 14, 14)
    return network_size(
        config, n_words=93, n_answers=32, image_shape=shape, n_tokens=46
    ).parameters


def losses(config: ModelConfig, learning_rate: float) -> tuple[float, float]:
    sizes = DataSizes(n_words=9, n_answers=5, image_shape=(3, 4, 4))
    network = FilmNetwork(config, sizes).train()
    generator = torch.Generator().manual_seed(0)
    batch: Any = (
        torch.randint(1, 9, (8, 5), generator=generator),
        torch.rand((8, 3, 4, 4), generator=generator),
    )
    answers = torch.arange(8) % 5
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    values = []
    for _ in range(2):
        loss = torch.nn.functional.cross_entropy(network(*batch), answers)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    return values[0], values[1]
