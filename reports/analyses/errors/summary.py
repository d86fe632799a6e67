"""What is said of wrong answers, in tables and sentences.

References:
    Perez et al., *FiLM*, AAAI 2018, Section 4.2 and appendix (error analysis).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from reports.analyses.errors.numbers import (
    ALL,
    EDGES,
    comparable,
    consistency_numbers,
    counting_numbers,
    occlusion_numbers,
    off_by_one,
    partly_hidden,
)
from reports.analyses.modulation import decimal
from reports.analyses.runs import AnalysedRun, Learnt, by_row, stack
from reports.results import records
from reports.tables.numbers import NOTHING, count, percent
from reports.tables.spec import Cell, Column, TableSpec, grouped

__all__ = ["hidden_range", "summarise_errors"]

_OFF_BY_ONE: Final = 0.961  # of wrong counts on CLEVR, appendix
_INTERVAL: Final = "95 % interval"
_OVERVIEW: Final = (
    Column("Row", name="row"),
    Column("Wrong (%)", is_number=True, name="wrong"),
    Column("Wrong counts (%)", is_number=True, name="wrong_counts"),
    Column("of these off by one (%)", is_number=True, name="off_by_one"),
    Column("Wrong with something hidden (%)", is_number=True, name="hidden"),
    Column("Contradictions (%)", is_number=True, name="contradict"),
    Column("by chance (%)", is_number=True, name="chance"),
)
_COUNTING: Final = (
    Column("Right number", name="label"),
    Column("Questions", is_number=True, name="n_questions"),
    Column("Accuracy (%)", is_number=True, name="accuracy"),
    Column(_INTERVAL, is_number=True, name="interval"),
    Column("Off by one of the wrong (%)", is_number=True, name="off_by_one"),
    Column("Mean error", is_number=True, name="mean_error"),
)
_OCCLUSION: Final = (
    Column("Hidden of what is needed", name="range"),
    Column("Questions", is_number=True, name="n_questions"),
    Column("Accuracy (%)", is_number=True, name="accuracy"),
    Column(_INTERVAL, is_number=True, name="interval"),
    Column("Of questions like these (%)", is_number=True, name="typical"),
)
_CONSISTENCY: Final = (
    Column("Questions", name="relation"),
    Column("How many", is_number=True, name="n_groups"),
    Column("Contradictions (%)", is_number=True, name="contradict"),
    Column(_INTERVAL, is_number=True, name="interval"),
    Column("by chance (%)", is_number=True, name="chance"),
)
_WHAT_IS_HIDDEN: Final = (
    "Something is hidden where at least a fiftieth of an object that the answer needs "
    "is covered by others; counted are answers that need an object at all."
)
_CONTRADICTIONS: Final = (
    "Contradictions: the answers to two or three questions about one picture that "
    "cannot all be true, whatever is in the picture. By chance: how many there would "
    "be if each answer were drawn from those to questions of the same kind with the "
    "same right answer."
)
_KINDS: Final = (
    "Of the same kind are questions with the same outermost function that go by as "
    "many objects."
)
_WHAT_IS_NEEDED: Final = (
    "What is needed: what the question counts, compares or describes, and every object "
    "that it goes by. Of several objects the most hidden one counts."
)
_QUESTIONS_LIKE_THESE: Final = (
    "Questions like these: of the same kind and with the same right answer, however "
    "much is hidden."
)

_Line = tuple[str, tuple[Cell, ...]]


def summarise_errors(study: str, runs: Sequence[AnalysedRun]) -> Learnt:
    """Say what a study's rows get wrong.

    Args:
        study: Its name.
        runs: Analysed runs, row by row, the baseline first.

    Returns:
        A table with a line per row, and of the first row one by the right number, one
        by what is hidden, and one by how questions are related.
    """
    rows = {row: comparable(mine) for row, mine in by_row(runs).items()}
    overview = pd.DataFrame([_overview(row, mine) for row, mine in rows.items()])
    row, mine = next(iter(rows.items()))
    tables = {
        "errors": _overview_table(study, overview),
        **_details(study, row, mine),
    }
    kept = [run for mine in rows.values() for run in mine]
    return Learnt(
        heading="What is answered wrong",
        tables={stem: table for stem, table in tables.items() if not table.frame.empty},
        sentences=tuple(_sentences(row, mine)),
        runs=kept,
        notes=tuple(_notes(runs, kept)),
    )


def hidden_range(least: float, most: float) -> str:
    """Name a range of what is hidden.

    Args:
        least: Its lower end, a fraction.
        most: Its upper end.

    Returns:
        For instance ``2–25 %``.
    """
    if least == EDGES[0]:
        return f"less than {percent(most, 0)} %"
    if most == EDGES[-1]:
        return f"{percent(least, 0)} % or more"
    return f"{percent(least, 0)}–{percent(most, 0)} %"


def _overview(row: str, mine: Sequence[AnalysedRun]) -> dict[str, Any]:
    correct = stack(mine, "questions")["correct"]
    counted = records(counting_numbers(mine))
    near, hidden = off_by_one(mine), partly_hidden(mine)
    related = records(consistency_numbers(mine))
    return {
        "row": row,
        "n_runs": len(mine),
        "wrong": 1 - float(correct.mean()),
        "wrong_counts": 1 - counted[0]["accuracy"] if counted else math.nan,
        **_prefixed("off_by_one", near),
        **_prefixed("hidden", hidden),
        **({} if related else dict.fromkeys(("contradict", "chance"), math.nan)),
        **{name: value for one in related[:1] for name, value in _of_all(one).items()},
    }


def _of_all(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "n_groups": line["n_groups"],
        "contradict": line["contradict"],
        "contradict_lower": line["lower"],
        "contradict_upper": line["upper"],
        "chance": line["chance"],
    }


def _prefixed(name: str, found: Mapping[str, float]) -> dict[str, float]:
    return {name if k == "share" else f"{name}_{k}": v for k, v in found.items()}


def _overview_table(study: str, overview: pd.DataFrame) -> TableSpec:
    names = ("wrong", "wrong_counts", "off_by_one", "hidden", "contradict", "chance")
    lines: list[_Line] = [
        (
            "",
            (
                Cell(f"{line['row']} ({count(line['n_runs'], 'run')})"),
                *(Cell(percent(line[name])) for name in names),
            ),
        )
        for line in records(overview)
    ]
    return TableSpec(
        study,
        f"What is answered wrong: {study}",
        _OVERVIEW,
        grouped(lines),
        (_WHAT_IS_HIDDEN, _CONTRADICTIONS, _KINDS),
        kind="errors",
        frame=overview,
    )


def _details(study: str, row: str, mine: Sequence[AnalysedRun]) -> dict[str, TableSpec]:
    counting, hidden = counting_numbers(mine), occlusion_numbers(mine)
    related = consistency_numbers(mine)
    of_runs = f"{row}, {count(len(mine), 'run')}"
    return {
        "errors-counting": TableSpec(
            study,
            f"Answers to \u201chow many\u201d: {of_runs}",
            _COUNTING,
            grouped([("", _counting_cells(line)) for line in records(counting)]),
            ("Mean error: given minus right.",),
            kind="errors-counting",
            frame=counting,
        ),
        "errors-occlusion": TableSpec(
            study,
            f"Accuracy by what is hidden: {of_runs}",
            _OCCLUSION,
            grouped([_occlusion_line(line) for line in records(hidden)]),
            (_WHAT_IS_NEEDED, _QUESTIONS_LIKE_THESE, _KINDS),
            kind="errors-occlusion",
            frame=hidden,
        ),
        "errors-consistency": TableSpec(
            study,
            f"Contradictions between answers about one picture: {of_runs}",
            _CONSISTENCY,
            grouped([("", _consistency_cells(line)) for line in records(related)]),
            kind="errors-consistency",
            frame=related,
        ),
    }


def _counting_cells(line: Mapping[str, Any]) -> tuple[Cell, ...]:
    return (
        Cell(line["label"]),
        Cell(f"{line['n_questions']:,}"),
        Cell(percent(line["accuracy"])),
        Cell(_ends(line)),
        Cell(percent(line["off_by_one"])),
        Cell(decimal(line["mean_error"])),
    )


def _occlusion_line(line: Mapping[str, Any]) -> _Line:
    kind = "all questions" if line["type"] == ALL else line["type"].replace("_", " ")
    return kind, (
        Cell(hidden_range(line["least"], line["most"])),
        Cell(f"{line['n_questions']:,}"),
        Cell(percent(line["accuracy"])),
        Cell(_ends(line)),
        Cell(percent(line["typical"])),
    )


def _consistency_cells(line: Mapping[str, Any]) -> tuple[Cell, ...]:
    return (
        Cell(line["relation"]),
        Cell(f"{line['n_groups']:,}"),
        Cell(percent(line["contradict"])),
        Cell(_ends(line)),
        Cell(percent(line["chance"])),
    )


def _ends(line: Mapping[str, Any], name: str = "") -> str:
    lower, upper = line[f"{name}lower"], line[f"{name}upper"]
    if math.isnan(lower):
        return NOTHING
    return f"[{percent(lower)}, {percent(upper)}]"


def _in_brackets(line: Mapping[str, Any]) -> str:
    return "" if math.isnan(line["lower"]) else f" ({_ends(line)})"


def _sentences(row: str, mine: Sequence[AnalysedRun]) -> Iterator[str]:
    near, hidden = off_by_one(mine), partly_hidden(mine)
    if not math.isnan(near["share"]):
        yield (
            f"{row}: {percent(near['share'])} %{_in_brackets(near)} of the wrong "
            f"counts are off by one (Perez et al., on CLEVR: {percent(_OFF_BY_ONE)} %)."
        )
    if not math.isnan(hidden["share"]):
        most = "more" if hidden["share"] > 0.5 else "less"  # noqa: PLR2004 - half
        yield (
            f"{row}: of the wrong answers that depend on an object in the picture, "
            f"{percent(hidden['share'])} %{_in_brackets(hidden)} depend on one that is "
            f"partly hidden, and of all such answers {percent(hidden['of_all'])} %: "
            f"{most} than half of these errors involve partial occlusion (Perez et "
            "al., on CLEVR: most errors)."
        )
    for line in records(consistency_numbers(mine))[:1]:
        yield (
            f"{row}: of {line['n_groups']:,} pairs and triples of questions that logic "
            f"relates, {percent(line['contradict'])} % are answered so that they "
            f"contradict each other{_in_brackets(line)}; independent errors would "
            f"give {percent(line['chance'])} %."
        )
    for said in stack(mine[:1], "contradictions")["answers"].head(1):
        yield f"{row}, a contradiction: {said}"


def _notes(runs: Sequence[AnalysedRun], kept: Sequence[AnalysedRun]) -> Iterator[str]:
    for run in runs:
        if run not in kept:
            yield (
                f"{run.row} · seed {run.seed} was asked other questions than the first "
                "run of its row, and is left out; do `film analyse errors` of both"
            )
    if not all(run.analysis.about["has_scenes"] for run in kept):
        yield (
            "Scenes are not known, and so what is hidden is not: give `film analyse "
            "errors` the folder of CLEVR's own files with --source."
        )
