"""A pivot puts any two factors across each other, and says what a cell holds."""

from collections.abc import Callable

import pytest

from reports.errors import ReportError
from reports.material import Material
from reports.results import RunState
from reports.selection import SelectOn

Make = Callable[..., Material]


def test_a_setting_stands_in_its_order_with_all_runs_of_each_level(
    make_tables: Make,
) -> None:
    runs = {"1 block": (0.80, 0.81, 0.82)}
    made = make_tables(runs, pivot=("model.n_blocks", "model.residual"))
    table = made.tables["pivot"]
    levels = [line[0].text for line in table.lines]
    assert levels == [str(n) for n in (*range(1, 9), 12)]
    assert table.lines[0][1].full == "81.0 ± 1.0"
    assert [column.heading for column in table.columns[1:]] == ["True"]


def test_types_and_seeds_are_factors_too(make_tables: Make) -> None:
    runs = {"1 block": (0.80, RunState.FAILED, 0.82)}
    table = make_tables(runs, pivot=("type", "seed")).tables["pivot"]
    assert [line[0].text for line in table.lines][:3] == [
        "count", "exist", "compare numbers",
    ]  # fmt: skip
    assert [column.name for column in table.columns] == ["variation", "0", "1", "2"]
    assert "(8/9) (9 rows)" in table.lines[0][2].beside
    assert "runs of so many rows" in " ".join(table.notes)


def test_a_pivot_says_where_half_of_the_scenes_chose_the_epochs(
    make_tables: Make,
) -> None:
    notes = [
        make_tables(pivot=("row", "seed"), select_on=choice).tables["pivot"].notes
        for choice in SelectOn
    ]
    assert [sum("one half of the" in note for note in one) for one in notes] == [0, 1]


def test_a_single_run_is_marked_where_others_are_not(make_tables: Make) -> None:
    runs = {"1 block": (0.80, RunState.FAILED, RunState.FAILED)}
    table = make_tables(runs, pivot=("row", "group")).tables["pivot"]
    (line,) = [line for line in table.lines if line[0].text == "1 block"]
    assert "".join(one.full for one in line[1:]) == "80.0 † (1/3)"
    single = make_tables(pivot=("row", "seed")).tables["pivot"]
    assert not any("†" in one.full for line in single.lines for one in line)


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        (
            ("model.n_block", "row"),
            r"--pivot model\.n_block: .*near are model\.n_b",
        ),
        (("row", "row"), r"--pivot row:row: needs two different factors"),
    ],
)
def test_what_is_no_factor_is_refused(
    make_tables: Make, factors: tuple[str, str], message: str
) -> None:
    with pytest.raises(ReportError, match=message):
        make_tables(pivot=factors)
