"""A plan says what its runs will find, as told by recorded runs where there are any."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from runner.cli import film
from runner.cli.planning import echo_plan
from runner.cli.power import power_json, power_of
from runner.planning.request import Choice, Request
from runner.store.workspace import Workspace
from runner.sweeping.workers import Workers
from studies.trial import Trial

Ask = Callable[[int], Request]


@pytest.fixture
def ask(study_file: Path, data: Path, workspace: Workspace) -> Ask:
    def make(n_seeds: int) -> Request:
        return Request.of(str(study_file), Choice(n_seeds=n_seeds), data, workspace)

    return make


def record(
    workspace: Workspace, trials: Sequence[Trial], accuracies: Sequence[float]
) -> None:
    for trial, accuracy in zip(trials, accuracies, strict=True):
        folder = workspace.trial(trial.trial_id)
        folder.describe(trial)
        folder.finish({"best_val_accuracy": accuracy, "epochs": 3})


def test_without_records_the_paper_s_spread_is_assumed_and_named_so(
    ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    echo_plan(ask(5), Workers(jobs=1), as_json=False)
    text = capsys.readouterr().out
    # Two groups of 5, 2.5 s.d. apart; statsmodels' TTestIndPower says the same.
    assert "5 runs × 3 rows find 1 point with probability .93 per row (.86 a" in text
    assert "if runs vary by .4 points (assumed, as in the paper's Table 2;" in text


def test_a_spread_can_be_given_and_a_program_reads_the_power(
    ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    echo_plan(ask(5), Workers(jobs=1), as_json=True, run_sd=1.0)
    power = json.loads(capsys.readouterr().out)["power"]
    assert power["run_sd"] == pytest.approx(0.01)
    assert power["run_sd_source"] == "as given"
    assert power["per_row"] == pytest.approx(0.286, abs=0.002)  # 1 s.d., 5 v 5
    assert power["n_rows"] == 3


@pytest.mark.parametrize("flag", ["--run-sd", "--price"])
@pytest.mark.parametrize("number", ["nan", "inf", "0", "-1"])
def test_what_is_no_positive_number_is_refused(flag: str, number: str) -> None:
    result = CliRunner().invoke(film, ["plan", "quick", flag, number])
    assert result.exit_code == 2
    assert f"Invalid value for '{flag}'" in result.output


def test_recorded_runs_of_the_study_tell_and_a_collapsed_row_does_not(
    ask: Ask, workspace: Workspace
) -> None:
    request = ask(3)
    by_row = [[t for t in request.trials if t.row == row] for row in rows(request)]
    record(workspace, by_row[0], (0.90, 0.91, 0.92))
    record(workspace, by_row[1], (0.88, 0.90, 0.92))
    record(workspace, by_row[2], (0.2, 0.5, 0.9))
    spread = power_of(request, None).spread
    assert spread.source == "as 6 recorded runs of this study do"
    assert spread.sd == pytest.approx(((0.01**2 + 0.02**2) / 2) ** 0.5)


def test_runs_of_other_studies_on_the_same_data_tell_where_the_study_has_none(
    ask: Ask,
    workspace: Workspace,
    make_trial: Callable[..., Trial],
) -> None:
    others = [make_trial(seed=seed, model__width=6) for seed in range(5)]
    alone = make_trial(seed=0, model__width=8)
    record(workspace, [*others, alone], (0.90, 0.91, 0.92, 0.91, 0.91, 0.85))
    spread = power_of(ask(5), None).spread
    assert spread.source == "as 5 recorded runs on these data do"
    assert spread.sd == pytest.approx(0.02**0.5 / 20)


def test_too_few_records_tell_nothing(ask: Ask, workspace: Workspace) -> None:
    request = ask(2)
    record(workspace, request.trials[:2], (0.9, 0.5))
    assert power_of(request, None).spread.sd == 0.004


def test_two_runs_promise_nothing(ask: Ask) -> None:
    power = power_of(ask(2), None)
    assert power.sentence == (
        "2 runs × 3 rows give no verdict on any row: at least 3 runs do"
    )
    assert power_json(power)["per_row"] is None
    assert power_json(power)["detectable"] is None


@pytest.mark.parametrize(("exclude", "n_crossed"), [((), 8), (("without γ",), 0)])
def test_a_factorial_is_told_of_by_its_main_effects_where_it_is_whole(
    data: Path, workspace: Workspace, exclude: tuple[str, ...], n_crossed: int
) -> None:
    study = "gamma-beta-residual-factorial"
    choice = Choice(n_seeds=3, exclude=exclude)
    power = power_of(Request.of(study, choice, data, workspace), None)
    assert (power.n_crossed, power.tests_effects) == (n_crossed, n_crossed > 0)
    assert ("main effect" in power.sentence) is (n_crossed > 0)
    assert (power_json(power)["main_effect"] is None) is (n_crossed == 0)


def rows(request: Request) -> list[str]:
    return list(dict.fromkeys(trial.row for trial in request.trials))
