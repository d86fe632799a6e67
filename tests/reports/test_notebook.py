"""A notebook has what the command has: frames in, frames out."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pandas as pd
import pytest
from matplotlib.figure import Figure

from reports.errors import ReportError
from reports.material import gather
from reports.notebook import (
    beats,
    curves,
    effects,
    epochs,
    estimate,
    forest,
    load,
    table,
    types,
)
from studies.catalogue import find_study
from studies.study import Study
from studies.trial import Trial

ROOT = Path(__file__).resolve().parents[2]


class Store(Protocol):
    uri: str
    study: Study
    trials: tuple[Trial, ...]


@pytest.fixture(scope="module")
def runs(store: Store) -> pd.DataFrame:
    return load(store.study, tracking_uri=store.uri)


def test_there_is_one_row_per_trial(store: Store, runs: pd.DataFrame) -> None:
    assert list(runs["trial_id"]) == [trial.trial_id for trial in store.trials]
    finished = runs[runs["state"] == "FINISHED"]
    assert finished["val_accuracy"].between(0.7, 1).all()
    assert finished["run_id"].str.len().eq(32).all()
    assert repr(runs["answers"].iloc[0]) == "360 of 400 right"
    missing = runs[runs["state"] == "MISSING"]
    assert list(missing["row"]) == ["no residual connection"]


def test_what_is_estimated_is_what_the_command_reports(
    store: Store, runs: pd.DataFrame
) -> None:
    made = gather(store.study, store.trials, store.uri)
    rows = estimate(runs)
    pd.testing.assert_frame_equal(rows, made.estimates[list(rows)])
    cells = estimate(runs, by="type")
    pd.testing.assert_frame_equal(cells.drop(columns="also_changed"), made.cells)


def test_runs_without_answers_are_compared_by_their_means(store: Store) -> None:
    runs = load(store.study, tracking_uri=store.uri, answers=False)
    assert "answers" not in runs
    rows = estimate(runs).set_index("row")
    assert rows.loc["γ := 1", "basis"] == "run means"


def test_rows_can_be_left_out(runs: pd.DataFrame) -> None:
    some = runs[runs["row"].isin(["baseline", "γ := 1"])]
    assert list(estimate(some)["row"]) == ["baseline", "γ := 1"]
    assert estimate(some).attrs["margin"] is None


def test_rows_are_held_against_the_baseline_of_their_own_evaluation(
    staged: Store,
) -> None:
    runs = load(staged.study, tracking_uri=staged.uri)
    made = gather(staged.study, staged.trials, staged.uri)
    rows, cells = estimate(runs), estimate(runs, by="type")
    pd.testing.assert_frame_equal(rows, made.estimates[list(rows)])
    pd.testing.assert_frame_equal(cells.drop(columns="also_changed"), made.cells)
    some = estimate(runs[runs["evaluation"] == "B"]).set_index("row")
    assert some.loc["γ := 1 → B", "delta"] == pytest.approx(0.056, abs=0.001)


def test_a_table_says_what_was_also_changed(staged: Store) -> None:
    runs = load(staged.study, tracking_uri=staged.uri)
    rows = estimate(pd.concat([runs, runs[:0]]))
    note = "also trained otherwise than the baseline"
    assert note in str(table(rows)).lower()
    assert note[:22] in str(table(estimate(runs, by="type"))).lower()
    unknown = estimate(runs.drop(columns="also_changed"))
    assert "in the named change alone" not in str(table(unknown))


def test_a_table_says_that_half_of_the_scenes_chose_the_epochs(staged: Store) -> None:
    runs = load(staged.study, tracking_uri=staged.uri, select_on="half")
    said = " ".join(str(table(estimate(runs))).split())
    assert "best on one half of the validation scenes" in said
    assert "chosen on these same" not in said
    cells = " ".join(str(table(estimate(runs, by="type"))).split())
    assert "of one half of the scenes, and on the other half" in cells
    whole = load(staged.study, tracking_uri=staged.uri)
    with pytest.raises(ReportError, match="cannot be compared: load them with one"):
        estimate(pd.concat([whole, runs]))


def test_runs_can_be_kept_in_a_file(runs: pd.DataFrame, tmp_path: Path) -> None:
    runs.drop(columns="answers").to_parquet(tmp_path / "runs.parquet")
    again = pd.read_parquet(tmp_path / "runs.parquet")
    assert list(again["trial_id"]) == list(runs["trial_id"])


def test_other_frames_are_one_clear_line(runs: pd.DataFrame) -> None:
    rows = estimate(runs)
    for refused, message in (
        (lambda: estimate(runs[:0]), "the frame has no rows: give one as `load`"),
        (lambda: estimate(runs.drop(columns="seed")), "has no column seed: give one"),
        (lambda: table(runs), "no column accuracy, delta, lower, upper: .* `estimate`"),
        (lambda: forest(runs), "give one as `estimate` does"),
        (lambda: types(rows), "no column type, p_bh: .*by="),
        (lambda: beats(rows[:0]), "no rows"),
        (lambda: curves(runs), "no column epoch: give one as `epochs`"),
    ):
        with pytest.raises(ReportError, match=message):
            refused()


def test_other_words_are_one_clear_line(store: Store, runs: pd.DataFrame) -> None:
    with pytest.raises(ReportError, match="by='foo': should be row or type"):
        estimate(runs, by="foo")  # type: ignore[arg-type]
    with pytest.raises(ReportError, match="variance='x': should be separate or shared"):
        estimate(runs, variance="x")  # type: ignore[arg-type]
    with pytest.raises(ReportError, match="select_on='x': should be all or half"):
        load(store.study, tracking_uri=store.uri, select_on="x")  # type: ignore[arg-type]


def test_a_table_shows_itself(store: Store, runs: pd.DataFrame) -> None:
    shown = table(estimate(runs))
    assert shown._repr_html_().startswith("<style>")
    assert '<th scope="row">γ := 1</th>' in shown._repr_html_()
    assert r"\toprule" in shown._repr_latex_()
    assert "| &emsp;γ := 1 |" in shown._repr_markdown_()
    assert "γ := 1" in str(shown)
    assert list(shown.frame["row"]) == [row.label for row in store.study.rows]
    assert "count (80)" in str(table(estimate(runs, by="type")))


def test_columns_of_a_table_are_chosen(runs: pd.DataFrame) -> None:
    head = str(table(estimate(runs), columns=("delta",))).splitlines()[2]
    assert head.split() == ["Variation", "Δ", "(points)"]


def test_figures_come_with_what_they_draw(store: Store, runs: pd.DataFrame) -> None:
    rows, cells = estimate(runs), estimate(runs, by="type")
    measured = epochs(store.study, tracking_uri=store.uri)
    for figure, numbers in (forest(rows), types(cells), beats(rows), curves(measured)):
        assert isinstance(figure, Figure)
        assert len(numbers)


def test_a_study_that_crosses_nothing_has_no_effects(
    store: Store, runs: pd.DataFrame
) -> None:
    assert effects(runs, store.study) is None


def test_a_study_that_never_ran_is_one_clear_line(store: Store, tmp_path: Path) -> None:
    with pytest.raises(
        ReportError, match="nothing is recorded of study quick in sqlite"
    ):
        load("quick", tracking_uri=store.uri)
    with pytest.raises(ReportError, match=r"study quick in sqlite:.*none/mlflow\.db"):
        load(find_study("quick"), store=tmp_path / "none")


def test_the_example_of_the_docs_runs(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs" / "notebook.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(blocks) == 2
    folder = Path(store.uri.removeprefix("sqlite:///")).parent
    monkeypatch.setenv("FILM_STORE", str(folder))
    monkeypatch.chdir(tmp_path)
    code = "\n".join(blocks).replace('"quick"', repr(str(folder / "tiny.yaml")))
    names: dict[str, pd.DataFrame] = {}
    exec(code, names)  # noqa: S102 - our own page
    assert list(names["rows"]["row"]) == [row.label for row in store.study.rows]
    assert (tmp_path / "forest.pdf").is_file()


def test_it_loads_without_torch_ray_and_mlflow() -> None:
    code = (
        "import sys, reports.notebook;"
        "print([m for m in ('mlflow', 'torch', 'ray', 'matplotlib.pyplot')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
