"""What can be said of a study's rows from what was recorded: frames in, frames out."""

from reports.statistics.cells import accuracy_by_type, estimate_cells
from reports.statistics.intervals import Basis
from reports.statistics.rows import estimate_rows
from reports.statistics.verdicts import Variance, Verdict

__all__ = [
    "Basis",
    "Variance",
    "Verdict",
    "accuracy_by_type",
    "estimate_cells",
    "estimate_rows",
]
