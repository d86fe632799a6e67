"""Where a network looks: winners of its global max pool, over pictures and on average.

References:
    Perez et al., *FiLM*, AAAI 2018, Figure 4.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.analyses.location import ABSENT, type_words
from reports.analyses.runs import AnalysedRun, by_row
from reports.figures.measure import PAD, line_height
from reports.figures.of_study import Drawing
from reports.figures.pictured import Panel, draw_panels, example_pictures, frame
from reports.figures.sheet import Sheet
from reports.figures.style import WIDTH, is_narrow, style, tick_label
from reports.results import records

__all__ = ["draw_mean_maps", "location_drawings"]

_BAR: Final = 0.11  # inches
_NUMBERS: Final = 0.42
_BETWEEN: Final = 0.14
_MAP: Final = "magma"


def location_drawings(
    runs: Sequence[AnalysedRun], width: float = WIDTH
) -> dict[str, Drawing]:
    """Draw winners over pictures, and their mean share by place.

    Args:
        runs: Analysed runs, row by row, the baseline first.
        width: Of the figures, in inches.

    Returns:
        Figures by the stems of their files: examples of the first run, and means over
        the runs of the first row.
    """
    row, mine = next(iter(by_row(runs).items()))
    examples = _examples(mine[0])
    means = mean_maps(mine)
    return {
        "location": Drawing(
            f"Where it looks: {mine[0].row}",
            draw_panels(list(_panels(mine[0])), width),
            examples,
            _in_words(examples),
            _caption(mine[0]),
        ),
        "location-means": Drawing(
            f"Where it looks on average: {row}",
            draw_mean_maps(means, width),
            means,
            _means_in_words(means),
            "Share of the winning maps at each place of the feature map, mean over "
            "questions and runs.",
        ),
    }


def mean_maps(runs: Sequence[AnalysedRun]) -> pd.DataFrame:
    """Average maps over runs.

    Args:
        runs: Of one row, asked the same questions.

    Returns:
        ``type``, ``y`` and ``x`` (places from the upper left), and ``share``.
    """
    names = runs[0].analysis.tables["means"]["type"].tolist()
    maps = np.mean([run.analysis.arrays["means"] for run in runs], axis=0)
    y, x = np.indices(maps.shape[1:])
    frames = [
        pd.DataFrame(
            {"type": name, "y": y.ravel(), "x": x.ravel(), "share": one.ravel()}
        )
        for name, one in zip(names, maps, strict=True)
    ]
    return pd.concat(frames, ignore_index=True)


def draw_mean_maps(means: pd.DataFrame, width: float = WIDTH) -> Figure:
    """Draw a map per type of questions on one scale.

    Args:
        means: As of `mean_maps`.
        width: Of the figure, in inches.

    Returns:
        A figure of its own.
    """
    with style(width):
        sheet = Sheet(width)
        maps = {
            str(name): _grid(one) for name, one in means.groupby("type", sort=False)
        }
        n = min(len(maps), 2 if is_narrow(width) else 3)
        each = (width - 2 * PAD - (n - 1) * _BETWEEN - PAD - _BAR - _NUMBERS) / max(
            n, 2
        )
        rows, columns = next(iter(maps.values())).shape
        tall, title = each * rows / columns, line_height() + PAD / 2
        n_lines = -(-len(maps) // n)
        sheet.fit(n_lines * (title + tall + PAD) + PAD, [])
        scale = Normalize(0, 100 * float(means["share"].max()))
        for at, (name, grid) in enumerate(maps.items()):
            line, column = divmod(at, n)
            x = PAD + column * (each + _BETWEEN)
            top = PAD + line * (title + tall + PAD)
            sheet.text(x, top, type_words(name), va="top")
            axes = sheet.axes(x, top + title, each, tall)
            axes.imshow(100 * grid, cmap=_MAP, norm=scale, aspect="auto")
            frame(axes)
        x = PAD + n * (each + _BETWEEN)
        bar = sheet.figure.colorbar(
            ScalarMappable(scale, _MAP), cax=sheet.axes(x, PAD + title, _BAR, tall)
        )
        bar.ax.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
        bar.ax.yaxis.set_major_formatter(FuncFormatter(tick_label))
        bar.outline.set_linewidth(0.5)
        bar.set_label("Winners (%)")
        return sheet.figure


def _grid(one: pd.DataFrame) -> np.ndarray:
    return one.pivot_table("share", "y", "x", sort=True).to_numpy()


def _examples(run: AnalysedRun) -> pd.DataFrame:
    return run.analysis.tables["examples"].copy()


def _panels(run: AnalysedRun) -> Iterator[Panel]:
    examples = records(run.analysis.tables["examples"])
    counts = run.analysis.arrays["counts"]
    pictures = example_pictures(dict(run.analysis.arrays), len(examples))
    for one, picture, places in zip(examples, pictures, counts, strict=True):
        said = one["given"]
        if one["label"] and one["label"] != one["given"]:
            said = f"{one['given']} (right: {one['label']})"
        yield Panel(picture, places, (one["text"], f"Answer: {said}"))


def _caption(run: AnalysedRun) -> str:
    if run.analysis.about["pictures"] == "absent":
        return ABSENT
    faded = (
        "The less a place of the feature map wins, the more the picture fades there."
    )
    drawn = " Questions were drawn by chance, not chosen."
    return faded + drawn * (run.analysis.about["seed"] is not None)


def _in_words(examples: pd.DataFrame) -> str:
    right = int((examples["given"] == examples["label"]).sum())
    return (
        f"{len(examples)} pictures with a question each, {right} answered rightly; "
        "each picture is clear where feature maps have their maxima, and fades "
        "elsewhere."
    )


def _means_in_words(means: pd.DataFrame) -> str:
    parts = []
    for name, one in means.groupby("type", sort=False):
        top = records(one.loc[[one["share"].idxmax()]])[0]
        parts.append(
            f"{type_words(str(name))}: at most {100 * top['share']:.1f} %, in line "
            f"{top['y'] + 1} and column {top['x'] + 1}"
        )
    return f"Share of winners by place of the feature map. {'; '.join(parts)}."
