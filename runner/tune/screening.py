"""Screening: trials that are less promising than others end early.

Never for numbers that are reported: what is left was chosen by its own score.
"""

from collections.abc import Sequence
from typing import Any, Final

from ray.tune.schedulers import ASHAScheduler, TrialScheduler

__all__ = ["screening_scheduler"]

_KEPT_ONE_IN: Final = 3  # at each look
_ROUNDS: Final = 2

_Scheduler: Any = ASHAScheduler  # it has no types


class _Screening(_Scheduler):  # type: ignore[misc] # Any, see above
    def __init__(self, n_epochs: Sequence[int], cut: dict[int, int]) -> None:
        max_epochs = max(n_epochs)
        super().__init__(
            time_attr="epoch",
            metric="val_accuracy",
            mode="max",
            max_t=max_epochs,
            grace_period=max(1, max_epochs // _KEPT_ONE_IN**_ROUNDS),
            reduction_factor=_KEPT_ONE_IN,
            stop_last_trials=False,
        )
        self._n_epochs, self._cut = n_epochs, cut

    def __getstate__(self) -> dict[str, object]:
        return {}  # Tune saves it, to restore a sweep; that is never done here

    def on_trial_result(self, controller: Any, trial: Any, result: Any) -> str:  # noqa: ANN401 - Ray's
        decision: str = super().on_trial_result(controller, trial, result)
        number, epoch = trial.config["index"], result.get("epoch", 0)
        if decision != TrialScheduler.STOP:
            return decision
        if epoch >= self._n_epochs[number]:  # all that is left is to write results
            return str(TrialScheduler.CONTINUE)
        self._cut[number] = epoch
        return decision


def screening_scheduler(
    n_epochs: Sequence[int], cut: dict[int, int]
) -> TrialScheduler | None:
    """Make a scheduler of Tune that ends trials early.

    After a ninth of the epochs, and after a third, a trial goes on only where it is
    among the best third of those that came so far (successive halving).

    Args:
        n_epochs: Of each trial, at most.
        cut: Where the last epoch of what was ended is noted, by its number.

    Returns:
        The scheduler; None where no trial has an epoch, so that none can end early.

    References:
        Li et al., *A System for Massively Parallel Hyperparameter Tuning*, MLSys
        2020 (ASHA). https://arxiv.org/abs/1810.05934
    """
    return _Screening(n_epochs, cut) if any(n_epochs) else None
