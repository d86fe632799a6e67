"""γ and β are those that the network applies, whatever its settings."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from film.analysis.parameters import generate
from film.errors import AnalysisError
from tests.film.analysis.parameters.questions import ASKED
from tests.film.analysis.small_run import small_run, write_small_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_store(tmp_path_factory.mktemp("store"), ASKED)


def test_gamma_has_its_baseline(store: Path) -> None:
    plain, raised = (
        generate(run, run.open("val"))
        for run in (
            small_run(store, **{"model.film.gamma_baseline": 0}),
            small_run(store, **{"model.film.gamma_baseline": 3}),
        )
    )
    np.testing.assert_allclose(raised.gamma, plain.gamma + 3, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(raised.beta, plain.beta)


def test_only_blocks_that_hear_the_question_are_there(store: Path) -> None:
    run = small_run(store, **{"model.n_blocks": 3, "model.film.blocks": [1, 3]})
    found = generate(run, run.open("val"))
    gamma, beta = run.film.generator(run.open("val").batch(np.arange(4)).questions)
    assert found.layers == (1, 3)
    assert found.gamma.shape == (len(ASKED), 2, 4)
    np.testing.assert_allclose(
        found.gamma[:4], gamma[:, [0, 2]].detach(), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(
        found.beta[:4], beta[:, [0, 2]].detach(), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    ("changes", "fixed"),
    [
        ({}, {}),
        ({"model.film.beta": "zero"}, {"β": 0.0}),
        ({"model.film.gamma": "one"}, {"γ": 1.0}),
        ({"model.film.gamma": "sigmoid", "model.film.gamma_baseline": 0}, {}),
    ],
)
def test_what_no_question_changes_is_named(
    store: Path, changes: dict[str, Any], fixed: dict[str, float]
) -> None:
    run = small_run(store, **changes)
    assert generate(run, run.open("val", with_images=False)).fixed() == fixed


def test_a_conditional_norms_own_scale_and_shift_count(store: Path) -> None:
    run = small_run(store, **{"model.film.conditioning": "conditional_batch_norm"})
    with torch.no_grad():
        for number, block in enumerate(run.film.blocks):
            block.norm.weight.fill_(2.0 + number)
            block.norm.bias.fill_(-1.0)
    found = generate(run, run.open("val"))
    change, shift = found.given
    np.testing.assert_allclose(found.gamma[:, 0], change[:, 0] + 2, rtol=1e-6)
    np.testing.assert_allclose(found.gamma[:, 1], change[:, 1] + 3, rtol=1e-6)
    np.testing.assert_allclose(found.beta, shift - 1, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model.film.blocks": "none"}, "no block hears the question"),
        ({"model.film.conditioning": "concat"}, "conditioning is concat"),
        ({"model.architecture": "lstm"}, "it is the system lstm"),
    ],
)
def test_a_run_without_gamma_and_beta_says_why(
    store: Path, changes: dict[str, Any], said: str
) -> None:
    run = small_run(store, **changes)
    with pytest.raises(AnalysisError, match=re.escape(said)):
        generate(run, run.open("val", with_images=False))
