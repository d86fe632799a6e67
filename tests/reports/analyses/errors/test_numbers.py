"""Shares of wrong answers are what counting by hand gives."""

import math

import numpy as np
import pandas as pd
import pytest

from reports.analyses.errors.numbers import (
    ALL,
    OTHER,
    comparable,
    confusion_numbers,
    consistency_numbers,
    counting_numbers,
    occlusion_numbers,
    off_by_one,
    partly_hidden,
)
from reports.results import records
from tests.reports.analyses.errors.wrong_answers import a_run, asked, related

NAN = math.nan
COUNTED = a_run(
    asked(
        (0, "count", "2", "2", 0.0),
        (0, "count", "2", "3", 0.1),
        (1, "count", "2", "5", 0.3),
        (1, "count", "0", "1", NAN),
        (2, "count", "0", "0", NAN),
        (2, "count", "2", "red", 0.6),
        (2, "exist", "yes", "no", 0.0),
    )
)


def test_an_error_of_one_is_told_from_larger_ones() -> None:
    found = off_by_one([COUNTED])
    assert found["share"] == 2 / 4  # 3 for 2 and 1 for 0, of four wrong
    assert found["lower"] < 0.5 < found["upper"]


def test_counts_are_judged_by_the_right_number() -> None:
    lines = {line["label"]: line for line in records(counting_numbers([COUNTED]))}
    assert list(lines) == [ALL, "0", "2"]
    assert lines["2"]["n_questions"] == 4
    assert lines["2"]["accuracy"] == 1 / 4
    assert lines["2"]["off_by_one"] == pytest.approx(1 / 3)
    assert lines["2"]["mean_error"] == pytest.approx((0 + 1 + 3) / 3)  # red is none
    assert lines["0"]["mean_error"] == 1 / 2
    assert lines[ALL]["accuracy"] == 2 / 6


def test_the_confusion_of_counts_is_in_shares_of_the_right_number() -> None:
    found = confusion_numbers([COUNTED])
    cells = {(line["label"], line["answer"]): line for line in records(found)}
    assert cells["2", "2"]["share"] == 1 / 4
    assert cells["2", OTHER]["share"] == 1 / 4
    assert cells["0", "1"]["n"] == 1
    assert found.groupby("label")["share"].sum().tolist() == [1, 1]


def test_two_runs_are_counted_together() -> None:
    other = a_run(COUNTED.analysis.tables["questions"].assign(answer="2"), seed=1)
    cells = {
        (line["label"], line["answer"]): line["n"]
        for line in records(confusion_numbers([COUNTED, other]))
    }
    assert cells["2", "2"] == 1 + 4
    assert off_by_one([COUNTED, other])["share"] == 2 / (4 + 2)


def test_without_counts_nothing_is_said_of_them() -> None:
    run = a_run(asked((0, "exist", "yes", "no", 0.0), (1, "exist", "no", "no", NAN)))
    assert counting_numbers([run]).empty
    assert confusion_numbers([run]).empty
    assert math.isnan(off_by_one([run])["share"])


def test_nothing_wrong_has_no_share_that_is_off_by_one() -> None:
    run = a_run(asked((0, "count", "2", "2", 0.0), (1, "count", "1", "1", 0.0)))
    (line, *_) = records(counting_numbers([run]))
    assert line["accuracy"] == 1
    assert math.isnan(line["off_by_one"])
    assert math.isnan(line["lower"])  # nothing varied


def test_questions_are_sorted_by_what_is_hidden() -> None:
    found = occlusion_numbers([COUNTED])
    lines = {
        (line["type"], line["least"]): (line["n_questions"], line["accuracy"])
        for line in records(found)
    }
    assert lines == {
        (ALL, 0.0): (2, 0.5),
        (ALL, 0.02): (1, 0.0),
        (ALL, 0.25): (1, 0.0),
        (ALL, 0.5): (1, 0.0),
        ("count", 0.0): (1, 1.0),
        ("count", 0.02): (1, 0.0),
        ("count", 0.25): (1, 0.0),
        ("count", 0.5): (1, 0.0),
        ("exist", 0.0): (1, 0.0),
    }


def test_wholly_hidden_is_in_the_last_range() -> None:
    run = a_run(asked((0, "exist", "yes", "no", 1.0), (1, "exist", "no", "no", NAN)))
    (line, _) = records(occlusion_numbers([run]))
    assert (line["least"], line["most"], line["n_questions"]) == (0.5, 1.0, 1)


def test_errors_with_something_hidden_stand_beside_all_questions() -> None:
    found = partly_hidden([COUNTED])
    assert found["share"] == 3 / 4  # of the wrong ones of which that is known
    assert found["of_all"] == 3 / 5


def test_contradictions_stand_beside_chance() -> None:
    pairs = related(
        (0, "count and exist", True, 0.2),
        (0, "count and exist", False, 0.4),
        (1, "count and exist", False, 0.0),
        (2, "query and query", False, 0.1),
    )
    found = consistency_numbers([a_run(COUNTED.analysis.tables["questions"], pairs)])
    lines = records(found)
    assert [line["relation"] for line in lines] == [
        *(ALL, "count and exist", "query and query")
    ]
    assert lines[0]["contradict"] == 1 / 4
    assert lines[0]["chance"] == pytest.approx(0.7 / 4)
    assert lines[1]["n_groups"] == 3
    assert lines[1]["lower"] < 1 / 3 < lines[1]["upper"]


def test_intervals_widen_with_questions_about_the_same_picture() -> None:
    rng = np.random.default_rng(0)
    wrong = np.repeat(rng.random(60) < 0.3, 5)
    lines = [
        (place, "exist", "yes", "no" if bad else "yes", 0.0)
        for place, bad in enumerate(wrong)
    ]
    apart = occlusion_numbers([a_run(asked(*lines))]).iloc[0]
    together = [(place // 5, *rest) for place, *rest in lines]
    clustered = occlusion_numbers([a_run(asked(*together))]).iloc[0]  # type: ignore[arg-type] # lines
    assert apart["accuracy"] == clustered["accuracy"]
    width = apart["upper"] - apart["lower"]
    assert clustered["upper"] - clustered["lower"] == pytest.approx(
        math.sqrt(5) * width, rel=0.05
    )


def test_runs_of_other_questions_are_not_compared() -> None:
    some = COUNTED.analysis.tables["questions"]
    fewer = a_run(some.head(3), seed=1)
    assert comparable([COUNTED, fewer]) == [COUNTED]
    again = a_run(some.copy(), seed=2)
    assert comparable([COUNTED, again]) == [COUNTED, again]


def test_no_pairs_are_no_lines() -> None:
    assert consistency_numbers([COUNTED]).empty
    assert isinstance(consistency_numbers([COUNTED]), pd.DataFrame)
