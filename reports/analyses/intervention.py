"""What is said of disturbed γ and β: accuracies that are left, and their differences.

Every difference is within a run, of answers to the same questions; its interval is
over training runs and scenes, as that of any accuracy.

References:
    Perez et al., *FiLM*, AAAI 2018, Section 4.2 and Figure 7.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from reports.analyses.runs import AnalysedRun, Learnt, by_row, stack
from reports.results import records
from reports.statistics.intervals import (
    Basis,
    Estimate,
    SceneScores,
    one_level,
    own_spread,
    score_scenes,
)
from reports.tables.numbers import count, interval, percent, signed
from reports.tables.spec import Cell, Column, TableSpec, grouped

__all__ = [
    "BOTH",
    "intervention_numbers",
    "noise_numbers",
    "summarise_intervention",
]

BOTH: Final = "γ and β"
"""As film.analysis.intervention names what is replaced where both are."""

_CONTRAST: Final = "γ − β"
_FALLS: Final = {"γ": 0.654, "β": 0.010}  # on CLEVR, Section 4.2
_RUNS_FOR_BAND: Final = 3  # as for learning curves
_COLUMNS: Final = (
    Column("What is disturbed", name="disturbed"),
    Column("Accuracy (%)", is_number=True, name="accuracy"),
    Column("Difference", is_number=True, name="delta"),
    Column("95 % interval", is_number=True, name="interval"),
)
_Line = tuple[str, int]  # a parameter, and the block where it is replaced: 0 for all


def summarise_intervention(study: str, runs: Sequence[AnalysedRun]) -> Learnt:
    """Average over runs what accuracy is left when γ or β are replaced.

    Args:
        study: Its name.
        runs: Analysed runs, row by row, the baseline first.

    Returns:
        A table with a section per row: of all blocks, and in the first row block by
        block; and the difference that replacing γ makes to replacing β.
    """
    found = {row: _alike(mine) for row, mine in by_row(runs).items()}
    numbers = [intervention_numbers(mine) for mine in found.values()]
    frame = pd.concat(numbers, ignore_index=True)
    table = TableSpec(
        study,
        f"Accuracy with γ or β disturbed at test time: {study}",
        _COLUMNS,
        grouped(list(_lines(frame, runs[0].row))),
        tuple(_notes(runs)),
        kind="intervention",
        frame=frame,
    )
    left_out = len(runs) - sum(map(len, found.values()))
    notes = (
        [f"{count(left_out, 'run')} of other questions left out of the means"]
        if left_out
        else []
    )
    return Learnt(
        heading="What is lost when γ or β is disturbed",
        tables={"intervention": table},
        sentences=tuple(_sentences(frame, runs[0].row)),
        runs=[run for mine in found.values() for run in mine],
        notes=notes,
    )


def intervention_numbers(runs: Sequence[AnalysedRun]) -> pd.DataFrame:
    """Estimate what is lost when parameters are replaced by their training means.

    Args:
        runs: Of one row, judged on the same questions.

    Returns:
        A line per replacement: ``row``, ``parameter`` (none for the network as it
        is), ``layer`` (0 for all blocks), ``n_runs``, ``accuracy``, ``delta`` to the
        network as it is, ``lower``, ``upper`` and ``basis``. The last line, where both
        γ and β can be replaced, is of γ replaced minus β replaced.
    """
    scores = _scores(runs)
    as_it_is = scores["", 0]
    lines = []
    for (parameter, layer), mine in scores.items():
        delta = _difference(mine, as_it_is) if parameter else None
        lines.append(
            _line(runs, (parameter, layer), float(mine.accuracies.mean()), delta)
        )
    if ("γ", 0) in scores and ("β", 0) in scores:
        delta = _difference(scores["γ", 0], scores["β", 0])
        lines.append(_line(runs, (_CONTRAST, 0), math.nan, delta))
    return pd.DataFrame(lines)


def noise_numbers(runs: Sequence[AnalysedRun]) -> pd.DataFrame:
    """Average accuracy under noise, as ``draw_noise`` takes it.

    Args:
        runs: Of one row.

    Returns:
        ``parameter``, ``noise`` (from 0, the network as it is), ``mean``, ``lower``,
        ``upper`` (95 % t interval: over runs where there are three, over draws of the
        noise where there is one run, and otherwise missing) and ``n_runs``.
    """
    as_it_is = stack(runs, "replaced").query("parameter == ''")
    noise = stack(runs, "noise")
    none = [
        as_it_is[["trial_id", "accuracy"]].assign(parameter=name, noise=0.0, seed=0)
        for name in dict.fromkeys(noise["parameter"])
    ]
    whole = pd.concat([*none, noise], ignore_index=True)
    lines = []
    for (parameter, size), mine in whole.groupby(["parameter", "noise"], sort=False):
        of_runs = mine.groupby("trial_id")["accuracy"].mean()
        values = mine["accuracy"] if len(of_runs) == 1 else of_runs
        enough = 2 if len(of_runs) == 1 else _RUNS_FOR_BAND
        half = _half(values.to_numpy(float)) if len(values) >= enough else math.nan
        mean = float(values.mean())
        lines.append(
            {
                "parameter": parameter,
                "noise": size,
                "mean": mean,
                "lower": mean - half,
                "upper": mean + half,
                "n_runs": len(of_runs),
            }
        )
    return pd.DataFrame(lines)


def _half(values: np.ndarray) -> float:
    spread = own_spread(values)
    se = math.sqrt(spread.variance / len(values))
    mean = float(values.mean())
    return Estimate(mean, se, spread.df, Basis.RUN_MEANS).interval()[1] - mean


def _scores(runs: Sequence[AnalysedRun]) -> dict[_Line, SceneScores]:
    table = runs[0].analysis.tables["replaced"]
    scenes = runs[0].analysis.arrays["scenes"]
    right = [
        np.unpackbits(run.analysis.arrays["right"], axis=1, count=len(scenes)).astype(
            bool
        )
        for run in runs
    ]
    return {
        (str(line["parameter"]), int(line["layer"])): score_scenes(
            np.stack([one[at] for one in right]), scenes
        )
        for at, line in enumerate(records(table))
    }


# One level: answers to the same questions by the same runs are taken from each other.
def _difference(mine: SceneScores, other: SceneScores) -> Estimate:
    return one_level(SceneScores(mine.right - other.right, mine.asked))


def _line(
    runs: Sequence[AnalysedRun], what: _Line, accuracy: float, delta: Estimate | None
) -> dict[str, Any]:
    lower, upper = math.nan, math.nan
    if delta and delta.se > 0:  # where no answer changes nothing tells how many would
        lower, upper = delta.interval()
    return {
        "row": runs[0].row,
        "parameter": what[0],
        "layer": what[1],
        "n_runs": len(runs),
        "accuracy": accuracy,
        "delta": delta.value if delta else math.nan,
        "lower": lower,
        "upper": upper,
        "basis": str(delta.basis) if delta else "",
    }


# Runs that were asked the same questions in the same disturbances as the first one.
def _alike(runs: Sequence[AnalysedRun]) -> list[AnalysedRun]:
    first = runs[0].analysis
    return [
        run
        for run in runs
        if np.array_equal(run.analysis.arrays["scenes"], first.arrays["scenes"])
        and run.analysis.tables["replaced"][["parameter", "layer"]].equals(
            first.tables["replaced"][["parameter", "layer"]]
        )
    ]


def _lines(
    frame: pd.DataFrame, detailed: str
) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    for line in records(frame):
        if line["layer"] and line["row"] != detailed:
            continue
        texts = (
            percent(line["accuracy"]),
            signed(line["delta"]),
            interval(line["lower"], line["upper"]),
        )
        heading = f"{line['row']} ({count(line['n_runs'], 'run')})"
        yield heading, (Cell(_name(line)), *map(Cell, texts))


def _name(line: Mapping[str, Any]) -> str:
    match line["parameter"]:
        case "":
            return "nothing"
        case one if one == _CONTRAST:
            return "γ replaced − β replaced"
        case one:
            where = f", block {line['layer']}" if line["layer"] else ""
            mean = "their means" if one == BOTH else "its mean"
            return f"{one} replaced by {mean}{where}"


def _notes(runs: Sequence[AnalysedRun]) -> Iterator[str]:
    about = runs[0].analysis.about
    asked = count(about["questions"], "question")
    yield (
        "A parameter that is replaced has, in every feature map, its mean over "
        f"{about['means_over']:,} training questions; {asked} of {about['split']} are "
        "answered with it."
    )
    yield (
        "Differences are to the network as it is, in points; intervals are over "
        "training runs and scenes, of one run over scenes alone."
    )


def _sentences(frame: pd.DataFrame, row: str) -> Iterator[str]:
    mine = frame[(frame["row"] == row) & (frame["layer"] == 0)]
    lines = {line["parameter"]: line for line in records(mine)}
    falls = [
        f"with {name} at its training mean, accuracy changes by {_points(lines[name])}"
        for name in _FALLS
        if name in lines
    ]
    if falls:
        yield f"{row}: {', and '.join(falls)}."
    if _CONTRAST in lines:
        yield f"{row}: {_verdict(lines[_CONTRAST])}"


def _points(line: Mapping[str, Any]) -> str:
    ends = interval(line["lower"], line["upper"])
    return f"{signed(line['delta'])} points{ends and f' {ends}'}"


def _verdict(line: Mapping[str, Any]) -> str:
    ends = _points(line)
    over = "runs and scenes" if line["basis"] == Basis.CROSSED else "scenes of one run"
    published = _FALLS["β"] - _FALLS["γ"]
    paper = f"Perez et al. on CLEVR, one run: {signed(published)}"
    if line["upper"] < 0:
        said = "γ matters more than β at test time, as in the paper"
    elif line["lower"] > 0:
        said = "β matters more than γ at test time, which is not what the paper found"
    else:
        said = "whether γ or β matters more at test time is not shown"
    return f"{said}: γ replaced minus β replaced is {ends} over {over} ({paper})."
