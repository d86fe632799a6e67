"""Accuracy with and without the arithmetic on γ and β, and some of its answers.

References:
    Perez et al., *FiLM*, AAAI 2018, Figure 10.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.analyses.location import ABSENT
from reports.analyses.runs import AnalysedRun, by_row
from reports.analyses.zero_shot import zero_shot_numbers
from reports.figures.measure import PAD
from reports.figures.of_study import Drawing
from reports.figures.pictured import Panel, draw_panels, example_pictures
from reports.figures.sheet import Sheet
from reports.figures.style import BLACK, ORANGE, WIDTH, bare, style, tick_label
from reports.results import records
from reports.tables.numbers import interval, percent, signed

__all__ = ["draw_gains", "zero_shot_drawings"]

_ROW: Final = 0.22  # inches
_AXIS: Final = "Accuracy (%)"
_CAPTION: Final = (
    "To the right: points won by the arithmetic, with a 95 % interval over runs and "
    "scenes (of one run, over scenes)."
)


def zero_shot_drawings(
    runs: Sequence[AnalysedRun], width: float = WIDTH
) -> dict[str, Drawing]:
    """Draw what the arithmetic wins or loses, and questions whose answer it changes.

    Args:
        runs: Analysed runs, row by row, the baseline first.
        width: Of the figures, in inches.

    Returns:
        Figures by the stems of their files; nothing where the rule applies nowhere.
    """
    numbers = pd.concat(map(zero_shot_numbers, by_row(runs).values()))
    drawn = numbers[(numbers["subset"] != "others") & numbers["delta"].notna()]
    if not numbers.loc[numbers["subset"] == "applies", "questions"].any():
        return {}
    found = {
        "zero-shot": Drawing(
            "Zero-shot by arithmetic on γ and β",
            draw_gains(drawn, width),
            drawn,
            _in_words(drawn),
            _CAPTION,
        )
    }
    examples = runs[0].analysis.tables["examples"]
    if len(examples):
        found["zero-shot-examples"] = Drawing(
            f"Answers that the arithmetic changes: {runs[0].row}",
            draw_panels(list(_panels(runs[0])), width, columns=2),
            examples,
            _examples_in_words(examples),
            ABSENT if runs[0].analysis.about["pictures"] == "absent" else "",
        )
    return found


def draw_gains(numbers: pd.DataFrame, width: float = WIDTH) -> Figure:
    """Draw a line from accuracy without to accuracy with the arithmetic.

    Args:
        numbers: As of `zero_shot_numbers`, of one row or more.
        width: Of the figure, in inches.

    Returns:
        A figure of its own.
    """
    with style(width):
        sheet = Sheet(width)
        lines = records(numbers)
        rows = list(dict.fromkeys(line["row"] for line in lines))
        names = [_name(line) for line in lines]
        gains = [_gain(line) for line in lines]
        heads = len(rows) if len(rows) > 1 else 0
        left = sheet.ruler.widest(names) + 3 * PAD
        right = sheet.ruler.widest(gains) + 3 * PAD
        tall = _ROW * (len(lines) + heads) + PAD
        title, below = sheet.under(_AXIS, width - 2 * PAD)
        sheet.fit(PAD + tall + below, _legend())
        axes = sheet.axes(left, PAD, width - left - right, tall)
        _scale(axes, numbers)
        axes.set_ylim(tall / _ROW, 0)
        y, last = 0.2, ""
        for line, name, gain in zip(lines, names, gains, strict=True):
            if heads and line["row"] != last:
                last = line["row"]
                _write(sheet, PAD, y, str(last), style="italic", color="#404040")
                y += 1
            _draw_line(axes, line, y + 0.5)
            _write(sheet, 2 * PAD if heads else PAD, y, name)
            _write(sheet, width - right + 1.5 * PAD, y, gain)
            y += 1
        sheet.name_below(axes, title, (PAD, width - PAD))
        return sheet.figure


def _write(sheet: Sheet, x: float, y: float, text: str, **look: Any) -> None:  # noqa: ANN401 - as matplotlib takes them
    sheet.text(x, PAD + (y + 0.5) * _ROW, text, va="center_baseline", **look)


def _name(line: dict[str, Any]) -> str:
    if line["subset"] == "applies":
        return f"the {percent(line['share'])} % put together"
    return "all questions"


def _gain(line: dict[str, Any]) -> str:
    if math.isnan(line["lower"]):
        return signed(line["delta"])
    return f"{signed(line['delta'])}  {interval(line['lower'], line['upper'])}"


def _legend() -> list[Line2D]:
    look: dict[str, Any] = {"ls": "", "marker": "o", "ms": 4.5}
    return [
        Line2D([], [], **look, color=BLACK, mfc="white", label="as they are"),
        Line2D([], [], **look, color=ORANGE, label="γ and β put together"),
    ]


def _draw_line(axes: Axes, line: dict[str, Any], y: float) -> None:
    plain, swapped = 100 * line["accuracy"], 100 * line["swapped"]
    axes.plot([plain, swapped], [y, y], color=ORANGE, lw=1.4, zorder=2)
    axes.plot(swapped, y, "o", color=ORANGE, ms=4.5, zorder=3)
    axes.plot(plain, y, "o", color=BLACK, mfc="white", ms=4.5, zorder=4)


def _scale(axes: Axes, numbers: pd.DataFrame) -> None:
    values = 100 * numbers[["accuracy", "swapped"]].to_numpy(float)
    pad = max(0.06 * (values.max() - values.min()), 1.0)
    axes.set_xlim(max(values.min() - pad, 0), min(values.max() + pad, 100 + pad / 2))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(tick_label))
    axes.grid(axis="x", color="#e0e0e0", lw=0.5)
    axes.set_axisbelow(True)
    axes.set_yticks([])
    bare(axes, "top", "right", "left")


def _panels(run: AnalysedRun) -> Iterator[Panel]:
    examples = records(run.analysis.tables["examples"])
    pictures = example_pictures(dict(run.analysis.arrays), len(examples))
    for one, picture in zip(examples, pictures, strict=True):
        yield Panel(
            picture,
            None,
            (
                one["text"],
                f"{one['given']} → {one['swapped']} (right: {one['label']})",
                f"+ {one['plus_shape']}",
                f"+ {one['plus_color']}",
                f"− {one['minus_both']}",
            ),
        )


def _in_words(numbers: pd.DataFrame) -> str:
    parts = [
        f"{line['row']}, {_name(line)}: from {percent(line['accuracy'])} to "
        f"{percent(line['swapped'])} %"
        for line in records(numbers)
    ]
    return f"Accuracy without and with the arithmetic. {'; '.join(parts)}."


def _examples_in_words(examples: pd.DataFrame) -> str:
    right = int((examples["given"] == examples["label"]).sum())
    then = int((examples["swapped"] == examples["label"]).sum())
    return (
        f"{len(examples)} pictures with a question each: {right} answered rightly as "
        f"they are, {then} with γ and β put together."
    )
