"""What can end early is ended by its own score, and nothing else is."""

import pytest

from runner.tune.screening import screening_scheduler


@pytest.mark.parametrize("n_epochs", [[], [0], [0, 0]])
def test_where_only_evaluations_are_left_nothing_is_screened(
    n_epochs: list[int],
) -> None:
    assert screening_scheduler(n_epochs, {}) is None


@pytest.mark.parametrize("n_epochs", [[1], [0, 18]])
def test_whatever_has_epochs_is_screened(n_epochs: list[int]) -> None:
    assert screening_scheduler(n_epochs, {}) is not None
