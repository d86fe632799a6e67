"""What a table says under itself, generated from what was really done."""

import math
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from reports.notes import Note
from reports.results import RunState, records
from reports.selection import SelectOn
from reports.statistics import Variance, Verdict
from reports.statistics.intervals import Basis
from reports.statistics.words import statistics_words
from reports.tables.marks import CONFOUND_MARK
from reports.tables.numbers import count, points
from reports.tables.screening import screening_notes
from studies.study import Study

__all__ = ["accuracy_notes", "confounds", "left_out", "measured", "unfinished"]

_ROWS_TO_NAME: Final = 6
_TWO: Final = 2
_STATES: Final = (
    RunState.FAILED,
    RunState.DIVERGED,
    RunState.SCREENED,
    RunState.KILLED,
    RunState.RUNNING,
    RunState.QUEUED,
    RunState.MISSING,
)
_EPOCH_NOTES: Final = {
    SelectOn.ALL: "Each run is scored at its best epoch, chosen on these same "
    "validation questions: optimistic, by the same rule for every row{but}.",
    SelectOn.HALF: "Each run is scored at the epoch that is best on one half of the "
    "validation scenes; all that is said here is of the other half, which had no part "
    "in that choice{but}.",
}
_BUT_JUDGED: Final = (
    "; but not the rows that judge the weights of others, which choose no epoch"
)
_DESIGN_NOTE: Final = (
    "Between the runs of a row the seed alone varies (initial weights, order of the "
    "questions); a row differs from the baseline in the named change alone{but}, and "
    "nothing was tuned again for it."
)
_RANGE_NOTE: Final = Note(
    "Baseline range: where one more run of the baseline would fall with probability "
    ".95. A screen for rows of one run, not a test.",
    "verdict",
)


_TESTED: Final = (
    Verdict.WORSE,
    Verdict.BETTER,
    Verdict.EQUIVALENT,
    Verdict.INCONCLUSIVE,
)


def accuracy_notes(
    estimates: pd.DataFrame,
    margin: float | None,
    select_on: SelectOn = SelectOn.ALL,
) -> list[str]:
    """Explain every number and sign of an accuracy table.

    Args:
        estimates: One row per row of the study.
        margin: Percentage points that would matter, if the study says so.
        select_on: By which scenes the epoch of each run was chosen.

    Returns:
        Sentences, one note each.
    """
    rows = records(estimates)
    if _most(rows) == 0:
        return [*screening_notes(estimates), *unfinished(estimates)]
    return [
        *screening_notes(estimates),
        *unfinished(estimates),
        Note(_accuracy_note(rows), "accuracy"),
        *_interval_notes(rows),
        *_verdict_notes(rows, margin),
        *_range_note(rows),
        *statistics_words(estimates),
        _EPOCH_NOTES[select_on].format(but=_BUT_JUDGED if _is_judged(rows) else ""),
        *_confound_notes(rows),
    ]


def confounds(study: Study) -> dict[str, str]:
    """Say what rows changed of their training beside what they study.

    Args:
        study: The study.

    Returns:
        Words by row, for the rows of which that is so.
    """
    found = {row.label: study.trained_otherwise(row) for row in study.rows}
    return {
        label: ", ".join(
            _instead(name, *values) for name, values in sorted(changes.items())
        )
        for label, changes in found.items()
        if changes
    }


def unfinished(estimates: pd.DataFrame) -> list[str]:
    """Say which wanted runs have no result, and why.

    Args:
        estimates: One row per row of the study.

    Returns:
        One sentence, or none where every run finished.
    """
    done, wanted = int(estimates["n_runs"].sum()), int(estimates["n_wanted"].sum())
    if done == wanted:
        return []
    rows = records(estimates)
    parts = {row["row"]: _states([row]) for row in rows if _states([row])}
    what = "; ".join(f"{row}: {states}" for row, states in parts.items())
    if len(parts) > _ROWS_TO_NAME:
        what = f"{_states(rows)} (see the column of runs)"
    return [f"{done} of {count(wanted, 'run')} finished. {what}."]


def left_out(study: Study, trials: pd.DataFrame) -> list[str]:
    """Say which rows and seeds of the study were not asked for.

    Args:
        study: All that it asks.
        trials: The wanted trials.

    Returns:
        A sentence on rows and one on seeds, each only where some are left out.
    """
    rows = [row.label for row in study.rows]
    missing = [row for row in rows if row not in set(trials["row"])]
    seeds = [str(seed) for seed in study.seeds if seed not in set(trials["seed"])]
    notes = []
    if missing:
        n_more = len(missing) - _ROWS_TO_NAME
        more = f"; and {n_more} more" if n_more > 0 else ""
        notes.append(
            f"Left out of this table: {len(missing)} of the study's "
            f"{count(len(rows), 'row')} ({'; '.join(missing[:_ROWS_TO_NAME])}{more}). "
            "Holm's correction is over the rows that are shown."
        )
    if seeds:
        notes.append(
            f"Left out of this table: {len(seeds)} of the study's "
            f"{count(len(study.seeds), 'seed')} ({', '.join(seeds)})."
        )
    return notes


