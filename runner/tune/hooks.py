"""How Tune and a sweep hear of each other."""

import contextlib
import os
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.search import Searcher

from runner.tune.steering import Sweep

__all__ = ["feed_of", "reporter_of"]

_Searcher: Any = Searcher  # neither has types
_TuneCallback: Any = tune.Callback


class _Feed(_Searcher):  # type: ignore[misc] # Any, see above
    """Gives Tune a trial when one may start, and no earlier."""

    def __init__(self, sweep: Sweep) -> None:
        super().__init__()
        self._sweep = sweep

    def __getstate__(self) -> dict[str, object]:
        return {}  # Tune saves it, to restore a sweep; that is never done here

    # With nothing else to do, Tune waits in here: wishes must be heard here too.
    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:  # noqa: ARG002 - Tune's
        with contextlib.suppress(OSError):
            self._sweep.look()
        if self._sweep.is_over:
            finished: str = Searcher.FINISHED
            return finished
        return self._sweep.next()

    def on_trial_complete(self, *_: object, **__: object) -> None:
        """Do nothing: the callback below knows more."""

    def save(self, checkpoint_path: str) -> None:
        """Do nothing: it is never restored."""

    def restore(self, checkpoint_path: str) -> None:
        """Do nothing, see above."""


class _Reporter(_TuneCallback):  # type: ignore[misc] # Any, see above
    """Translates Tune's events; a full disk must not end the sweep."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep

    def __getstate__(self) -> dict[str, object]:
        return {}  # as above

    def on_step_begin(self, **_: object) -> None:
        with contextlib.suppress(OSError):
            self._sweep.look()
        self._sweep.pass_on()

    def on_trial_start(self, trial: Any, **_: object) -> None:  # noqa: ANN401 - Ray's
        with contextlib.suppress(OSError):
            self._sweep.started(_number(trial), trial.temporary_state.ray_actor)

    def on_trial_result(self, trial: Any, result: Any, **_: object) -> None:  # noqa: ANN401 - Ray's
        with contextlib.suppress(OSError):
            self._sweep.said(_number(trial), result)

    def on_trial_complete(self, trial: Any, **_: object) -> None:  # noqa: ANN401 - Ray's
        with contextlib.suppress(OSError):
            self._sweep.ended(_number(trial))

    def on_trial_error(self, trial: Any, **_: object) -> None:  # noqa: ANN401 - Ray's
        with contextlib.suppress(OSError):
            self._sweep.failed(_number(trial), _error(trial))


def feed_of(sweep: Sweep) -> Searcher:
    """Make what gives Tune the trials of a sweep.

    Args:
        sweep: The sweep.

    Returns:
        What Tune takes for a search.
    """
    feed: Searcher = _Feed(sweep)
    return feed


def reporter_of(sweep: Sweep) -> tune.Callback:
    """Make what tells a sweep of Tune's events.

    Args:
        sweep: The sweep.

    Returns:
        A callback of Tune.
    """
    reporter: tune.Callback = _Reporter(sweep)
    return reporter


def _number(trial: Any) -> int:  # noqa: ANN401 - Ray's
    number: int = trial.config["index"]
    return number


def _error(trial: Any) -> str:  # noqa: ANN401 - Ray's
    try:
        return Path(trial.error_file or os.devnull).read_text(encoding="utf-8")
    except OSError:
        return ""
