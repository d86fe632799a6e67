"""A report shows every wanted run in every format, and is the same every time."""

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from film.config import ImageInput
from reports import material as material_module
from reports import report as report_module
from reports.errors import ReportError
from reports.material import material_of
from reports.options import ReportOptions
from reports.published import CLEVR_VAL_QUESTIONS
from reports.report import Report, write_report
from reports.results import Results, RunState
from studies.catalogue import find_study
from studies.study import Study
from studies.study_file import read_study
from studies.trial import BASELINE, Trial

Make = Callable[..., Results]


class Store(Protocol):
    uri: str
    study: Study
    trials: tuple[Trial, ...]
    client: MlflowClient


@pytest.fixture(scope="module")
def report(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Report:
    out = tmp_path_factory.mktemp("report") / "new" / "folder"
    return write_report(store.study, store.trials, store.uri, out)


def write_results(study: Study, results: Results, folder: Path) -> Report:
    made = material_of(study, results)
    return report_module._write(made, folder, 6.75)


def line_of(text: str, row: str) -> str:
    main = text.partition("\n\nWhat was expected")[0]
    lines = main.rpartition("─")[0].splitlines()  # without the notes
    (line,) = [line for line in lines if line.strip().startswith(row)]
    return line


def test_the_files_are_those_that_the_report_names(report: Report) -> None:
    assert {path.name for path in report.directory.iterdir()} == set(report.files)
    assert {"table.md", "table.tex", "table.csv", "table.json"} < set(report.files)
    assert {"forest.png", "forest.pdf", "forest.csv", "index.html"} < set(report.files)
    assert {"curves.png", "curves.pdf", "curves.csv"} < set(report.files)
    assert {"curves-types.png", "curves-types.pdf"} < set(report.files)
    assert {"type-differences.svg", "type-differences.csv"} < set(report.files)


def test_failed_and_missing_runs_stand_in_the_table(report: Report) -> None:
    assert " 1/2 " in line_of(report.text, "β := 0")
    assert " 0/2 " in line_of(report.text, "no residual connection")
    assert "7 of 10 runs finished." in report.text
    unwrapped = " ".join(report.text.split())
    assert "β := 0: 1 failed; no residual connection: 1 diverged, 1 missing." in (
        unwrapped
    )
    assert not report.is_complete
    markdown = (report.directory / "table.md").read_text(encoding="utf-8")
    assert "| &emsp;β := 0 | 1/2 |" in markdown
    latex = (report.directory / "table.tex").read_text(encoding="ascii")
    assert r"\quad $\beta$ $:=$ 0 & 1/2 &" in latex


def test_rows_stand_in_their_groups_as_in_the_study(report: Report) -> None:
    names = ["baseline", "Restricted γ or β", "β := 0", "γ := 1"]
    names += ["Miscellaneous", "no residual connection", "no batch normalization"]
    lines = [line.strip() for line in report.text.splitlines()]
    at = [
        next(i for i, line in enumerate(lines) if line.startswith(name))
        for name in names
    ]
    assert at == sorted(at)


def test_the_csv_holds_every_number_at_full_precision(report: Report) -> None:
    with (report.directory / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["row"]: row for row in csv.DictReader(file)}
    estimates = report.estimates.set_index("row")
    assert list(rows) == list(report.estimates["row"])
    assert float(rows["γ := 1"]["delta"]) == estimates.loc["γ := 1", "delta"]
    runs = [float(run) for run in rows["γ := 1"]["runs"].split(";")]
    assert runs == pytest.approx([0.85, 0.87])
    assert rows["no residual connection"]["accuracy"] == ""


def test_the_json_is_strict_and_says_what_it_is(report: Report) -> None:
    text = (report.directory / "table.json").read_text(encoding="utf-8")
    content = json.loads(text, parse_constant=pytest.fail)
    assert content["schema"] == "film-table/1"
    assert [row["row"] for row in content["rows"]] == list(report.estimates["row"])
    assert content["rows"][0]["delta"] is None


def test_every_trial_is_in_the_list_of_runs(report: Report, store: Store) -> None:
    with (report.directory / "runs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["trial_id"] for row in rows] == [t.trial_id for t in store.trials]
    assert {row["state"] for row in rows} == {
        "FINISHED",
        "FAILED",
        "DIVERGED",
        "MISSING",
    }


def test_accuracies_by_type_are_a_table_of_their_own(report: Report) -> None:
    markdown = (report.directory / "types.md").read_text(encoding="utf-8")
    assert "| Variation | count (80) | exist (80) | compare numbers (80) |" in markdown
    page = (report.directory / "index.html").read_text(encoding="utf-8")
    assert "Accuracy by type of question" in page


def test_a_row_that_lacks_answers_says_what_its_interval_is_of(report: Report) -> None:
    assert "] ‡" in line_of(report.text, "no batch normalization")
    assert "] ‡" not in line_of(report.text, "γ := 1")
    assert "‡ 95 % interval over training runs alone (Welch's t" in report.text


def test_learning_curves_are_on_the_page_in_words_too(report: Report) -> None:
    page = (report.directory / "index.html").read_text(encoding="utf-8")
    assert ">Learning curves</h2>" in page
    assert "baseline: 71.0 % after epoch 1, 91.0 % after epoch 3; β := 0: 60.0 %" in (
        page
    )
    assert "Learning curves of the baseline by type of question" in page
    with (report.directory / "epochs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 6  # a seventh run finished without a record of its epochs
    assert "no residual connection" not in {row["row"] for row in rows}


def test_the_same_record_gives_the_same_bytes(
    report: Report, store: Store, tmp_path: Path
) -> None:
    again = write_report(store.study, store.trials, store.uri, tmp_path)
    assert again.text == report.text
    for name in report.files:
        assert (tmp_path / name).read_bytes() == (
            report.directory / name
        ).read_bytes(), name


def test_figures_are_as_wide_as_is_asked_for(
    report: Report, store: Store, tmp_path: Path
) -> None:
    def inches(folder: Path) -> float:
        header = (folder / "forest.png").read_bytes()[:24]
        return int.from_bytes(header[16:20], "big") / 200

    options = ReportOptions(width="column")
    write_report(store.study, store.trials, store.uri, tmp_path, options)
    assert inches(report.directory) == 6.75
    assert inches(tmp_path) == 3.25


def test_no_negative_zero_is_printed(make_results: Make, tmp_path: Path) -> None:
    study = find_study("architecture")
    same = {row.label: (0.9, 0.91, 0.92) for row in study.rows}
    groups = {row.label: row.group for row in study.rows}
    results = make_results(same, groups)
    text = write_results(study, results, tmp_path).text
    assert not re.search(r"[−-]0\.0+(?!\d)", text)
    assert "0.0" in text


def test_a_study_that_never_ran_has_a_report(store: Store, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'none.db'}"
    report = write_report(store.study, store.trials, uri, tmp_path / "out")
    assert report.text.count("0/2") == 5
    assert "curves.png" not in report.files
    assert "0 of 10 runs finished. β := 0" not in report.text
    assert "Accuracy:" not in report.text


def test_a_report_of_no_trial_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="study tiny: no trial is left to report"):
        write_report(store.study, (), store.uri, tmp_path)


def test_a_folder_that_cannot_be_written_is_one_clear_line(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ReportError, match=r"cannot write the report to .*file"):
        write_report(store.study, store.trials, store.uri, tmp_path / "file")


def test_rows_and_seeds_that_were_not_asked_for_are_named(
    store: Store, report: Report, tmp_path: Path
) -> None:
    asked = {"baseline", "β := 0", "γ := 1"}
    fewer = [t for t in store.trials if t.row in asked and t.seed == 0]
    narrowed = write_report(store.study, fewer, store.uri, tmp_path)
    text = " ".join(narrowed.text.split())
    assert (
        "Left out of this table: 2 of the study's 5 rows (no residual connection; "
        "no batch normalization). Holm's correction is over the rows that are shown."
    ) in text
    assert "Left out of this table: 1 of the study's 2 seeds (1)." in text
    assert "Left out" not in report.text


def published_column(text: str) -> bool:
    return "Published (%)" in text


def test_published_values_stand_beside_clevr_and_no_other_data(
    make_results: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = find_study("depth")
    groups = {row.label: row.group for row in study.rows}
    results = make_results({row.label: (0.9, 0.91) for row in study.rows}, groups)
    small = write_results(study, results, tmp_path).text
    assert not published_column(small)
    assert f"they are on the {CLEVR_VAL_QUESTIONS:,} validation questions" in small
    # As many questions as the made-up record has: stands for all of CLEVR.
    monkeypatch.setattr(material_module, "CLEVR_VAL_QUESTIONS", 2000)
    whole = write_results(study, results, tmp_path)
    assert published_column(whole.text)
    words = line_of(whole.text, "baseline").split()
    assert words[-4:] == ["97.4", "±", "0.4", "−6.9"]
    assert line_of(whole.text, "12 blocks").split()[-2:] == ["96.9", "−6.4"]
    rows = whole.estimates.set_index("row")
    assert rows.loc["1 block", "published_delta"] == -0.039


def test_published_values_do_not_stand_beside_runs_whose_answers_are_missing(
    make_results: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(material_module, "CLEVR_VAL_QUESTIONS", 2000)
    study = find_study("depth")
    accuracies = {row.label: (0.9, 0.91) for row in study.rows}
    without = make_results(accuracies, has_answers=False)
    text = write_results(study, without, tmp_path).text
    assert not published_column(text)
    some = make_results(accuracies)
    one_less = {k: v for k, v in some.answers.items() if k != "2 blocks-1"}
    some = Results(some.trials, one_less)
    assert not published_column(write_results(study, some, tmp_path).text)


def test_what_guessing_would_give_is_said_to_be_of_these_questions(
    report: Report,
) -> None:
    assert "the most frequent answer to each type of these validation questions" in (
        " ".join(report.text.split())
    )


def test_published_values_of_clevr_are_shown_before_anything_ran(
    make_results: Make, tmp_path: Path
) -> None:
    study = find_study("depth")
    gone = (RunState.MISSING,) * 2
    results = make_results({row.label: gone for row in study.rows})
    report = write_results(study, results, tmp_path)
    assert published_column(report.text)


def test_what_each_row_changes_is_on_the_page(report: Report) -> None:
    page = (report.directory / "index.html").read_text(encoding="utf-8")
    assert "model.film.beta = zero" in page
    assert "model.norm = none, model.classifier.norm = none" in page


def test_latex_gives_verdicts_as_signs_and_explains_them(report: Report) -> None:
    latex = (report.directory / "table.tex").read_text(encoding="ascii")
    (row,) = [line for line in latex.splitlines() if line.startswith(r"\quad $\beta$")]
    assert row.endswith(r"& $\dagger$ \\")
    assert r"\S{} two runs" not in latex[: latex.index(r"\bottomrule")]
    assert r"$\dagger$ One training run, of the row" in latex
    assert r"\S{} Two runs, of the row" in latex
    assert r"$\dagger$ one run" not in latex


CONFOUNDED = """
study: confounded
question: Is it the picture, or the training?
settings: {train.max_epochs: 15, train.learning_rate: 3e-3}
seeds: 2
confounds: [train.max_epochs, train.learning_rate, train.patience]
groups:
  Input:
    from pixels: {model.stem.input: pixels, train.max_epochs: 6, train.patience: 2}
    no coordinates: {model.coordinates: none}
  Training:
    slower: {train.learning_rate: 1e-3}
"""


@pytest.fixture(scope="module")
def confounded(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("confounded")
    (folder / "study.yaml").write_text(CONFOUNDED, encoding="utf-8")
    study = read_study(folder / "study.yaml")
    trials = study.trials(dict.fromkeys(ImageInput, "0123abcd"))
    accuracies = {row.label: (0.9, 0.91) for row in study.rows}
    results = _results_of(trials, accuracies)
    return write_results(study, results, folder)


def _results_of(
    trials: Sequence[Trial], accuracies: Mapping[str, Sequence[float]]
) -> Results:
    frame = pd.DataFrame(
        [
            {
                "row": trial.row,
                "group": trial.group,
                "is_baseline": trial.row == BASELINE,
                "seed": trial.seed,
                "trial_id": trial.trial_id,
                "changes": "",
                "state": RunState.FINISHED,
                "val_accuracy": accuracies[trial.row][trial.seed],
                "best_epoch": 1.0,
                "wall_time_s": 1.0,
                "val_accuracy_count": 0.5,
            }
            for trial in trials
        ]
    )
    return Results(frame)


def test_a_row_that_was_trained_otherwise_says_so_in_every_format(
    confounded: Report,
) -> None:
    said = "from pixels: 6 epochs instead of 15, patience 2 instead of none."
    unwrapped = " ".join(confounded.text.split())
    assert "from pixels ¶" in confounded.text
    assert "¶ Also trained otherwise than the baseline, so that " in unwrapped
    assert said in unwrapped
    assert "in the named change alone, but for those marked ¶, and" in unwrapped
    files = {
        name: (confounded.directory / name).read_text(encoding="utf-8")
        for name in ("table.md", "table.tex", "index.html", "table.csv", "types.md")
    }
    for name in ("table.md", "index.html"):
        assert "from pixels ¶" in files[name]
        assert said in files[name]
    assert r"from pixels \P{}" in files["table.tex"]
    assert said in files["table.tex"]
    assert "from pixels ¶" in files["types.md"]
    assert "¶ Also trained otherwise." in files["types.md"]
    rows = {row["row"]: row for row in csv.DictReader(files["table.csv"].splitlines())}
    assert rows["from pixels"]["also_changed"] == said.partition(": ")[2][:-1]
    assert rows["slower"]["also_changed"] == rows["baseline"]["also_changed"] == ""


def test_a_row_that_studies_training_is_not_marked(confounded: Report) -> None:
    assert "slower ¶" not in confounded.text
    assert "no coordinates ¶" not in confounded.text


def test_a_study_without_confounds_speaks_of_none(report: Report) -> None:
    assert "¶" not in report.text
    assert "in the named change alone, and nothing" in " ".join(report.text.split())


def test_rows_judged_on_other_questions_stand_apart(
    make_results: Make, store: Store, tmp_path: Path
) -> None:
    labels = [row.label for row in store.study.rows]
    results = make_results(dict.fromkeys(labels, (0.9, 0.91)))
    answers = dict(results.answers)
    for run in ("γ := 1-0", "γ := 1-1"):
        questions = replace(answers[run].questions, digest="other")
        answers[run] = replace(answers[run], questions=questions)
    mixed = Results(results.trials, answers)
    report = write_results(store.study, mixed, tmp_path)
    line = line_of(report.text, "γ := 1")
    assert line.split("  ")[-1].strip() == "≠ other questions"
    unwrapped = " ".join(report.text.split())
    assert "so that the accuracy cannot be compared: γ := 1." in unwrapped
    assert "2,000 validation questions" not in unwrapped
    assert "$\\neq$" in (tmp_path / "table.tex").read_text()


def test_trials_of_other_data_are_other_trials(store: Store, tmp_path: Path) -> None:
    trials = store.study.trials(dict.fromkeys(ImageInput, "other data"))
    report = write_report(store.study, trials, store.uri, tmp_path)
    assert "0 of 10 runs finished." in report.text
