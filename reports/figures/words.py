"""Every figure in words, made from the numbers that it draws: its alternative text."""

import math
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from reports.figures.reproduction import Place
from reports.results import records
from reports.statistics import Verdict
from reports.statistics.corrections import ALPHA
from reports.tables.marks import VERDICT_MARKS
from reports.tables.numbers import NOTHING, count, interval, percent, signed

__all__ = [
    "beats_in_words",
    "effects_in_words",
    "forest_in_words",
    "interactions_in_words",
    "noise_in_words",
    "reproduction_in_words",
    "types_in_words",
]

_LOGIT: Final = "logit"


def forest_in_words(numbers: pd.DataFrame) -> str:
    """Say what the forest plot shows.

    Args:
        numbers: As ``forest_numbers`` gives them.

    Returns:
        Every row with its difference, interval and verdict.
    """
    parts = [
        f"{row['row']}: {signed(row['delta'])} "
        f"{interval(row['lower'], row['upper'])} {VERDICT_MARKS[row['verdict']]}"
        for row in records(numbers)
        if row["verdict"] != Verdict.BASELINE
    ]
    return f"Forest plot of differences to the baseline, in points. {'; '.join(parts)}."


def types_in_words(numbers: pd.DataFrame) -> str:
    """Say what the heat map shows.

    Args:
        numbers: As ``type_numbers`` gives them.

    Returns:
        Every row with its difference on each type; those found are called so.
    """
    compared = numbers[~numbers["is_baseline"].astype(bool)]
    parts = []
    for row, cells in compared.groupby("row", sort=False):
        said = [
            f"{cell['type'].replace('_', ' ')} {signed(cell['delta'])}"
            f"{' (found)' if cell['p_bh'] < ALPHA else ''}"
            for cell in records(cells)
        ]
        parts.append(f"{row}: {', '.join(said)}")
    n_tested = int(compared["p_bh"].notna().sum())
    found = (
        f"; found: false discovery rate below .05 over {count(n_tested, 'cell')}"
        if n_tested
        else ""
    )
    return (
        "Heat map of differences to the baseline by type of question, in points"
        f"{found}. {'; '.join(parts)}."
    )


def beats_in_words(numbers: pd.DataFrame) -> str:
    """Say what the plot of odds shows.

    Args:
        numbers: As ``beats_numbers`` gives them.

    Returns:
        Every row with its probability, and its interval where there is one.
    """
    parts = [f"{row['row']}: {_odds(row)}" for row in records(numbers)]
    return (
        "Probability that a run of the row beats a run of the baseline. "
        f"{'; '.join(parts)}."
    )


def effects_in_words(numbers: pd.DataFrame) -> str:
    """Say what the plot of effects shows.

    Args:
        numbers: As ``effect_numbers`` gives them.

    Returns:
        Effects and Shapley values with their intervals, the largest first.
    """
    sentences = []
    for panel, part in numbers.groupby("panel", sort=False):
        is_logit = bool((part["scale"] == _LOGIT).all())
        said = [
            f"{row['label']} {_number(row['value'], is_logit=is_logit)} "
            f"[{_number(row['lower'], is_logit=is_logit)}, "
            f"{_number(row['upper'], is_logit=is_logit)}]"
            for row in records(part)
        ]
        unit = "logits" if is_logit else "points"
        sentences.append(f"{str(panel).capitalize()}s in {unit}: {'; '.join(said)}.")
    return " ".join(sentences)


def interactions_in_words(means: pd.DataFrame, scale: str = "accuracy") -> str:
    """Say what the two-line plots show.

    Args:
        means: As ``estimate_effects`` gives them.
        scale: What they are in, fractions (``accuracy``) or logits (``logit``).

    Returns:
        The four means of every pair.
    """
    is_logit = scale == _LOGIT
    parts = []
    for (first, second), cells in means.groupby(["first", "second"], sort=False):
        said = [
            f"{_with(first, is_on=cell['first_on'])} "
            f"{_with(second, is_on=cell['second_on'])} "
            f"{_number(cell['mean'], is_logit=is_logit, is_signed=False)}"
            for cell in records(cells)
        ]
        parts.append(f"{first} and {second}: {', '.join(said)}")
    unit = "logits" if is_logit else "%"
    return f"Mean accuracy ({unit}) by pairs of components. {'; '.join(parts)}."


def reproduction_in_words(numbers: pd.DataFrame) -> str:
    """Say what the plots of agreement show.

    Args:
        numbers: As ``reproduction_numbers`` gives them.

    Returns:
        Every row's published and reproduced difference, bias and limits of agreement.
    """
    if numbers.empty:
        return "No row has both a published and a reproduced difference."
    parts = [
        f"{row['row']}: {signed(row['published_delta'])} and {signed(row['delta'])}"
        f"{_apart(row)}"
        for row in records(numbers)
    ]
    one = records(numbers)[0]
    limits = interval(one["limit_lower"], one["limit_upper"])
    return (
        "Differences to the baseline, published and reproduced, in points. "
        f"{'; '.join(parts)}. Mean of reproduced minus published without collapsed "
        f"rows: {signed(one['bias'])}"
        f"{f', 95 % limits of agreement {limits}' if limits else ''}."
    )


def noise_in_words(curves: pd.DataFrame, at_mean: Mapping[str, float]) -> str:
    """Say what the curves of disturbed parameters show.

    Args:
        curves: As ``draw_noise`` takes them.
        at_mean: Likewise.

    Returns:
        Where each curve begins and ends, and the accuracy at the training mean.
    """
    parts = []
    for parameter, curve in curves.groupby("parameter", sort=False):
        first, *_, last = records(curve.sort_values("noise").iloc[[0, -1]])
        said = (
            f"{parameter}: {percent(first['mean'])} % at noise {first['noise']:g}, "
            f"{percent(last['mean'])} % at {last['noise']:g}"
        )
        if parameter in at_mean:
            level = percent(at_mean[str(parameter)])
            said += f", {level} % with it set to its training mean"
        parts.append(said)
    return f"Validation accuracy by noise added to a parameter. {'; '.join(parts)}."


def _odds(row: Mapping[str, Any]) -> str:
    if math.isnan(row["p_beats"]):
        return NOTHING
    text = f"{row['p_beats']:.2f}"
    if math.isnan(row["p_beats_lower"]):
        return text
    return f"{text} [{row['p_beats_lower']:.2f}, {row['p_beats_upper']:.2f}]"


def _number(value: float, *, is_logit: bool, is_signed: bool = True) -> str:
    write = signed if is_signed else percent
    return write(value / 100, 2) if is_logit else write(value)


def _with(component: object, *, is_on: bool) -> str:
    return f"{'with' if is_on else 'without'} {component}"


def _apart(row: Mapping[str, Any]) -> str:
    if row["is_collapsed"]:
        return " (collapsed, not drawn)"
    is_outside = row["place"] == Place.OUTSIDE
    return " (outside the prediction interval)" if is_outside else ""