def measured(estimates: pd.DataFrame) -> str:
    """Say how much was measured.

    Args:
        estimates: One row per row of the study.

    Returns:
        Runs, questions and scenes, in a few words.
    """
    done = int(estimates["n_runs"].sum())
    wanted = int(estimates["n_wanted"].sum())
    runs = f"{done} of {count(wanted, 'run')}"
    screened = int(estimates["n_screened"].sum())
    ended = f", {screened} screened out (no result)" if screened else ""
    return f"{runs} finished{ended}{_questions(records(estimates))}"


def _instead(name: str, mine: object, its: object) -> str:
    if name == "train.max_epochs":
        return f"{mine} epochs instead of {its}"
    setting = name.removeprefix("train.").replace("_", " ")
    values = (_value(value) for value in (mine, its))
    return f"{setting} {' instead of '.join(values)}"


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)


def _confound_notes(rows: Sequence[dict[str, Any]]) -> list[str]:
    if any("also_changed" not in row for row in rows):
        return []  # runs of one's own: how they were trained is not known
    marked = {row["row"]: row["also_changed"] for row in rows if row["also_changed"]}
    if not marked:
        return [_DESIGN_NOTE.format(but="")]
    said = "; ".join(f"{row}: {changes}" for row, changes in marked.items())
    note = (
        f"{CONFOUND_MARK} Also trained otherwise than the baseline, so that the "
        f"difference may come from either: {said}."
    )
    return [
        note,
        _DESIGN_NOTE.format(but=f", but for those marked {CONFOUND_MARK}"),
    ]


def _states(rows: Sequence[dict[str, Any]]) -> str:
    numbers = {
        state.word: sum(row[f"n_{state.lower()}"] for row in rows) for state in _STATES
    }
    return ", ".join(f"{number} {word}" for word, number in numbers.items() if number)


def _questions(rows: Sequence[dict[str, Any]]) -> str:
    known = {(row["n_questions"], row["n_scenes"]) for row in rows}
    if any(row["has_other_questions"] for row in rows):
        return ""
    sizes = {size for size in known if size[0] == size[0]}
    if len(sizes) != 1:
        return ""
    n_questions, n_scenes = sizes.pop()
    return (
        f", {count(int(n_questions), 'validation question')} "
        f"about {count(int(n_scenes), 'scene')}"
    )


def _accuracy_note(rows: Sequence[dict[str, Any]]) -> str:
    runs = {row["n_runs"] for row in rows if row["n_runs"]}
    each = f" ({count(next(iter(runs)), 'run')} per row)" if len(runs) == 1 else ""
    questions = _questions(rows)
    if _most(rows) == 1:
        return f"Accuracy of one training run per row{questions}."
    if _most(rows) == _TWO:
        return f"Accuracy: mean of two training runs, both in brackets{questions}."
    two = "; both runs in brackets where there are two" if _TWO in runs else ""
    return f"Accuracy: mean ± s.d. over training runs{each}{two}{questions}."


def _interval_notes(rows: Sequence[dict[str, Any]]) -> list[str]:
    bases = {row["basis"] for row in rows}
    if all(math.isnan(row["delta"]) for row in rows):
        return []
    delta = "Δ: difference to the baseline in percentage points."
    notes: list[str] = [Note(delta, "delta", "interval", "drawing")]
    if Basis.CROSSED in bases:
        notes.append(
            Note(
                "Brackets: 95 % interval of Δ over training runs and validation scenes "
                "(both random, crossed; t with Satterthwaite's degrees of freedom).",
                *("interval", "drawing"),
            )
        )
    if Basis.RUN_MEANS in bases:
        notes.append(
            Note(
                "‡ 95 % interval over training runs alone (Welch's t on accuracies), "
                "for want of every run's answers to the same questions.",
                *("interval", "drawing"),
            )
        )
    if any(row["verdict"] == Verdict.ONE_RUN for row in rows):
        notes.append(
            Note(
                "† One training run, of the row or of the baseline: a 95 % interval "
                "reflects the choice of validation scenes only. It describes these "
                "checkpoints, not the variation, and gives no verdict.",
                *("interval", "drawing", "verdict"),
            )
        )
    return notes


