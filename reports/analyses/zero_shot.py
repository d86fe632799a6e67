"""What is said of answers under γ and β that are put together from other questions.

Every difference is within a run, of answers to the same questions; its interval is
over training runs and scenes, as that of any accuracy.

References:
    Perez et al., *FiLM*, AAAI 2018, Section 4.5 and Figure 10.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from reports.analyses.location import ABSENT
from reports.analyses.runs import AnalysedRun, Learnt, by_row
from reports.results import records
from reports.statistics.intervals import (
    Basis,
    Estimate,
    SceneScores,
    one_level,
    score_scenes,
)
from reports.tables.numbers import count, interval, percent, signed
from reports.tables.spec import Cell, Column, TableSpec, grouped

__all__ = ["SUBSETS", "summarise_zero_shot", "zero_shot_numbers"]

SUBSETS: Final[Mapping[str, str]] = {
    "applies": "put together",
    "others": "the others",
    "all": "all",
}
"""Questions for which the rule applies, the others, and both, and their names."""

_PAPER: Final = (
    "Perez et al., Section 4.5, CoGenT's condition B: a third of the questions, from "
    "71.5 to 80.7 % on these and from 75.6 to 78.8 % on all"
)
_COLUMNS: Final = (
    Column("Questions", name="subset"),
    Column("Share (%)", is_number=True, name="share"),
    Column("As they are (%)", is_number=True, name="accuracy"),
    Column("Put together (%)", is_number=True, name="swapped"),
    Column("Difference", is_number=True, name="delta"),
    Column("95 % interval", is_number=True, name="interval"),
)


def summarise_zero_shot(study: str, runs: Sequence[AnalysedRun]) -> Learnt:
    """Average over runs what the arithmetic gives.

    Args:
        study: Its name.
        runs: Analysed runs, row by row, the baseline first.

    Returns:
        A table with a section per row.
    """
    found = {row: _alike(mine) for row, mine in by_row(runs).items()}
    frame = pd.concat(map(zero_shot_numbers, found.values()), ignore_index=True)
    table = TableSpec(
        study,
        f"Zero-shot by arithmetic on γ and β: {study}",
        _COLUMNS,
        grouped(list(_lines(frame))),
        tuple(_notes(runs, frame)),
        kind="zero-shot",
        frame=frame,
    )
    kept = [run for mine in found.values() for run in mine]
    left_out = len(runs) - len(kept)
    more = [f"{count(left_out, 'run')} of other questions left out"] if left_out else []
    return Learnt(
        heading="Zero-shot: what was never seen, put together from what was",
        tables={"zero-shot": table},
        sentences=tuple(_sentences(frame, kept[0])),
        runs=kept,
        notes=more,
    )


def zero_shot_numbers(runs: Sequence[AnalysedRun]) -> pd.DataFrame:
    """Estimate accuracy with and without the arithmetic.

    Args:
        runs: Of one row, asked the same questions.

    Returns:
        A line for each of `SUBSETS`: ``row``, ``subset``, ``n_runs``, ``questions``,
        ``share`` of all, ``accuracy``, ``swapped``, ``delta``, ``lower``, ``upper``
        and ``basis``; NaN where there are no such questions, or nothing is changed.
    """
    answers = runs[0].analysis.tables["answers"]
    applies = answers["applies"].to_numpy(dtype=bool)
    parts = {"applies": applies, "others": ~applies, "all": np.ones_like(applies)}
    return pd.DataFrame([_line(runs, name, parts[name]) for name in SUBSETS])


def _line(runs: Sequence[AnalysedRun], subset: str, of: np.ndarray) -> dict[str, Any]:
    plain, swapped = (
        _scores(runs, name, of) for name in ("correct", "correct_swapped")
    )
    delta = _difference(swapped, plain, is_known=subset != "others")
    lower, upper = _ends(delta)
    return {
        "row": runs[0].row,
        "subset": subset,
        "n_runs": len(runs),
        "questions": int(of.sum()),
        "share": float(of.mean()),
        "accuracy": _mean(plain),
        "swapped": _mean(swapped),
        "delta": delta.value,
        "lower": lower,
        "upper": upper,
        "basis": str(delta.basis),
    }


# Where no picture tells another difference than the next, as where no answer changes,
# nothing tells how far the difference would be from this one elsewhere.
def _ends(delta: Estimate) -> tuple[float, float]:
    return delta.interval() if delta.se > 0 else (math.nan, math.nan)


def _scores(
    runs: Sequence[AnalysedRun], name: str, of: np.ndarray
) -> SceneScores | None:
    if not of.any():
        return None
    tables = [run.analysis.tables["answers"][of] for run in runs]
    right = np.stack([table[name].to_numpy(dtype=bool) for table in tables])
    return score_scenes(right, tables[0]["image"].to_numpy(dtype=np.int64))


# Of the others nothing is changed, which is no estimate.
def _difference(
    mine: SceneScores | None, other: SceneScores | None, *, is_known: bool
) -> Estimate:
    if mine is None or other is None or not is_known:
        return Estimate(math.nan, math.nan, math.nan, Basis.NONE)
    scores = SceneScores(mine.right - other.right, mine.asked)
    if mine.n_scenes < 2:  # noqa: PLR2004 - a variance needs two
        value = float(scores.accuracies.mean())
        return Estimate(value, math.nan, math.nan, Basis.NONE)
    return one_level(scores)


def _mean(scores: SceneScores | None) -> float:
    return math.nan if scores is None else float(scores.accuracies.mean())


# Runs of the same questions and the same rule as the first one.
def _alike(runs: Sequence[AnalysedRun]) -> list[AnalysedRun]:
    first = runs[0].analysis
    same = ["image", "applies"]
    return [
        run
        for run in runs
        if run.analysis.about["rule"] == first.about["rule"]
        and run.analysis.about["split"] == first.about["split"]
        and run.analysis.tables["answers"][same].equals(first.tables["answers"][same])
    ]


def _lines(frame: pd.DataFrame) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    for line in records(frame):
        texts = (
            SUBSETS[line["subset"]],
            percent(line["share"]),
            percent(line["accuracy"]),
            percent(line["swapped"]),
            signed(line["delta"]),
            interval(line["lower"], line["upper"]),
        )
        yield f"{line['row']} ({count(line['n_runs'], 'run')})", tuple(map(Cell, texts))


def _sentences(frame: pd.DataFrame, run: AnalysedRun) -> Iterator[str]:
    lines = {line["subset"]: line for line in records(frame) if line["row"] == run.row}
    some, every = lines["applies"], lines["all"]
    split = run.analysis.about["split"]
    paper = f" ({_PAPER})" if str(split).endswith("B") else ""
    if not some["questions"]:
        yield f"{run.row}: the rule applies to no question of {split}."
        return
    yield (
        f"{run.row}: γ and β of {percent(some['share'])} % of the questions of {split} "
        f"can be put together. On these accuracy goes from {percent(some['accuracy'])} "
        f"to {percent(some['swapped'])} % ({_points(some)}), on all from "
        f"{percent(every['accuracy'])} to {percent(every['swapped'])} %{paper}."
    )
    answers = run.analysis.tables["answers"]
    names = int(answers["names"].sum())
    missed = int((answers["names"] & ~answers["applies"]).sum())
    if missed:
        yield (
            f"{percent(missed / names)} % of the questions that name such a pair could "
            "not be put together: the phrase was not found in the words, or the "
            "network lacks the words that would replace it."
        )


def _points(line: Mapping[str, Any]) -> str:
    ends = interval(line["lower"], line["upper"])
    return f"{signed(line['delta'])} points{ends and f', {ends}'}"


def _notes(runs: Sequence[AnalysedRun], frame: pd.DataFrame) -> Iterator[str]:
    about = runs[0].analysis.about
    rule = about["rule"]
    which = {
        "unseen": "pairs of colour and shape that CoGenT's condition A lacks",
        "any": f"all pairs of colour and shape but those of a {rule['shape']}",
    }.get(rule["pairs"], f"the pair {rule['pairs']}")
    by = {
        "printed": "the colour of the paper's examples, or the first that A allows",
        "all": "the mean over all colours that A allows",
    }.get(rule["colors"], rule["colors"])
    yield (
        f"Put together are {which}, from a {rule['shape']} of the same colour, the "
        f"same shape of another colour ({by}), less a {rule['shape']} of that colour."
    )
    if (frame["basis"] == str(Basis.CHECKPOINTS)).any():
        yield "Intervals of single runs are over scenes alone: of these checkpoints."
    if about["pictures"] == "absent":
        yield ABSENT
