"""Effects are set out with what they rest on, and what is missing is said."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from reports.material import material_of
from reports.options import ReportOptions
from reports.results import Answers, Results, RunState
from reports.statistics.effects import Effects, estimate_effects
from reports.tables import TableSpec, to_latex, to_markdown, to_text
from reports.tables.effects import effects_table, path_table, shapley_table
from reports.tables.forms import Format, write_table
from reports.tables.html import to_html_table
from studies.design import DesignKind
from tests.reports.statistics.crossing import accuracies, make_study, redundant

Make = Callable[..., Results]
FULL = DesignKind.FULL_FACTORIAL


def estimate(make_results: Make, kind: DesignKind, n: int, n_runs: int = 3) -> Effects:
    study = make_study(kind, n)
    results = make_results(accuracies(study, redundant, n_runs, sd=0.002))
    found = estimate_effects(study, results)
    assert found is not None
    return found


def texts(table: TableSpec | None) -> dict[str, list[str]]:
    assert table is not None
    return {
        first.text: [cell.text for cell in others]
        for section in table.sections
        for first, *others in section.lines
    }


def notes(table: TableSpec | None) -> str:
    assert table is not None
    return " ".join(table.notes)


def test_a_factorial_is_set_out_by_how_many_act_together(make_results: Make) -> None:
    table = effects_table("x", estimate(make_results, FULL, 3))
    assert table is not None
    assert [s.heading for s in table.sections] == [
        "Components",
        "Pairs",
        "Three together",
    ]
    lines = texts(table)
    assert lines["γ"][0] == "24"
    assert lines["γ"][1].startswith("+5.")
    assert "▲ raises" in lines["γ"]
    assert "▼ less together" in lines["γ × β"]
    assert "? inconclusive" in lines["γ × residual"]
    assert "over 7 effects" in notes(table)
    assert "half of how much the Δ of one changes" in notes(table)
    assert "Δ of three or more: half of how much the Δ of all but one" in notes(table)
    assert "by least squares on single runs." in notes(table)


def test_every_format_can_hold_it(make_results: Make) -> None:
    effects = estimate(make_results, FULL, 3)
    for table in (
        effects_table("x", effects),
        shapley_table("x", effects),
        path_table("x", effects),
    ):
        assert table is not None
        assert "−0.0" not in to_text(table)
        assert to_markdown(table).count("\n| ") >= 4
        latex = to_latex(table, "tab:x")
        assert "\\toprule" in latex
        assert latex.isascii()
        assert ("$\\eta$$^2$" in latex) == (table.kind == "effects")


def test_shapley_values_stand_above_what_they_add_up_to(make_results: Make) -> None:
    lines = texts(shapley_table("x", estimate(make_results, FULL, 3)))
    assert list(lines) == ["γ", "β", "residual", "all together"]
    parts = [float(cells[0].replace("−", "-")) for cells in lines.values()]
    assert sum(parts[:3]) == pytest.approx(parts[3], abs=0.15)


def test_a_greedy_path_says_how_it_came_about(make_results: Make) -> None:
    table = path_table("x", estimate(make_results, FULL, 3))
    assert table is not None
    assert [s.heading for s in table.sections] == ["Removing", "Adding"]
    assert "1. γ" in texts(table)
    assert "without further runs" in notes(table)
    assert "by means over at least 3 runs" in notes(table)
    assert "does not know that it was chosen" in notes(table)


def test_what_a_step_could_as_well_have_taken_is_shown(make_results: Make) -> None:
    study = make_study(FULL, 3)

    def alike(on: frozenset[str]) -> float:
        return 0.6 + 0.05 * len(on)

    results = make_results(accuracies(study, alike, 3, sd=0.002))
    effects = estimate_effects(study, results)
    assert effects is not None
    table = path_table("x", effects)
    assert table is not None
    assert table.columns[-1].heading == "As well could"
    assert "other seeds might have taken them" in notes(table)


def test_the_path_of_a_file_is_no_selection(make_results: Make) -> None:
    effects = estimate(make_results, DesignKind.PATH, 3)
    assert effects_table("x", effects) is None
    table = path_table("x", effects)
    assert list(texts(table)) == ["1. γ", "2. β", "3. residual"]
    assert "in the order of the study's file" in notes(table)
    assert "chosen" not in notes(table)


def test_a_half_fraction_names_what_cannot_be_told_apart(make_results: Make) -> None:
    effects = estimate(make_results, DesignKind.HALF_FRACTION, 5)
    table = effects_table("x", effects)
    assert texts(table)["γ × β"][-1] == "residual × norm × coords"
    assert "Half of 32 combinations, resolution V" in notes(table)
    assert shapley_table("x", effects) is None
    assert path_table("x", effects) is None


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (DesignKind.LEAVE_ONE_OUT, "what another component can stand in for seems"),
        (DesignKind.ADD_ONE_IN, "where nothing else is on"),
    ],
)
def test_other_designs_say_what_a_component_is_compared_in(
    make_results: Make, kind: DesignKind, words: str
) -> None:
    table = effects_table("x", estimate(make_results, kind, 3))
    assert words in notes(table)
    assert "pair" not in notes(table)
    assert table is not None
    assert "Partial η²" not in [column.heading for column in table.columns]


def test_missing_rows_leave_the_table_empty_and_are_named(make_results: Make) -> None:
    study = make_study(FULL, 2)
    runs = accuracies(study, redundant, 2, sd=0.002)
    runs["without γ"] = [RunState.FAILED] * 2  # type: ignore[list-item]
    effects = estimate_effects(study, make_results(runs))
    assert effects is not None
    table = effects_table("x", effects)
    assert texts(table) == {}
    assert "1 row (without γ); the factorial is incomplete" in notes(table)
    assert to_text(table) if table else False


def test_too_few_runs_give_no_verdict(make_results: Make) -> None:
    single = effects_table("x", estimate(make_results, FULL, 2, n_runs=1))
    assert "† one run" in texts(single)["γ"]
    assert "describe these checkpoints" in notes(single)
    two = effects_table(
        "x", estimate(make_results, DesignKind.LEAVE_ONE_OUT, 2, n_runs=2)
    )
    assert "§ two runs" in texts(two)["γ"]
    assert "§ Too few runs for a verdict." in notes(two)


def test_intervals_over_runs_alone_are_marked(make_results: Make) -> None:
    study = make_study(FULL, 2)
    runs = accuracies(study, redundant, 3, sd=0.002)
    effects = estimate_effects(study, make_results(runs, has_answers=False))
    assert effects is not None
    table = effects_table("x", effects)
    assert texts(table)["γ"][2].endswith("] ‡")
    assert "‡ 95 % interval over training runs alone" in notes(table)


def test_collapsed_rows_bring_logits_beside(make_results: Make) -> None:
    study = make_study(FULL, 2)
    results = make_results(accuracies(study, redundant, 3, sd=0.002))
    guessing = {
        key: Answers(replace(one.questions, guess=0.58), one.correct)
        for key, one in results.answers.items()
    }
    effects = estimate_effects(study, replace(results, answers=guessing))
    assert effects is not None
    table = effects_table("x", effects)
    assert table is not None
    headings = [column.heading for column in table.columns]
    assert headings[-2:] == ["In logits", "Verdict in logits"]
    assert 'class="film-table dense"' in to_html_table(table)  # so many fit a page
    assert "dense" not in to_html_table(replace(table, columns=(), sections=()))
    odds = [math.log(a / (1 - a)) for a in (0.60, 0.67, 0.69, 0.69)]
    shown = texts(table)["γ"][-2].split()[0]
    assert float(shown) == pytest.approx((sum(odds[2:]) - sum(odds[:2])) / 2, abs=0.03)
    assert "1 row (none of γ and β) stands so near to guessing" in notes(table)
    assert set(table.frame["scale"]) == {"accuracy", "logit"}


class TestReport:
    def test_a_factorial_has_its_tables_beside_that_of_the_rows(
        self, make_results: Make
    ) -> None:
        study = make_study(FULL, 3)
        made = material_of(
            study, make_results(accuracies(study, redundant, 2, sd=0.002))
        )
        names = ["table", "effects", "shapley", "path", "types", "changes"]
        assert list(made.tables) == names

    @pytest.mark.parametrize(
        ("stem", "chosen"), [("effects", "p"), ("shapley", "value"), ("path", "delta")]
    )
    def test_columns_of_each_are_chosen(
        self, make_results: Make, stem: str, chosen: str
    ) -> None:
        study = make_study(FULL, 2)
        results = make_results(accuracies(study, redundant, 3, sd=0.002))
        options = ReportOptions(columns=(chosen,), columns_of=stem)
        table = material_of(study, results, options=options).tables[stem]
        assert [column.name for column in table.columns][1:] == [chosen]

    def test_other_studies_have_none(self, make_results: Make) -> None:
        study = replace(make_study(FULL, 2), design=None)
        made = material_of(
            study, make_results(accuracies(study, redundant, 2, sd=0.002))
        )
        assert list(made.tables) == ["table", "types", "changes"]

    @pytest.mark.parametrize("form", Format)
    @pytest.mark.parametrize("state", [None, RunState.FAILED])
    def test_they_can_be_written_in_every_form(
        self, make_results: Make, form: Format, state: RunState | None
    ) -> None:
        study = make_study(FULL, 2)
        runs = accuracies(study, redundant, 2, sd=0.002)
        if state:
            runs["without γ"] = [state] * 2  # type: ignore[list-item]
        made = material_of(study, make_results(runs))
        for name in ("effects", "shapley", "path"):
            if name in made.tables:
                assert write_table(made.tables[name], form)
