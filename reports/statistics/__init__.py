"""What can be said of a study's rows from what was recorded: frames in, frames out."""

from reports.statistics.intervals import Basis
from reports.statistics.rows import Verdict, accuracy_by_type, estimate_rows

__all__ = ["Basis", "Verdict", "accuracy_by_type", "estimate_rows"]
