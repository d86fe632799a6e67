"""Every figure of a study fits its width, says itself in words, and stays the same."""

import hashlib
import re
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from reports.errors import ReportError
from reports.figures import (
    FORMATS,
    WIDTHS,
    beats_in_words,
    beats_numbers,
    draw_beats,
    draw_curves,
    draw_effects,
    draw_forest,
    draw_interactions,
    draw_noise,
    draw_reproduction,
    draw_types,
    effect_numbers,
    effects_in_words,
    forest_in_words,
    forest_numbers,
    interactions_in_words,
    noise_in_words,
    reproduction_figure,
    reproduction_in_words,
    reproduction_numbers,
    save_drawing,
    save_figure,
    study_figures,
    type_numbers,
    types_in_words,
)
from reports.figures.reproduction import Place
from reports.learning import curves_in_words
from reports.results import Results
from reports.statistics import estimate_cells
from studies.catalogue import find_study
from tests.reports.figures import made_up
from tests.reports.figures.legible import assert_legible

SOME = dict(list(made_up.PAPER.items())[:3])
LONG = {
    "a row whose name goes on for as long as eighty letters, all that it may take": (
        "A group whose name is also longer than anybody would like to read in a table",
        0.96,
    ),
    "W" * 80: ("W" * 60, 0.99),
}
NAMES = "γ", "β", "residual", "coordinate maps", "batch normalization"
AT_MEAN = {"γ": 0.32, "β": 0.962}
CASES = "paper", "few", "odd"

Draw = Callable[..., Figure]


@pytest.fixture(scope="module")
def records() -> dict[str, Results]:
    """Give a table of the paper's size, a small one, and one of what may go wrong."""
    return {
        "paper": made_up.results_of(made_up.PAPER, 5, 100),
        "few": made_up.results_of(SOME, 12, 100),
        "odd": made_up.results_of({**SOME, **LONG}, [3, 1, 2, 0, 3, 3], 100),
    }


@pytest.fixture(scope="module")
def all_figures(records: dict[str, Results]) -> dict[str, tuple[Draw, str]]:
    """Give what draws each figure at a width, and its words."""
    figures: dict[str, tuple[Draw, str]] = {}
    for case, results in records.items():
        estimates = made_up.estimates_of(results)
        estimates["also_changed"] = ["", "12 epochs", *[""] * (len(estimates) - 2)]
        forest = forest_numbers(estimates)
        figures[f"forest-{case}"] = (
            partial(draw_forest, forest, 0.5),
            forest_in_words(forest),
        )
        cells = type_numbers(estimate_cells(results))
        figures[f"types-{case}"] = partial(draw_types, cells), types_in_words(cells)
        odds = beats_numbers(estimates)
        figures[f"beats-{case}"] = partial(draw_beats, odds), beats_in_words(odds)
    for case, rows, n_runs in (("few", SOME, 5), ("odd", {**SOME, **LONG}, 1)):
        curves = made_up.curves_of(rows, n_runs, 6)
        figures[f"curves-{case}"] = (
            partial(draw_curves, curves),
            curves_in_words(curves),
        )
        agreement = made_up.reproduction_of(rows)
        figures[f"reproduction-{case}"] = (
            lambda width=6.75, its=agreement: reproduction_figure(its, width).figure,
            reproduction_figure(agreement).words,
        )
    for n in (2, 5):
        effects = effect_numbers(made_up.terms_of(NAMES[:n]), made_up.shapley_of(NAMES))
        means = made_up.means_of(NAMES[:n])
        figures[f"effects-{n}"] = (
            partial(draw_effects, effects),
            effects_in_words(effects),
        )
        figures[f"interactions-{n}"] = (
            partial(draw_interactions, means, "accuracy"),
            interactions_in_words(means),
        )
    noise = made_up.noise_of()
    figures["noise"] = (
        partial(draw_noise, noise, AT_MEAN),
        noise_in_words(noise, AT_MEAN),
    )
    return figures


@pytest.mark.parametrize("width", WIDTHS)
def test_no_word_is_clipped_or_covered_at_any_width(
    all_figures: dict[str, tuple[Draw, str]], width: str
) -> None:
    for name, (draw, _) in all_figures.items():
        if width != "column" and name.endswith("-paper"):
            continue  # 18 rows are hardest where it is narrow
        figure = draw(width=WIDTHS[width])
        assert figure.get_figwidth() == WIDTHS[width]
        assert_legible(figure)


