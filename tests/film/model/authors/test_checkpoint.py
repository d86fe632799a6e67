"""A checkpoint of the authors' code answers here as it did there."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from film.data.vocabulary import Vocabulary
from film.errors import DataError
from film.model.authors.checkpoint import AuthorsModel, parse_checkpoint
from film.model.build import Network, build_network
from film.training.checkpoint import load_tensors
from tests.film.model.authors.made import (
    IMAGE,
    made_checkpoint,
    made_network,
    made_vocabulary,
    numbered,
)

TOLERANCE = 1e-5
QUESTIONS = torch.tensor([[1, 4, 5, 2, 0], [1, 5, 2, 0, 0], [1, 3, 4, 4, 2]])
PIXELS = (3, 8, 12)


def network_of(model: AuthorsModel) -> Network:
    network = build_network(model.config, model.sizes)
    network.load_state_dict(dict(model.weights))
    network.eval()
    return network


def test_the_authors_own_checkpoint_gives_its_logits(shared: Path) -> None:
    folder = shared / "reference" / "checkpoint"
    file = folder / "authors_checkpoint.pt"
    model = parse_checkpoint(load_tensors(file), str(file))
    with np.load(folder / "authors_checkpoint_expected.npz") as expected:
        questions, features, logits = (
            torch.from_numpy(expected[name])
            for name in ("questions", "features", "logits")
        )
    with torch.no_grad():
        found = network_of(model)(questions, features)
    torch.testing.assert_close(found, logits, rtol=0, atol=TOLERANCE)
    assert model.unused == ()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"model.film.placement": "after_conv", "model.film.blocks": [2]},
        {"model.film.gamma": "sigmoid", "model.film.gamma_baseline": 0},
        {"model.film.gamma": "one"},
        {"model.film.beta": "zero", "model.film.placement": "before_conv"},
        {"model.film.blocks": "none"},
        {"model.norm": "none", "model.classifier.norm": "none"},
        {"model.classifier.hidden": [], "model.classifier.pooling": "average"},
        {"model.classifier.hidden": [6, 4], "model.classifier.norm": "none"},
        {"model.kernel_size": 1, "model.stem.kernel_size": 1},
        {"model.coordinates": "twice", "model.residual": False},
        {"model.generator.n_layers": 2, "model.film.placement": "after_residual"},
        {"model.stem.input": "pixels", "model.stem.n_downsamplings": 2},
    ],
    ids=str,
)
def test_whatever_was_trained_there_answers_the_same_here(
    changes: dict[str, Any],
) -> None:
    shape = PIXELS if "model.stem.input" in changes else IMAGE
    network = made_network(changes, shape)
    model = parse_checkpoint(made_checkpoint(network, shape), "made.pt")
    images = torch.rand((3, *shape), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = network(QUESTIONS, images)
        assert torch.equal(network_of(model)(QUESTIONS, images), expected)
    assert model.n_parameters == sum(one.numel() for one in network.parameters())


def test_what_it_says_of_itself_is_read() -> None:
    model = parse_checkpoint(made_checkpoint(made_network()), "made.pt")
    assert (model.accuracy, model.steps) == (0.75, 1200)
    assert model.unused == ("decoder_rnn.weight_ih_l0",)
    assert model.vocabulary.answers[4:] == ("no", "yes")
    silent = made_checkpoint(made_network())
    del silent["best_val_acc"], silent["model_t"]
    model = parse_checkpoint(silent, "made.pt")
    assert (model.accuracy, model.steps) == (None, None)


def test_words_may_come_from_another_file() -> None:
    content = made_checkpoint(made_network())
    del content["vocab"], content["execution_engine_kwargs"]["vocab"]
    with pytest.raises(DataError, match=r"no vocabulary; give .* with --vocab"):
        parse_checkpoint(content, "made.pt")
    words = Vocabulary(
        question_token_to_idx=numbered("rechts", "links"),
        program_token_to_idx=numbered(),
        answer_token_to_idx=numbered("nein", "ja"),
    )
    assert parse_checkpoint(content, "made.pt", words).vocabulary == words


def changed(group: str, **changes: Any) -> dict[str, Any]:
    content = deepcopy(made_checkpoint(made_network()))
    content[group] |= changes
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "neither a program_generator_state nor an execution_engine_state"),
        ({"baseline_state": {}, "baseline_type": "LSTM"}, "it is the baseline LSTM"),
        (
            {**made_checkpoint(made_network()), "program_generator_state": None},
            "no program_generator_state, which is half of a network",
        ),
        (
            {**made_checkpoint(made_network()), "execution_engine_kwargs": {}},
            "lacks 'stem_num_layers'",
        ),
        (
            changed("execution_engine_kwargs", condition_method="concat"),
            "method is 'concat'; known are bn-film",
        ),
        (
            changed("execution_engine_kwargs", module_input_proj=3),
            "module_input_proj is 3; this package knows 1 alone",
        ),
        (
            changed("program_generator_kwargs", bidirectional=True),
            "bidirectional is True; this package knows False alone",
        ),
        (
            changed("program_generator_kwargs", num_modules=3),
            "num_modules is 3 in its generator and 2 in the network",
        ),
        (
            changed("execution_engine_kwargs", stem_batchnorm=False),
            "stem_batchnorm is False",
        ),
        (
            changed("execution_engine_kwargs", stem_num_layers=2),
            "stem has 2 layers of kernel 3",
        ),
        (
            changed("program_generator_kwargs", rnn_num_layers=10**9),
            "rnn_num_layers is 1000000000, and it has not as many weights",
        ),
        (
            changed("program_generator_kwargs", hidden_dim=10**6),
            r"encoder_rnn\.weight_ih_l0 has shape \(24, 4\), and its settings make",
        ),
        (
            changed("program_generator_kwargs", hidden_dim=10**9),
            "Storage size calculation overflowed",
        ),
        (
            changed("program_generator_kwargs", hidden_dim="many"),
            r"generator\.hidden: got 'many'",
        ),
        (
            changed("execution_engine_state", **{"0.conv1.bias": "x"}),
            "execution_engine_state has something else than weights",
        ),
        (
            changed(
                "execution_engine_state",
                **{"0.conv1.bias": torch.zeros(1).expand(4)},
            ),
            r"0\.conv1\.bias is no dense tensor of numbers",
        ),
        (
            changed("execution_engine_state", **{"0.conv1.bias": torch.ones(4) / 0}),
            r"0\.conv1\.bias has numbers that are not finite",
        ),
        (
            {**made_checkpoint(made_network()), "execution_engine_kwargs": None},
            "no execution_engine_kwargs",
        ),
        (
            changed("execution_engine_kwargs", feature_dim=[1024, 14]),
            r"feature_dim is \[1024, 14\], and not channels, height and width",
        ),
        (
            changed("program_generator_kwargs", gamma_option=["linear"]),
            "not as the authors' code writes it",
        ),
        (changed("vocab", answer_token_to_idx={}), "answer_token_to_idx should give"),
    ],
)
def test_what_cannot_be_a_model_here_is_refused_in_one_line(
    content: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message) as error:
        parse_checkpoint(content, "made.pt")
    assert "\n" not in str(error.value)
    assert "made.pt" in str(error.value)


def test_a_weight_that_is_missing_is_named() -> None:
    content = made_checkpoint(made_network())
    del content["execution_engine_state"]["stem.0.bias"]
    with pytest.raises(DataError, match=r"weights of stem\.layers\.0\.conv\.bias are"):
        parse_checkpoint(content, "made.pt")


def test_another_vocabulary_than_the_weights_have_is_refused() -> None:
    content = made_checkpoint(made_network())
    content["vocab"] = made_vocabulary() | {
        "question_token_to_idx": numbered("a", "b", "c")
    }
    with pytest.raises(DataError, match=r"encoder_embed\.weight has shape \(6, 4\)"):
        parse_checkpoint(content, "made.pt")
