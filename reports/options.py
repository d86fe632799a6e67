"""What may be chosen of a report: how it is computed, and what its tables show."""

from dataclasses import dataclass
from pathlib import Path

from reports.selection import SelectOn
from reports.statistics import Variance

__all__ = ["ReportOptions"]


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Choices of whoever asks for a report.

    Attributes:
        select_on: By which validation scenes the epoch of each run is chosen.
        variance: Whether rows share their variances.
        columns: Columns of a table, by name or pattern; none is those shown unasked.
        columns_of: Which table these are of, by the stem of its file.
        second_best: Underline the best accuracy of those that are not bold.
        pivot: Factors in the rows and in the columns of a further table.
        width: Of figures, by name (``reports.figures.WIDTHS``).
        command: What the user typed, without where to read and write.
        analysed: The folder of the trials' folders, where analyses of their runs are
            looked for; None shows none.
    """

    select_on: SelectOn = SelectOn.ALL
    variance: Variance = Variance.SEPARATE
    columns: tuple[str, ...] = ()
    columns_of: str = "table"
    second_best: bool = False
    pivot: tuple[str, str] | None = None
    width: str = "page"
    command: str = ""
    analysed: Path | None = None
