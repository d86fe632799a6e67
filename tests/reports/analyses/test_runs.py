"""Analyses are taken from the folders of runs, if they are of these weights."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from film.analysis.record import analysis_folder, write_analysis
from reports.analyses.kinds import learnt_of
from reports.analyses.runs import read_runs
from reports.tables.source import Source
from tests.reports.analyses.analysed import modulated

TRIALS = pd.DataFrame(
    {
        "row": ["β := 0", "baseline", "baseline"],
        "seed": [0, 0, 1],
        "trial_id": ["b0", "a0", "a1"],
    }
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for trial, row in (("b0", "β := 0"), ("a0", "baseline")):
        analysis = modulated(row, 0).analysis
        write_analysis(analysis, analysis_folder(tmp_path / trial, "modulation"))
    return tmp_path


def test_the_baseline_comes_first(folder: Path) -> None:
    runs, notes = read_runs("modulation", TRIALS, folder)
    assert [run.trial_id for run in runs] == ["a0", "b0"]
    assert notes == []


def test_an_analysis_of_other_weights_is_not_shown(folder: Path) -> None:
    mark = {"files": {"best.pt": {"sha256": "1", "size": 3}}}
    (folder / "a0" / "done.json").write_text(json.dumps(mark))
    runs, notes = read_runs("modulation", TRIALS, folder)
    assert [run.trial_id for run in runs] == ["b0"]
    assert len(notes) == 1
    assert notes[0].startswith("baseline · seed 0: was trained again since `film analy")


def test_a_damaged_analysis_is_named_and_left_out(folder: Path) -> None:
    (analysis_folder(folder / "a0", "modulation") / "about.json").write_text("{")
    runs, notes = read_runs("modulation", TRIALS, folder)
    assert [run.trial_id for run in runs] == ["b0"]
    assert "cannot be read" in notes[0]


def test_tables_of_another_form_are_a_note_and_no_traceback(folder: Path) -> None:
    path = analysis_folder(folder / "a0", "modulation")
    pd.DataFrame({"row": [1]}).to_parquet(path / "statistics.parquet")
    (path / "about.json").write_text("{}")
    learnt = learnt_of("quick", TRIALS, folder, Source())["modulation"]
    assert learnt.runs == ()
    assert "`film analyse modulation --study quick` makes it again" in learnt.notes[0]


def test_where_nothing_was_made_nothing_is_said(tmp_path: Path) -> None:
    assert learnt_of("quick", TRIALS, tmp_path, Source()) == {}
    assert learnt_of("quick", TRIALS, None, Source()) == {}


def test_tables_say_what_they_follow_from(folder: Path) -> None:
    source = replace(Source(), study="quick")
    learnt = learnt_of("quick", TRIALS, folder, source)["modulation"]
    assert learnt.tables["modulation"].source is source


def test_questions_that_were_held_out_are_said_to_be_left_out(folder: Path) -> None:
    path = analysis_folder(folder / "b0", "modulation") / "about.json"
    about = json.loads(path.read_text())
    path.write_text(json.dumps({**about, "held_out": 3000}))
    (note,) = learnt_of("quick", TRIALS, folder, Source())["modulation"].notes
    assert note.startswith("β := 0: of val, the first 3,000 questions and all others")
