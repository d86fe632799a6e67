"""MLflow's runs: found, made, ended, and replaced where they say what is no more."""

import getpass
import hashlib
import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, final

from runner.store.locks import exclusive
from runner.store.record import TrialState
from runner.tracking.receipts import Receipt

__all__ = ["Run", "Runs", "history", "milliseconds"]

_STATUS: Final = {
    TrialState.QUEUED: "SCHEDULED",
    TrialState.RUNNING: "RUNNING",
    TrialState.FINISHED: "FINISHED",
    TrialState.FAILED: "FAILED",
    TrialState.KILLED: "KILLED",
    TrialState.DIVERGED: "FAILED",
}
_GENERATION: Final = "film.generation"
_STORE: Final = "film.store"
_MOST_STORES: Final = 1000  # that send the same trial to one server
_Foreign = Any  # MLflow's objects carry no types
_Row = Mapping[str, Any]


@dataclass(kw_only=True)
class Run:
    """What this process knows of a run."""

    run_id: str
    artifacts: str  # where it keeps files, as a URI
    status: str = "RUNNING"
    tags: dict[str, str] = field(default_factory=dict)
    is_described: bool = False  # parameters and data set were sent
    n_epochs: int = 0
    history: str = ""  # digest of those epochs
    is_new: bool = False  # made by this process, which knows all that it holds

    @property
    def receipt(self) -> Receipt:
        """What is worth remembering of it."""
        return Receipt(
            run_id=self.run_id,
            is_described=self.is_described,
            n_epochs=self.n_epochs,
            history=self.history,
        )

    def is_in(self, state: TrialState) -> bool:
        """Tell whether the run says that a trial is in a state.

        Args:
            state: The trial's.

        Returns:
            Whether its status is the one that stands for it.
        """
        return self.status == _STATUS[state]

    def is_outdated(self, rows: Sequence[_Row], generation: int) -> bool:
        """Tell whether the run says what the trial's folder says no longer.

        Args:
            rows: The trial's epochs.
            generation: How often the trial was begun from scratch.

        Returns:
            Whether it was begun again, or epochs were computed anew and differ: what
            was sent to MLflow cannot be taken back.
        """
        was_begun = self.tags.get(_GENERATION, "")
        if was_begun.isdecimal() and int(was_begun) < generation:
            return True
        is_comparable = bool(self.n_epochs and rows)
        return is_comparable and history(rows[: self.n_epochs]) != self.history


@final
class Runs:
    """The runs of one store in one experiment.

    A server may have runs of other stores, of the same trials too: computed elsewhere,
    at another time. They are left alone.
    """

    def __init__(
        self, client: _Foreign, experiment_id: str, lock: Path, store: str
    ) -> None:
        """Name the experiment.

        Args:
            client: MLflow's.
            experiment_id: The experiment.
            lock: Held while a run is looked for and made.
            store: The store's name, which no other one has.
        """
        self._client = client
        self._experiment_id = experiment_id
        self._lock = lock
        self._store = store

    def recall(self, receipt: Receipt, mark: Mapping[str, str]) -> Run | None:
        """Find a run again without a search.

        Args:
            receipt: A hint: the run may have been deleted, or be another store's.
            mark: Tags that it must have.

        Returns:
            The run; None where it is not there, or not that.

        Raises:
            MlflowException: MLflow does not answer.
        """
        if not receipt.run_id:
            return None
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - 2 s to import

        try:
            found = self._client.get_run(receipt.run_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None
        is_ours = found.info.experiment_id == self._experiment_id
        is_it = mark.items() <= found.data.tags.items() and self._is_own(found)
        if not is_it or not is_ours or found.info.lifecycle_stage != "active":
            return None
        run = _known(found)
        run.is_described = receipt.is_described
        run.n_epochs, run.history = receipt.n_epochs, receipt.history
        return run

    def find_or_create(
        self,
        mark: Mapping[str, str],
        tags: Mapping[str, str],
        name: str,
        started_at: float | None = None,
    ) -> Run:
        """Find the run that has some tags, or make it.

        Args:
            mark: The tags, which no other run of this store has.
            tags: What else a new one says.
            name: Of a new one.
            started_at: Of a new one, seconds since 1970.

        Returns:
            The run.
        """
        query = " AND ".join(f"tags.`{key}` = '{mark[key]}'" for key in mark)
        with exclusive(self._lock):  # two studies may want one trial at once
            found = self._client.search_runs(
                [self._experiment_id], query, max_results=_MOST_STORES
            )
            own = next(filter(self._is_own, found), None)
            if own is not None:
                return _known(own)
            said = {key: value for key, value in tags.items() if value}
            made = self._client.create_run(
                self._experiment_id,
                start_time=milliseconds(started_at),
                tags={**said, **mark, _STORE: self._store, "mlflow.user": _user()},
                run_name=name,
            )
        return replace(_known(made), is_new=True)

    def _is_own(self, found: _Foreign) -> bool:
        return str(found.data.tags.get(_STORE, self._store)) == self._store

    def delete(self, run: Run) -> None:
        """Take a run away; MLflow keeps it among the deleted ones.

        Args:
            run: Which.
        """
        self._client.delete_run(run.run_id)

    def settle(self, run: Run, state: TrialState, at: float | None) -> None:
        """Give a run the status that stands for a state.

        Args:
            run: Which.
            state: Of its trial.
            at: When that ended, seconds since 1970.
        """
        if run.is_in(state):
            return
        status = _STATUS[state]
        if state is TrialState.RUNNING:
            self._client.update_run(run.run_id, status=status)
        else:
            self._client.set_terminated(run.run_id, status, milliseconds(at))
        run.status = status

    def settle_lost(self, there: Container[str]) -> None:
        """End runs that say RUNNING of trials which are no more.

        Args:
            there: The trials whose folders are there, by ``trial_id``.
        """
        query = "attributes.status = 'RUNNING' AND tags.`film.kind` = 'trial'"
        for found in self._client.search_runs([self._experiment_id], query):
            if found.data.tags.get("film.trial_id") not in there:
                self.settle(_known(found), TrialState.KILLED, None)


def history(rows: Sequence[_Row]) -> str:
    """Digest epochs, to see later whether they are still the same.

    Args:
        rows: What the trial's folder says of them.

    Returns:
        The digest.
    """
    return hashlib.sha256(json.dumps(list(rows)).encode()).hexdigest()[:16]


def milliseconds(seconds: float | None) -> int | None:
    """Turn a time into MLflow's.

    Args:
        seconds: Since 1970.

    Returns:
        Whole milliseconds.
    """
    return None if seconds is None else int(1000 * seconds)


def _known(found: _Foreign) -> Run:
    return Run(
        run_id=found.info.run_id,
        artifacts=found.info.artifact_uri,
        status=found.info.status,
        tags=dict(found.data.tags),
        is_described=bool(found.data.params and found.inputs.dataset_inputs),
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "unknown"
