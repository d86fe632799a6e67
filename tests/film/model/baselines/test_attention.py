"""Attention looks where it is made to, and adds what it sees to the question."""

import pytest
import torch
from torch import nn

from film.config import Config, SaConfig
from film.model.baselines.attention import Attention, StackedAttention
from film.model.build import build_network
from film.model.network import DataSizes

SIZES = DataSizes(n_words=9, n_answers=7, image_shape=(3, 4, 5))
SMALL = SaConfig(word_dim=3, hidden=6, n_layers=1, attention_dim=4)


def some_questions() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    questions = torch.randint(1, 9, (3, 6), generator=generator)
    questions[1, 3:] = 0
    return questions


def some_images() -> torch.Tensor:
    return torch.rand((3, 3, 4, 5), generator=torch.Generator().manual_seed(2))


@torch.no_grad()
def naive_logits(
    network: StackedAttention, state: torch.Tensor, image: torch.Tensor
) -> torch.Tensor:
    """One picture, one place after the other."""
    weight, bias = network.projection.weight[:, :, 0, 0], network.projection.bias
    assert bias is not None
    places = [weight @ image[:, y, x] + bias for y in range(4) for x in range(5)]
    for attention in network.rounds:
        assert isinstance(attention, Attention)
        heard = attention.heard.weight @ state + attention.heard.bias
        scores = []
        for place in places:
            seen = attention.seen.weight[:, :, 0, 0] @ place
            if attention.seen.bias is not None:
                seen = seen + attention.seen.bias
            match = attention.match.weight[0, :, 0, 0] @ (seen + heard).tanh()
            scores.append(float(match))  # its bias is the same everywhere
        shares = torch.tensor(scores).exp()
        shares /= shares.sum()
        for share, place in zip(shares, places, strict=True):
            state = state + share * place
    logits: torch.Tensor = network.classifier(state)
    return logits


def test_it_agrees_with_a_naive_second_implementation() -> None:
    network = StackedAttention(SMALL, SIZES).eval()
    questions, images = some_questions(), some_images()
    with torch.no_grad():
        ours, states = network(questions, images), network.reader(questions)
    for row, state, image in zip(ours, states, images, strict=True):
        torch.testing.assert_close(row, naive_logits(network, state, image))


def test_weights_of_each_round_add_up_to_one() -> None:
    config = SMALL.model_copy(update={"rounds": 3})
    looked = StackedAttention(config, SIZES).look(some_questions(), some_images())
    assert looked.weights.shape == (3, 3, 4, 5)
    torch.testing.assert_close(looked.weights.sum(dim=(2, 3)), torch.ones(3, 3))
    assert (looked.weights >= 0).all()


def test_it_looks_where_it_is_made_to_and_then_elsewhere() -> None:
    """Look at what is lit in map 0, then at what is lit in map 1."""
    config = SMALL.model_copy(update={"hidden": 3, "attention_dim": 1})
    network = StackedAttention(config, SIZES)
    for part in (network.projection, *network.rounds):
        for parameter in part.parameters():
            nn.init.zeros_(parameter)
    with torch.no_grad():
        network.projection.weight[:, :, 0, 0] = torch.eye(3)
        for channel, attention in enumerate(network.rounds):
            assert isinstance(attention, Attention)
            attention.seen.weight[0, channel] = 5
            attention.match.weight[:] = 30
    images = torch.zeros(3, 3, 4, 5)
    images[:, 0, 1, 3] = 1
    images[:, 1, 2, 0] = 1
    images[:, 2, 2, 0] = 7  # seen by the second round alone
    looked = network.look(some_questions(), images)
    for weights, (y, x) in zip(looked.weights[0], [(1, 3), (2, 0)], strict=True):
        assert weights[y, x] > 0.999
    added = looked.state - network.reader(some_questions())
    torch.testing.assert_close(
        added, torch.tensor([[1.0, 1, 7]] * 3), atol=1e-2, rtol=0
    )


def test_where_it_looks_depends_on_the_question() -> None:
    images = some_images()[:1].expand(3, -1, -1, -1)
    weights = StackedAttention(SMALL, SIZES).look(some_questions(), images).weights
    assert not weights[0].allclose(weights[1])


def test_padding_changes_nothing() -> None:
    network = StackedAttention(SMALL, SIZES).eval()
    questions, images = some_questions(), some_images()
    longer = nn.functional.pad(questions, (0, 5))
    assert network(questions, images).equal(network(longer, images))


@pytest.mark.parametrize(
    ("hidden", "answering"),
    [([], 257 * 32), ([1024], 257 * 1024 + 1025 * 32)],
    ids=["SA", "SA+MLP"],
)
def test_it_has_as_many_weights_as_its_published_sizes_give(
    hidden: list[int], answering: int
) -> None:
    sizes = DataSizes(n_words=93, n_answers=32, image_shape=(1024, 14, 14))
    changes = {"model.architecture": "sa", "model.sa.classifier_hidden": hidden}
    with torch.device("meta"):
        network = build_network(Config().with_changes(changes).model, sizes)
    count = {
        name: sum(p.numel() for p in part.parameters())
        for name, part in network.named_children()
    }
    first = 4 * 256 * (300 + 256 + 2)  # four gates of inputs, states and two biases
    second = 4 * 256 * (256 + 256 + 2)
    assert count == {
        "reader": 93 * 300 + first + second,
        "projection": 1025 * 256,
        "rounds": 2 * (257 * 512 + 257 * 512 + 513),
        "classifier": answering,
    }


def test_the_two_sides_draw_weights_apart() -> None:
    one = StackedAttention(SMALL, SIZES, generator_seed=1, network_seed=2).state_dict()
    other = StackedAttention(SMALL, SIZES, generator_seed=3, network_seed=2)
    theirs = other.state_dict()
    moved = {name.split(".")[0] for name in one if not one[name].equal(theirs[name])}
    assert moved == {"reader"}


def test_the_first_weights_of_attention_are_a_choice() -> None:
    config = SaConfig(attention_dim=400, hidden=300)
    for kaiming, sd in ((True, (2 / 300) ** 0.5), (False, 1 / (3 * 300) ** 0.5)):
        network = StackedAttention(
            config.model_copy(update={"kaiming": kaiming}), SIZES
        )
        attention = network.rounds[0]
        assert isinstance(attention, Attention)
        for layer in (attention.seen, attention.heard):
            assert float(layer.weight.detach().std()) == pytest.approx(sd, rel=0.02)