def test_every_figure_has_words_for_every_row(
    all_figures: dict[str, tuple[Draw, str]],
) -> None:
    for name, (_, words) in all_figures.items():
        assert "nan" not in words.lower().replace("finance", ""), name
        if name.split("-")[0] in {"forest", "types", "beats", "curves"}:
            assert all(row in words for row in SOME), name
    forest = all_figures["forest-paper"][1]
    assert re.search(r"γ := 1: −1\.\d \[−\d\.\d, −\d\.\d\] ▼ worse;", forest)


def test_figures_stay_the_same_and_embed_their_letters_as_truetype(
    all_figures: dict[str, tuple[Draw, str]], tmp_path: Path
) -> None:
    for name in ("types-few", "effects-2", "noise"):
        for ending in FORMATS:
            paths = [tmp_path / f"{name}-{i}{ending}" for i in range(2)]
            for path in paths:
                save_figure(all_figures[name][0](), path, "0123abcd")
            digests = {hashlib.sha256(path.read_bytes()).digest() for path in paths}
            assert len(digests) == 1, paths
        pdf = unpacked((tmp_path / f"{name}-0.pdf").read_bytes())
        assert b"/Type3" not in pdf
        assert b"/FontFile2" in pdf
        assert b"CreationDate" not in pdf
        svg = (tmp_path / f"{name}-0.svg").read_text(encoding="utf-8")
        assert "0123abcd" in svg
        assert "<dc:date>" not in svg
        assert "font-family" not in svg  # letters are drawn, and looked up nowhere
        assert b"0123abcd" in (tmp_path / f"{name}-0.png").read_bytes()


