"""The only reader of MLflow: from a study's wanted trials to what was recorded."""

from reports.load.addresses import is_server, without_password
from reports.load.results import load_results, recorded_trials

__all__ = ["is_server", "load_results", "recorded_trials", "without_password"]
