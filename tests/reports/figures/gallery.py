"""Draw every figure, at every width and in awkward cases, to be looked at.

``python -m tests.reports.figures.gallery FOLDER``
"""

import math
import sys
from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from reports.figures import (
    beats_numbers,
    draw_beats,
    draw_curves,
    draw_effects,
    draw_forest,
    draw_interactions,
    draw_noise,
    draw_types,
    effect_numbers,
    forest_numbers,
    reproduction_figure,
    save_figure,
    type_numbers,
)
from reports.figures.style import WIDTHS
from tests.reports.figures import made_up

LONG = {
    "a row whose name goes on for as long as eighty letters, all that it may take": (
        "A group whose name is also longer than anybody would like to read in a table",
        0.96,
    ),
    "W" * 80: ("W" * 60, 0.99),
}
SOME = dict(list(made_up.PAPER.items())[:3])
NAMES = "γ", "β", "residual", "coordinate maps", "batch normalization"


def figures() -> Iterator[tuple[str, Figure]]:
    """Draw them all.

    Yields:
        A file stem, and what to write there.
    """
    paper = made_up.results_of(made_up.PAPER, 5)
    many = made_up.results_of(SOME, 12)
    odd = made_up.results_of({**SOME, **LONG}, [5, 1, 2, 0, 5, 5])
    for width_name, width in WIDTHS.items():
        for name, results in (("paper", paper), ("many", many), ("odd", odd)):
            estimates = made_up.estimates_of(results)
            estimates["also_changed"] = ["", "12 epochs", *[""] * (len(estimates) - 2)]
            numbers = forest_numbers(estimates)
            yield f"forest-{name}-{width_name}", draw_forest(numbers, 0.5, width)
            cells = type_numbers(made_up.cells_of(results))
            yield f"types-{name}-{width_name}", draw_types(cells, width)
            odds = beats_numbers(estimates)
            yield f"beats-{name}-{width_name}", draw_beats(odds, width)
        for name, rows, runs in (
            ("few", SOME, 5),
            ("paper", made_up.PAPER, 5),
            ("odd", {**SOME, **LONG}, 2),
        ):
            curves = made_up.curves_of(rows, runs)
            yield f"curves-{name}-{width_name}", draw_curves(curves, width)
        for n in (2, 3, 5):
            terms = made_up.terms_of(NAMES[:n])
            shapley = made_up.shapley_of(NAMES[:n])
            effects = effect_numbers(terms, shapley.head(n if n > 2 else 0))
            yield f"effects-{n}-{width_name}", draw_effects(effects, width)
            means = made_up.means_of(NAMES[:n])
            yield (
                f"interactions-{n}-{width_name}",
                draw_interactions(means, width=width),
            )
        at_mean = {"γ": 0.32, "β": 0.962}
        yield f"noise-{width_name}", draw_noise(made_up.noise_of(), at_mean, width)
        for name, rows in (("paper", made_up.PAPER), ("few", SOME), ("odd", LONG)):
            drawing = reproduction_figure(made_up.reproduction_of(rows), width)
            yield f"reproduction-{name}-{width_name}", drawing.figure
        one = made_up.noise_of(("γ",)).assign(lower=math.nan, upper=math.nan)
        yield f"noise-one-{width_name}", draw_noise(one, {}, width)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for stem, figure in figures():
        save_figure(figure, folder / f"{stem}.png")
