"""All figures of a study, by the names of their files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from reports.figures.beats import beats_numbers, draw_beats
from reports.figures.curves import draw_curves
from reports.figures.effects import draw_effects, effect_numbers
from reports.figures.forest import draw_forest, forest_numbers
from reports.figures.interactions import draw_interactions
from reports.figures.reproduction import (
    draw_reproduction,
    order_in_words,
    reproduction_numbers,
)
from reports.figures.samples import draw_samples
from reports.figures.style import FORMATS, WIDTH, save_figure
from reports.figures.types import draw_types, type_numbers
from reports.figures.words import (
    beats_in_words,
    effects_in_words,
    forest_in_words,
    interactions_in_words,
    reproduction_in_words,
    types_in_words,
)
from reports.learning import curves_by_row, curves_by_type, curves_in_words
from reports.reproduction.agreement import Agreement
from reports.results import Results
from reports.samples import accuracy_by_samples, samples_in_words
from reports.statistics.effects import Effects
from studies.study import Study
from studies.trial import BASELINE

__all__ = ["Drawing", "reproduction_figure", "save_drawing", "study_figures"]

_RUNS_FOR_ODDS: Final = 5
_CURVES: Final = (
    "Thick lines are means over runs, shades their 95 % intervals (from 3 runs on), "
    "thin lines single runs. Training accuracy is a running mean over the epoch, so "
    "that it lags behind."
)
_TYPES: Final = (
    "Colours grow with the logarithm of a difference of more than a point. A number "
    "that is not bold is not shown to differ from the baseline."
)
_INTERACTIONS: Final = (
    "Each point is the mean of all rows with and without the two components, with its "
    "95 % interval. Lines that are not parallel tell of an interaction."
)
_EFFECTS: Final = (
    "Mean of the rows with a component minus the mean of those without; lines are 95 % "
    "intervals. An interaction is half of how much one effect changes with the other."
)

_SAMPLES: Final = (
    "The numbers of samples are on a logarithmic scale, with the weights before that "
    "stage at its left. Intervals are of the mean over runs (from 3 runs on)."
)
_REPRODUCTION: Final = (
    "Left: differences to the baseline, with our 95 % intervals; on the dotted line "
    "both are equal. Right: what they are apart (Bland and Altman), with its mean and "
    "95 % limits of agreement. The prediction interval is for one more run of ours."
)

Named = Iterator[tuple[str, "Drawing"]]


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure, the numbers that it draws, and both in words.

    Attributes:
        heading: What stands above it on a page.
        figure: The figure.
        numbers: What it draws, one row per mark.
        words: The same for those who cannot see it.
        caption: How to read it; empty where the figure says so itself.
    """

    heading: str
    figure: Figure
    numbers: pd.DataFrame
    words: str
    caption: str = ""


def study_figures(
    study: Study,
    results: Results,
    frames: tuple[pd.DataFrame, pd.DataFrame],
    effects: Effects | None = None,
    agreement: Agreement | None = None,
    width: float = WIDTH,
) -> dict[str, Drawing]:
    """Draw what was estimated of a study.

    Args:
        study: What was asked.
        results: What was recorded.
        frames: The estimates of its rows, and of its cells by type of question.
        effects: Of its components, where it crosses some.
        agreement: Of its rows with a published table, where there is one.
        width: Of the figures, in inches.

    Returns:
        Figures by the stems of their files, the main one first. What has no numbers is
        not drawn.
    """
    estimates, cells = _once(*frames)
    numbers = forest_numbers(estimates)
    drawings = {
        "forest": Drawing(
            "Differences to the baseline",
            draw_forest(numbers, study.margin, width),
            numbers,
            forest_in_words(numbers),
        )
    }
    drawings |= dict(_samples(study, estimates, width))
    drawings |= dict(_effects(effects, width))
    drawings |= dict(_cells(cells, estimates, width))
    drawings |= dict(_curves(results.curves, width))
    drawings |= dict(_odds(estimates, width))
    if agreement is not None and agreement.summary.n_rows:
        drawings["reproduction"] = reproduction_figure(agreement, width)
    return drawings


def save_drawing(
    drawing: Drawing, folder: Path, stem: str, source: str = ""
) -> list[str]:
    """Write a figure in every format, with its numbers beside it.

    Args:
        drawing: What to write.
        folder: Where to, an existing folder.
        stem: Name of the files, without ending.
        source: What it was drawn from, kept in the files: the hash of the study.

    Returns:
        Names of the files.
    """
    for ending in FORMATS:
        save_figure(drawing.figure, folder / f"{stem}{ending}", source)
    flat = drawing.numbers.copy()
    if "runs" in flat:
        flat["runs"] = [";".join(map(repr, runs)) for runs in flat["runs"]]
    text = flat.to_csv(index=False, lineterminator="\n")
    (folder / f"{stem}.csv").write_text(text, encoding="utf-8", newline="\n")
    return [f"{stem}{ending}" for ending in (*FORMATS, ".csv")]


