"""A run as MLflow holds it, whichever way it was read."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["EXPERIMENT", "KIND", "TRIAL_ID", "Run"]

EXPERIMENT = "film"
"""The experiment that has all runs."""

KIND = "film.kind"
"""The tag that says whether a run is of a ``trial`` or of a study."""

TRIAL_ID = "film.trial_id"
"""The tag that says which trial a run is of."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of a trial."""

    run_id: str
    experiment_id: str
    artifact_uri: str
    status: str
    start_time: int  # milliseconds since 1970; 0 where that is not known
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]  # the last value of each

    @property
    def trial_id(self) -> str:
        """What it computed."""
        return self.tags.get(TRIAL_ID, "")

    @property
    def name(self) -> str:
        """What people call it."""
        return self.tags.get("mlflow.runName", self.run_id)
