"""Signs of a table: each a shape and a word, never a colour alone."""

from collections.abc import Mapping
from typing import Final

from reports.statistics import Verdict

__all__ = ["CONFOUND_MARK", "VERDICT_MARKS", "marked"]

VERDICT_MARKS: Final[Mapping[Verdict, str]] = {
    Verdict.BASELINE: "",
    Verdict.WORSE: "▼ worse",
    Verdict.BETTER: "▲ better",
    Verdict.EQUIVALENT: "≈ equivalent",
    Verdict.INCONCLUSIVE: "? inconclusive",
    Verdict.TWO_RUNS: "§ two runs",
    Verdict.ONE_RUN: "† one run",
    Verdict.OTHER_QUESTIONS: "≠ other questions",
    Verdict.NO_RESULT: "no result",
    Verdict.NO_BASELINE: "no baseline",
}
"""Every verdict as a sign and a word."""

CONFOUND_MARK: Final = "¶"
"""Stands at a row that was also trained otherwise than the baseline."""


def marked(label: str, also_changed: str) -> str:
    """Mark a row that was also trained otherwise.

    Args:
        label: The row.
        also_changed: In what; empty where in nothing.

    Returns:
        The label, with the mark where it belongs.
    """
    return f"{label} {CONFOUND_MARK}" if also_changed else label