def _verdict_notes(rows: Sequence[dict[str, Any]], margin: float | None) -> list[str]:
    verdicts = {row["verdict"] for row in rows}
    notes = _other_questions(rows)
    is_shared = any(row["variance"] == Variance.SHARED for row in rows)
    if Verdict.TWO_RUNS in verdicts:
        whose = " where a row's variance is not shared" if is_shared else ""
        notes.append(
            Note(
                "§ Two runs, of the row or of the baseline, are too few for a verdict"
                f"{whose}, however wide or narrow the interval; three or more give "
                "one.",
                "verdict",
            )
        )
    if verdicts & set(_TESTED):
        notes.append(
            Note(
                f"Worse or better: from {_fewest(rows)}, where Holm's p is below .05 "
                f"over {_families(rows)}. Inconclusive does not mean equal: the data "
                "do not settle whether the change matters.",
                *("verdict", "p"),
            )
        )
        notes.append(Note(_margin_note(rows, margin), "verdict"))
    if any(row["is_best"] for row in rows):
        collapsed = any(row["is_collapsed"] for row in rows)
        but = "; a row 20 points behind is none of them" if collapsed else ""
        notes.append(
            Note(
                "Bold: of the rows with 3 runs or more, the best and those that the "
                f"data do not show to be worse than it (Holm, .05){but}.",
                "accuracy",
            )
        )
    return notes


def _fewest(rows: Sequence[dict[str, Any]]) -> str:
    compared = [row for row in rows if not row["is_baseline"] and row["n_runs"]]
    is_shared = {row["variance"] == Variance.SHARED for row in compared}
    if True not in is_shared:
        return "3 runs on"
    return "2 runs on" + ", or 3 where the variance is not shared" * (
        False in is_shared
    )


# Rows of every evaluation are compared among themselves, and corrected for that.
def _families(rows: Sequence[dict[str, Any]]) -> str:
    sizes = {row.get("evaluation", ""): row["n_tests"] for row in rows}
    tested = [size for size in sizes.values() if size]
    if len(tested) == 1:
        return count(tested[0], "comparison")
    each = count(tested[0], "comparison")
    if len(set(tested)) > 1:
        each = f"{', '.join(map(str, tested[:-1]))} and {tested[-1]} comparisons"
        return f"{each}, of {len(tested)} evaluations, each corrected for itself"
    return f"{each} in each of {len(tested)} evaluations"


def _is_judged(rows: Sequence[dict[str, Any]]) -> bool:
    return any(row.get("evaluation", "") for row in rows)


def _other_questions(rows: Sequence[dict[str, Any]]) -> list[str]:
    others = [row for row in rows if row["has_other_questions"]]
    if not others:
        return []
    if any(row["is_baseline"] for row in others):
        note = (
            "≠ The runs of the baseline were not all judged on the same validation "
            "questions, so that no row is compared with it."
        )
        return [note]
    staged = [row for row in others if row.get("judged_by", "")]
    others = [row for row in others if row not in staged]
    return [*_of_stages(staged), *_unlike(others)]


# A row of a stage is judged as its stage is; its weights may be judged beside the
# baseline's by the same questions, in a row of their own.
def _of_stages(rows: Sequence[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    parts = ", ".join(dict.fromkeys(row["judged_by"] for row in rows))
    where = (
        "compared where its verdict says, with the baseline's weights on the same "
        "questions"
        if all(row["compared_as"] for row in rows)
        else "nothing here judges the baseline's weights by them"
    )
    note = (
        f"≠ Judged by the questions that its stage names ({parts}), which are not "
        f"those of the baseline's own line: {where}."
    )
    return [note]


def _unlike(rows: Sequence[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    names = "; ".join(row["row"] for row in rows)
    note = (
        "≠ Not judged on the validation questions of the baseline, or not in every "
        f"run, so that the accuracy cannot be compared: {names}."
    )
    return [note]


def _margin_note(rows: Sequence[dict[str, Any]], margin: float | None) -> str:
    if margin is None:
        return "No margin stated: no row can be called equivalent."
    least = "from 5 runs on, where two one-sided tests (Holm, .05)"
    note = f"Equivalent: {least} put the difference within ±{points(margin)}."
    return note if _most(rows) >= 5 else f"{note} No row has as many."  # noqa: PLR2004 - as the sentence says


def _range_note(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [_RANGE_NOTE] if any(row["baseline_range"] for row in rows) else []


def _most(rows: Sequence[dict[str, Any]]) -> int:
    return max((row["n_runs"] for row in rows), default=0)