def unpacked(pdf: bytes) -> bytes:
    """Append what the streams of a PDF hold, where fonts may be described too."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    found = [pdf]
    for stream in streams:
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return b"\n".join(found)


def test_another_ending_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"figure\.eps: .* \.png, \.pdf or \.svg"):
        save_figure(Figure(), tmp_path / "figure.eps")


def test_drawing_leaves_the_user_s_settings_alone(
    all_figures: dict[str, tuple[Draw, str]],
) -> None:
    before = dict(mpl.rcParams)
    for name in ("types-few", "beats-few", "effects-2", "interactions-2", "noise"):
        all_figures[name][0]()
    assert dict(mpl.rcParams) == before


def test_every_figure_of_a_study_lies_beside_its_numbers(
    records: dict[str, Results], tmp_path: Path
) -> None:
    results = records["few"]
    frames = made_up.estimates_of(results), estimate_cells(results)
    drawings = study_figures(find_study("quick"), results, frames)
    assert list(drawings) == ["forest", "type-differences", "beats"]
    for stem, drawing in drawings.items():
        files = save_drawing(drawing, tmp_path, stem)
        assert files == [f"{stem}{ending}" for ending in (*FORMATS, ".csv")]
        numbers = pd.read_csv(tmp_path / f"{stem}.csv")
        assert len(numbers) == len(drawing.numbers) > 0
        assert drawing.words
        assert drawing.heading
    forest = pd.read_csv(tmp_path / "forest.csv").set_index("row")
    assert forest.loc["γ := 1", "delta"] == pytest.approx(
        frames[0].set_index("row").loc["γ := 1", "delta"]
    )


def test_odds_of_few_runs_are_not_drawn(records: dict[str, Results]) -> None:
    results = records["odd"]
    frames = made_up.estimates_of(results), estimate_cells(results)
    assert "beats" not in study_figures(find_study("quick"), results, frames)


def test_odds_have_whiskers_from_ten_runs_on_alone(records: dict[str, Results]) -> None:
    def whiskers(case: str) -> int:
        numbers = beats_numbers(made_up.estimates_of(records[case]))
        (axes,) = draw_beats(numbers).axes
        return sum(line.get_linewidth() == 1.6 for line in axes.lines)

    assert whiskers("paper") == 0
    assert whiskers("few") == 3


def test_cells_that_are_found_are_bold_and_the_others_are_not(
    records: dict[str, Results],
) -> None:
    numbers = type_numbers(estimate_cells(records["paper"]))
    (axes,) = draw_types(numbers).axes
    bold = [text for text in axes.texts if text.get_weight() == "bold"]
    assert len(bold) == (numbers["p_bh"] < 0.05).sum() > 5
    assert len(axes.patches) == numbers["delta"].notna().sum() == 17 * 5


def test_letters_of_a_cell_can_be_read_on_its_colour(
    records: dict[str, Results],
) -> None:
    def luminance(color: object) -> float:
        rgb = np.array(mpl.colors.to_rgb(color))  # type: ignore[arg-type]
        light = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return float(light @ [0.2126, 0.7152, 0.0722])

    (axes,) = draw_types(type_numbers(estimate_cells(records["paper"]))).axes
    for patch in axes.patches:
        x, y = patch.get_x() + 0.5, patch.get_y() + patch.get_height() / 2
        (text,) = [t for t in axes.texts if np.allclose(t.get_position(), (x, y))]
        pair = sorted([luminance(text.get_color()), luminance(patch.get_facecolor())])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) > 4.5, text  # as WCAG asks


def test_effects_come_the_largest_first_and_say_which_are_found() -> None:
    terms, shapley = made_up.terms_of(NAMES[:3]), made_up.shapley_of(NAMES[:3])
    numbers = effect_numbers(terms, shapley)
    sizes = numbers.loc[numbers["panel"] == "effect", "value"].abs()
    assert sizes.is_monotonic_decreasing
    assert len(sizes) == 7
    left, right = draw_effects(numbers).axes
    filled = [
        line.get_markerfacecolor() != "white" for line in left.lines if marks(line)
    ]
    assert sum(filled) == (terms["p_holm"] < 0.05).sum()
    assert len([line for line in right.lines if marks(line)]) == 3


def marks(line: mpl.lines.Line2D) -> bool:
    return line.get_marker() in {"v", "^", "D"}


def test_effects_in_logits_are_not_multiplied_into_points() -> None:
    numbers = effect_numbers(
        made_up.terms_of(NAMES[:2], scale="logit"), made_up.shapley_of(())
    )
    (axes,) = draw_effects(numbers).axes
    assert max(map(abs, axes.get_xlim())) < 1
    assert "Effects in logits: " in effects_in_words(numbers)


def test_collapsed_rows_are_left_out_and_named() -> None:
    numbers = reproduction_numbers(made_up.reproduction_of(made_up.PAPER))
    figure = draw_reproduction(numbers)
    left, right = figure.axes
    points = [line for line in right.lines if line.get_marker() in {"o", "D", "s"}]
    assert len(numbers) == 17
    assert len(points) == 16
    assert left.get_xlim()[0] > -10
    said = [text.get_text() for text in figure.texts]
    assert any("Left out, as collapsed: no FiLM in ResBlocks 1-4." in t for t in said)


def test_a_published_value_is_inside_outside_or_without_a_prediction() -> None:
    agreement = made_up.reproduction_of(made_up.PAPER)
    numbers = reproduction_numbers(agreement)
    assert numbers["place"].iloc[-1] == Place.NOWHERE
    assert set(numbers["place"]) == set(Place)
    (left, _) = draw_reproduction(numbers).axes
    squares = [line for line in left.lines if line.get_marker() == "s"]
    assert len(squares) == 1
    assert (numbers["bias"] == agreement.summary.bias).all()


def test_the_order_of_rows_is_said_beside_its_ceiling() -> None:
    drawing = reproduction_figure(made_up.reproduction_of(made_up.PAPER))
    line = "Kendall τ-b .89; a perfect reproduction .81 [.68, .91]"
    assert line in [text.get_text() for text in drawing.figure.texts]
    assert drawing.words.endswith(f"{line}.")


def test_one_reproduced_row_has_no_limits_and_none_says_so() -> None:
    one = made_up.reproduction_of(dict([*SOME.items()][:1]))
    assert reproduction_numbers(one)["limit_lower"].isna().all()
    drawing = reproduction_figure(one)
    assert "limits of agreement" not in drawing.words
    assert_legible(drawing.figure)
    none = reproduction_numbers(one).head(0)
    assert_legible(draw_reproduction(none))
    assert reproduction_in_words(none).startswith("No row has both")


def test_noise_without_bands_or_a_reference_is_drawn() -> None:
    curves = made_up.noise_of(("γ",)).assign(lower=np.nan, upper=np.nan)
    figure = draw_noise(curves, {})
    assert_legible(figure)
    assert not [
        line
        for line in figure.axes[0].lines
        if len(set(line.get_ydata())) == 1
        and len(line.get_ydata()) == 2
        and line.get_linewidth() == 1.1
    ]


def test_components_and_published_rows_have_figures_of_their_own(
    records: dict[str, Results],
) -> None:
    results = records["few"]
    frames = made_up.estimates_of(results), estimate_cells(results)
    study = find_study("quick")
    effects = made_up.effects_of(NAMES[:3], beside=made_up.effects_of(NAMES[:3]))
    agreement = made_up.reproduction_of(SOME)
    drawings = study_figures(study, results, frames, effects, agreement)
    assert list(drawings) == [
        "forest",
        "component-effects",
        "interactions",
        "component-effects-logit",
        "interactions-logit",
        "type-differences",
        "beats",
        "reproduction",
    ]
    for drawing in drawings.values():
        assert len(drawing.numbers)
        assert drawing.words