def reproduction_figure(agreement: Agreement, width: float = WIDTH) -> Drawing:
    """Draw a study's rows against published ones.

    Args:
        agreement: What was found.
        width: Of the figure, in inches.

    Returns:
        The figure with its numbers and words.
    """
    numbers = reproduction_numbers(agreement)
    order = order_in_words(agreement.summary)
    words = " ".join(
        filter(None, [reproduction_in_words(numbers), order and f"{order}."])
    )
    figure = draw_reproduction(numbers, order, width)
    return Drawing(
        "Reproduced against published", figure, numbers, words, _REPRODUCTION
    )


# A row of a stage that is compared further down, with the baseline's weights on the
# same questions, is drawn there.
def _once(
    estimates: pd.DataFrame, cells: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    if "compared_as" not in estimates:
        return estimates, cells
    kept = estimates[estimates["compared_as"] == ""]
    rows = set(kept["row"])
    return (
        kept.reset_index(drop=True),
        cells[cells["row"].isin(rows)].reset_index(drop=True),
    )


def _samples(study: Study, estimates: pd.DataFrame, width: float) -> Named:
    numbers = accuracy_by_samples(study, estimates)
    for number, (_, mine) in enumerate(numbers.groupby(["stage", "start"], sort=False)):
        one = mine.reset_index(drop=True)
        stage, start = one["stage"].iloc[0], one["start"].iloc[0]
        heading = f"Accuracy by number of samples: {stage}"
        if start != BASELINE:
            heading += f", from {start}"
        figure, words = draw_samples(one, width), samples_in_words(one)
        stem = f"samples-{number + 1}" if number else "samples"
        yield stem, Drawing(heading, figure, one, words, _SAMPLES)


def _effects(effects: Effects | None, width: float) -> Named:
    both = (effects, effects.beside if effects else None)
    for found, more in zip(both, ("", "-logit"), strict=True):
        if found is None:
            continue
        scale = str(found.scale)
        in_what = " in logits" if more else ""
        if len(found.terms):
            numbers = effect_numbers(found.terms, found.shapley)
            figure = draw_effects(numbers, width)
            words = effects_in_words(numbers)
            heading = f"Effects of components{in_what}"
            yield (
                f"component-effects{more}",
                Drawing(heading, figure, numbers, words, _EFFECTS),
            )
        if len(found.means):
            figure = draw_interactions(found.means, scale, width)
            words = interactions_in_words(found.means, scale)
            heading = f"Interactions of components{in_what}"
            yield (
                f"interactions{more}",
                Drawing(heading, figure, found.means, words, _INTERACTIONS),
            )


def _cells(cells: pd.DataFrame, estimates: pd.DataFrame, width: float) -> Named:
    if cells.empty or cells["delta"].isna().all():
        return
    also = {}
    if "also_changed" in estimates:
        also = dict(zip(estimates["row"], estimates["also_changed"], strict=True))
    numbers = type_numbers(cells, also)
    yield (
        "type-differences",
        Drawing(
            "Differences by type of question",
            draw_types(numbers, width),
            numbers,
            types_in_words(numbers),
            _TYPES,
        ),
    )


def _curves(curves: pd.DataFrame, width: float) -> Named:
    if curves.empty:
        return
    said = "Accuracy on validation questions by epoch. {}."
    by_row = curves_by_row(curves)
    if len(by_row):
        words = said.format(curves_in_words(by_row))
        figure = draw_curves(by_row, width)
        yield "curves", Drawing("Learning curves", figure, by_row, words, _CURVES)
    by_type = curves_by_type(curves, BASELINE)
    if len(by_type):
        heading = "Learning curves of the baseline by type of question"
        words = f"{heading}. {curves_in_words(by_type)}."
        figure = draw_curves(by_type, width)
        yield "curves-types", Drawing(heading, figure, by_type, words)


def _odds(estimates: pd.DataFrame, width: float) -> Named:
    compared = estimates.loc[~estimates["is_baseline"].astype(bool), "n_compared"]
    if not (compared >= _RUNS_FOR_ODDS).any():
        return
    numbers = beats_numbers(estimates)
    if numbers["p_beats"].notna().any():
        heading = "How often a run beats a run of the baseline"
        figure = draw_beats(numbers, width)
        yield "beats", Drawing(heading, figure, numbers, beats_in_words(numbers))
