"""Batches cover every row once, in order, whatever their size."""

import numpy as np
import pytest

from film.data.dataset import QuestionDataset
from film.training.batches import batches


@pytest.mark.parametrize("batch_size", [2, 7, 59, 60, 119, 120, 500])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_every_row_comes_once(
    train: QuestionDataset, batch_size: int, device: str
) -> None:
    rows = np.random.default_rng(0).permutation(len(train))
    cut = list(batches(train, rows, batch_size=batch_size, device=device))
    assert sum(len(batch.answers) for batch in cut) == len(rows)
    if device == "cpu":
        answers = np.concatenate([batch.answers.numpy() for batch in cut])
        np.testing.assert_array_equal(answers, train.answers[rows])


def test_no_batch_has_a_single_row(train: QuestionDataset) -> None:
    sizes = [
        len(batch.answers)
        for batch in batches(train, np.arange(17), batch_size=8, device="cpu")
    ]
    assert sizes == [8, 9]
