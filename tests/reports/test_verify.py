"""A changed cell of a written table is found; an untouched table passes."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import pandas as pd
import pytest

from reports import verify as verification
from reports.errors import ReportError
from reports.material import gather
from reports.options import ReportOptions
from reports.selection import SelectOn
from reports.statistics import Variance
from reports.tables.forms import Format, write_table
from studies.study import Study
from studies.trial import Trial


class Store(Protocol):
    uri: str
    study: Study
    trials: tuple[Trial, ...]


Write = Callable[..., Path]
Verify = Callable[..., verification.Verification]


@pytest.fixture(scope="module")
def write(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Give a writer of all tables of the recorded study into a new folder."""

    def write(trials: tuple[Trial, ...] | None = None, **options: object) -> Path:
        folder = tmp_path_factory.mktemp("tables")
        chosen = ReportOptions(pivot=("row", "type"), **options)  # type: ignore[arg-type]
        made = gather(store.study, trials or store.trials, store.uri, chosen)
        for stem, table in made.tables.items():
            for form in (Format.CSV, Format.JSON, Format.PARQUET):
                (folder / f"{stem}.{form}").write_bytes(write_table(table, form))
        return folder

    return write


@pytest.fixture(scope="module")
def verify(store: Store) -> Verify:
    """Give what looks for runs in the store, unless a table names a server."""
    return partial(verification.verify, store=store.uri)


@pytest.fixture(scope="module")
def written(write: Write) -> Path:
    return write()


def test_an_untouched_report_passes(written: Path, verify: Verify) -> None:
    found = verify(written)
    assert found.differences == ()
    stems = {file.stem for file in found.files}
    assert stems == {"table", "types", "pivot"}
    assert found.n_cells > 500
    (note,) = found.notes
    assert note.endswith(": changes.csv, changes.json, changes.parquet")


def test_a_changed_number_is_named(
    written: Path, tmp_path: Path, verify: Verify
) -> None:
    content = json.loads((written / "table.json").read_text(encoding="utf-8"))
    row = next(one for one in content["rows"] if one["row"] == "γ := 1")
    right, row["accuracy"] = row["accuracy"], 0.93
    path = tmp_path / "table.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    (difference,) = verify(path).differences
    assert str(difference) == (
        f"{path}: γ := 1, accuracy: 0.93 is written, the record gives {right}"
    )


def test_a_changed_verdict_and_a_lost_number_are_named(
    written: Path, tmp_path: Path, verify: Verify
) -> None:
    frame = pd.read_csv(written / "table.csv", dtype=str, keep_default_na=False)
    frame.loc[frame["row"] == "γ := 1", ["verdict", "delta"]] = "better", ""
    frame.to_csv(tmp_path / "table.csv", index=False)
    found = {one.column: one.written for one in verify(tmp_path).differences}
    assert found == {"verdict": "better", "delta": ""}


@pytest.mark.parametrize("stem", ["types", "pivot"])
def test_a_changed_cell_of_a_further_table_is_named(
    written: Path, tmp_path: Path, stem: str, verify: Verify
) -> None:
    frame = pd.read_parquet(written / f"{stem}.parquet")
    kept = pd.read_csv(written / f"{stem}.csv", dtype=str, keep_default_na=False)
    kept.loc[0, "accuracy"] = str(frame["accuracy"].iloc[0] + 0.001)
    kept.to_csv(tmp_path / f"{stem}.csv", index=False)
    (difference,) = verify(tmp_path / f"{stem}.csv").differences
    assert difference.line == "baseline · count"
    assert difference.column == "accuracy"


def test_epochs_chosen_on_half_are_chosen_so_again(
    write: Write, store: Store, verify: Verify
) -> None:
    whole = tuple(one for one in store.trials if one.row in {"baseline", "γ := 1"})
    folder = write(whole, select_on=SelectOn.HALF)
    assert verify(folder).differences == ()
    path = folder / "table.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["select_on"] == "half"
    assert content["rows"][0]["n_scenes"] < 40
    content["select_on"] = "all"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert "n_scenes" in {one.column for one in verify(path).differences}


@pytest.mark.parametrize("form", [Format.CSV, Format.JSON, Format.PARQUET])
def test_rows_are_held_against_the_baseline_of_their_own_evaluation(
    staged: Store, tmp_path: Path, form: Format
) -> None:
    made = gather(staged.study, staged.trials, staged.uri)
    table = made.tables["table"]
    path = tmp_path / f"table.{form}"
    path.write_bytes(write_table(table, form))
    found = verification.verify(path, store=staged.uri)
    assert found.differences == ()
    deltas = table.frame.set_index("row")["delta"]
    assert deltas["γ := 1 → B"] == pytest.approx(0.056, abs=0.001)
    some = tuple(trial for trial in staged.trials if trial.row.endswith("→ B"))
    alone = gather(staged.study, some, staged.uri).tables["table"]
    path.write_bytes(write_table(alone, form))
    assert verification.verify(path, store=staged.uri).differences == ()


def test_each_row_keeps_its_own_variance_beside_the_rule_of_the_table(
    write: Write, verify: Verify
) -> None:
    folder = write(variance=Variance.SHARED)
    frame = pd.read_csv(folder / "table.csv", dtype=str)
    assert set(frame["variance_rule"]) == {"shared"}
    assert set(frame["variance"]) == {"shared", "separate"}
    assert verify(folder).differences == ()


def test_another_record_is_not_taken_for_this_one(
    written: Path, tmp_path: Path, verify: Verify
) -> None:
    with pytest.raises(ReportError, match=r"none of the 10 runs is recorded in sqlite"):
        verify(written / "table.json", f"sqlite:///{tmp_path / 'none.db'}")


def test_a_folder_without_tables_is_refused(tmp_path: Path, verify: Verify) -> None:
    (tmp_path / "runs.csv").write_text("row\n", encoding="utf-8")
    with pytest.raises(ReportError, match="holds no table that says from which runs"):
        verify(tmp_path)


def test_a_table_of_no_runs_is_refused(written: Path, verify: Verify) -> None:
    with pytest.raises(ReportError, match="only tables of rows, types and pivots"):
        verify(written / "changes.json")


def test_a_table_says_no_place_on_this_machine(written: Path, store: Store) -> None:
    place = store.uri.removeprefix("sqlite:///").encode()
    assert all(place not in file.read_bytes() for file in written.iterdir())


def test_without_a_place_to_look_nothing_is_looked_for(written: Path) -> None:
    with pytest.raises(ReportError, match="names no server; say in which store"):
        verification.verify(written)
