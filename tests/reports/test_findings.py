"""Sentences say what the numbers allow, and no more."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from reports.findings import findings
from reports.results import Results, RunState
from reports.statistics import estimate_rows

Make = Callable[..., Results]
Said = Callable[..., list[str]]
BASELINE = (0.900, 0.901, 0.902, 0.901, 0.900)


@pytest.fixture
def said(make_results: Make) -> Said:
    def say(
        rows: Mapping[str, Sequence[float | RunState]], margin: float | None = 3.0
    ) -> list[str]:
        results = make_results({"baseline": BASELINE, **rows}, n_scenes=1000)
        return findings(estimate_rows(results, margin=margin), margin)

    return say


def test_what_lowers_accuracy_is_said_with_its_interval(said: Said) -> None:
    (sentence,) = said({"γ := 1": (0.800, 0.801, 0.802, 0.801, 0.800)})
    assert sentence.startswith("γ := 1 lowers accuracy by 10.0 points (95 % interval ")
    assert sentence.endswith("Holm's p < .001, 5 runs).")


def test_the_largest_difference_comes_first(said: Said) -> None:
    lower = {"small": (0.85, 0.851, 0.852), "large": (0.7, 0.701, 0.702)}
    higher = {"better": (0.95, 0.951, 0.952)}
    sentences = said({**higher, **lower})
    assert [one.split()[0] for one in sentences] == ["large", "better", "small"]
    assert sentences[1].startswith("better raises accuracy by 5.0 points")


def test_equivalence_names_the_margin(said: Said) -> None:
    (sentence,) = said({"same": BASELINE})
    assert sentence.startswith("same makes no difference larger than 3 points (0.0 [")


def test_a_margin_of_one_is_one_point(said: Said) -> None:
    (sentence,) = said({"same": BASELINE}, margin=1.0)
    assert "no difference larger than 1 point (" in sentence


def test_what_is_not_settled_is_not_called_equal(said: Said) -> None:
    (sentence,) = said({"same": BASELINE}, margin=None)
    assert sentence.startswith("Not settled, which is not to say without effect: same ")


def test_few_runs_and_none_get_no_verdict(said: Said) -> None:
    one, two, none = "one", "two", "none"
    rows = {none: (RunState.FAILED,), two: (0.8, 0.81), one: (0.8,)}
    sentences = said(rows)
    assert [text.partition(":")[0] for text in sentences] == [
        "No verdict on rows of two runs",
        "No verdict on rows of one run",
        "No finished run",
    ]
    assert sentences[-1] == "No finished run: none."
