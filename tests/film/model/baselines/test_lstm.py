"""The baseline without eyes computes what was published, from the question alone."""

import numpy as np
import pytest
import torch

from film.config import Config, LstmConfig
from film.model.baselines.lstm import LstmBaseline
from film.model.build import build_network
from film.model.network import DataSizes

SIZES = DataSizes(n_words=9, n_answers=7, image_shape=(0, 0, 0))
SMALL = LstmConfig(word_dim=3, hidden=5, n_layers=2, classifier_hidden=(8, 4))
NO_IMAGES = torch.zeros((3, 0, 0, 0))


def some_questions() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    questions = torch.randint(1, 9, (3, 6), generator=generator)
    questions[1, 3:] = 0
    questions[2, 1:] = 0
    return questions


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def naive_logits(weights: dict[str, np.ndarray], question: list[int]) -> np.ndarray:
    """Word by word, layer by layer, without padding; gates as torch orders them."""
    inputs = [weights["embedding.weight"][word] for word in question if word]
    for layer in range(SMALL.n_layers):
        state = cell = np.zeros(SMALL.hidden)
        outputs = []
        for x in inputs:
            gates = (
                weights[f"rnn.weight_ih_l{layer}"] @ x
                + weights[f"rnn.bias_ih_l{layer}"]
                + weights[f"rnn.weight_hh_l{layer}"] @ state
                + weights[f"rnn.bias_hh_l{layer}"]
            )
            enter, forget, new, leave = np.split(gates, 4)
            cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(new)
            state = sigmoid(leave) * np.tanh(cell)
            outputs.append(state)
        inputs = outputs
    for number in (0, 2):
        name = f"classifier.{number}"
        state = np.maximum(
            weights[f"{name}.weight"] @ state + weights[f"{name}.bias"], 0
        )
    return weights["classifier.4.weight"] @ state + weights["classifier.4.bias"]


def test_it_agrees_with_a_naive_second_implementation() -> None:
    network = LstmBaseline(SMALL, SIZES).eval()
    weights = {k: v.double().numpy() for k, v in network.state_dict().items()}
    questions = some_questions()
    with torch.no_grad():
        ours = network(questions, NO_IMAGES).numpy()
    for row, question in zip(ours, questions.tolist(), strict=True):
        np.testing.assert_allclose(row, naive_logits(weights, question), atol=1e-5)


def test_padding_and_pictures_change_nothing() -> None:
    network = LstmBaseline(SMALL, SIZES).eval()
    questions = some_questions()
    longer = torch.nn.functional.pad(questions, (0, 5))
    pictures = torch.full((3, 2, 4, 4), torch.nan)
    with torch.no_grad():
        assert network(questions, NO_IMAGES).equal(network(longer, pictures))


def test_it_has_as_many_weights_as_its_published_sizes_give() -> None:
    sizes = DataSizes(n_words=93, n_answers=32, image_shape=(1024, 14, 14))
    config = Config().with_changes({"model.architecture": "lstm"}).model
    with torch.device("meta"):
        network = build_network(config, sizes)
    count = {
        name: sum(p.numel() for p in part.parameters())
        for name, part in network.named_children()
    }
    first = 4 * 256 * (300 + 256 + 2)  # four gates of inputs, states and two biases
    second = 4 * 256 * (256 + 256 + 2)
    assert count == {
        "embedding": 93 * 300,
        "rnn": first + second,
        "classifier": 257 * 1024 + 1025 * 32,
    }


def test_the_two_sides_draw_weights_apart() -> None:
    one = LstmBaseline(SMALL, SIZES, generator_seed=1, network_seed=2).state_dict()
    other = LstmBaseline(SMALL, SIZES, generator_seed=3, network_seed=2).state_dict()
    moved = {name.split(".")[0] for name in one if not one[name].equal(other[name])}
    assert moved == {"embedding", "rnn"}


def test_building_it_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    LstmBaseline(SMALL, SIZES)
    assert torch.random.get_rng_state().equal(before)


@pytest.mark.parametrize("classifier_hidden", [(), (4,)])
def test_every_weight_gets_a_gradient(classifier_hidden: tuple[int, ...]) -> None:
    config = SMALL.model_copy(update={"classifier_hidden": classifier_hidden})
    network = LstmBaseline(config, SIZES)
    logits = network(some_questions(), NO_IMAGES)
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2])).backward()
    assert [n for n, p in network.named_parameters() if p.grad is None] == []
