"""What components do is found as it was put in, and no more is said than is known."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.multitest import multipletests

from reports.results import Answers, Questions, Results, RunState
from reports.statistics.contrasts import Scale
from reports.statistics.effects import Effects, estimate_effects
from reports.statistics.intervals import Basis
from reports.statistics.shapley import shapley_weights
from studies.catalogue import find_study
from studies.design import DesignKind
from studies.study import Study
from tests.reports.statistics.crossing import accuracies, make_study, redundant

Make = Callable[..., Results]
FULL = DesignKind.FULL_FACTORIAL


def estimate(study: Study, results: Results, scale: Scale = Scale.ACCURACY) -> Effects:
    found = estimate_effects(study, results, scale)
    assert found is not None
    return found


def by_term(effects: Effects, column: str = "effect") -> dict[str, float]:
    return dict(zip(effects.terms["term"], effects.terms[column], strict=True))


# Run means and nothing else, as least squares sees them.
def regression(study: Study, results: Results, coding: dict[bool, float]) -> object:
    on = {row.label: row.on or frozenset() for row in study.rows}
    labels = study.design.labels if study.design else ()
    frame = pd.DataFrame(
        {
            "y": trial.val_accuracy,
            **{
                f"c{n}": coding[label in on[trial.row]]
                for n, label in enumerate(labels)
            },
        }
        for trial in results.trials.itertuples()
    )
    formula = "y ~ " + " * ".join(f"c{n}" for n in range(len(labels)))
    return smf.ols(formula, frame).fit()


@pytest.fixture(scope="module")
def study() -> Study:
    return make_study(FULL, 5)


@pytest.fixture(scope="module")
def results(study: Study, make_results: Make) -> Results:
    runs = accuracies(study, redundant, n_runs=3, sd=0.005)
    return make_results(runs, has_answers=False)


@pytest.fixture(scope="module")
def effects(study: Study, results: Results) -> Effects:
    return estimate(study, results)


class TestFactorial:
    def test_redundancy_is_found_that_leaving_one_out_is_blind_to(
        self, effects: Effects, make_results: Make
    ) -> None:
        found = by_term(effects)
        assert found["γ"] == pytest.approx(0.055, abs=0.005)
        assert found["γ × β"] == pytest.approx(-0.035, abs=0.005)
        assert found["coords"] == pytest.approx(0, abs=0.005)
        tested = by_term(effects, "p_holm")
        real = {"γ", "β", "residual", "norm", "γ × β"}
        assert {term for term, p in tested.items() if p < 0.05} == real
        one_out = make_study(DesignKind.LEAVE_ONE_OUT, 5)
        runs = accuracies(one_out, redundant, n_runs=3, sd=0.0001)
        blind = estimate(one_out, make_results(runs, has_answers=False))
        assert by_term(blind)["γ"] == pytest.approx(0.02, abs=0.002)

    def test_effects_are_twice_the_coefficients_of_least_squares(
        self, study: Study, results: Results, effects: Effects
    ) -> None:
        fit = regression(study, results, {True: 1.0, False: -1.0})
        codes = {label: f"c{n}" for n, label in enumerate(study.design.labels)}  # type: ignore[union-attr]
        for term in effects.terms.itertuples():
            name = ":".join(codes[label] for label in term.components)
            assert term.effect == pytest.approx(2 * fit.params[name])  # type: ignore[attr-defined]
            assert term.se == pytest.approx(2 * fit.bse[name])  # type: ignore[attr-defined]
            assert term.basis == Basis.RUN_MEANS

    def test_shares_of_variance_are_those_of_the_analysis_of_variance(
        self, study: Study, results: Results, effects: Effects
    ) -> None:
        table = anova_lm(regression(study, results, {True: 1.0, False: -1.0}), typ=2)
        squares, left = table["sum_sq"], table["sum_sq"]["Residual"]
        found = by_term(effects, "eta_sq_partial")
        assert found["γ"] == pytest.approx(squares["c0"] / (squares["c0"] + left))
        both = squares["c0:c1"]
        assert found["γ × β"] == pytest.approx(both / (both + left))

    def test_holm_is_over_all_terms(self, effects: Effects) -> None:
        assert len(effects.terms) == 31
        corrected = multipletests(effects.terms["p"], method="holm")[1]
        assert effects.terms["p_holm"].to_numpy() == pytest.approx(corrected)

    def test_shapley_values_are_those_of_the_saturated_regression(
        self, study: Study, results: Results, effects: Effects
    ) -> None:
        fit = regression(study, results, {True: 1.0, False: 0.0})
        for n, value in enumerate(effects.shapley["value"]):
            shares = [
                coefficient / len(name.split(":"))
                for name, coefficient in fit.params.items()  # type: ignore[attr-defined]
                if f"c{n}" in name.split(":")
            ]
            assert value == pytest.approx(sum(shares))

    def test_their_errors_follow_from_the_regressions_covariance(
        self, study: Study, results: Results, effects: Effects
    ) -> None:
        fit = regression(study, results, {True: 1.0, False: 0.0})
        means = results.trials.groupby("row")["val_accuracy"]
        assert means.count().unique() == [
            3
        ]  # so that weights alone tell the rows apart
        names = list(fit.params.index)  # type: ignore[attr-defined]
        shares = [
            1 / len(name.split(":")) if "c0" in name.split(":") else 0 for name in names
        ]
        variance = np.array(shares) @ fit.cov_params().to_numpy() @ np.array(shares)  # type: ignore[attr-defined]
        own = effects.shapley["se"][0]  # rows keep their own variance here
        assert own == pytest.approx(math.sqrt(variance), rel=0.25)

    def test_shapley_values_add_up_to_everything_over_nothing(
        self, effects: Effects, results: Results
    ) -> None:
        means = results.trials.groupby("row")["val_accuracy"].mean()
        (nothing,) = [row for row in means.index if row.startswith("none of")]
        whole = means["baseline"] - means[nothing]
        assert effects.shapley["value"].sum() == pytest.approx(whole)
        assert effects.whole is not None
        assert effects.whole.value == pytest.approx(whole)

    def test_every_pair_has_the_means_of_its_four_corners(
        self, effects: Effects, study: Study, results: Results
    ) -> None:
        assert len(effects.means) == 4 * 10
        corner = effects.means.query("first == 'γ' and second == 'β' and first_on")
        corner = corner[~corner["second_on"]].iloc[0]
        rows = [
            row.label
            for row in study.rows
            if row.on is not None and "γ" in row.on and "β" not in row.on
        ]
        trials = results.trials
        mean = trials.loc[trials["row"].isin(rows), "val_accuracy"].mean()
        assert corner["mean"] == pytest.approx(mean)
        assert corner["n_runs"] == 8 * 3
        assert corner["lower"] < mean < corner["upper"]

    def test_answers_widen_it_to_scenes(self, study: Study, make_results: Make) -> None:
        runs = accuracies(study, redundant, n_runs=2, sd=0.005)
        effects = estimate(study, make_results(runs))
        assert set(effects.terms["basis"]) == {Basis.CROSSED}
        bare = estimate(study, make_results(runs, has_answers=False))
        assert by_term(effects) == pytest.approx(by_term(bare), abs=1e-3)
        assert (effects.terms["se"] > bare.terms["se"]).mean() > 0.9


class TestHalfFraction:
    def test_each_effect_is_named_with_what_it_cannot_be_told_from(
        self, make_results: Make
    ) -> None:
        study = make_study(DesignKind.HALF_FRACTION, 5)
        runs = accuracies(study, redundant, n_runs=2, sd=0.001)
        effects = estimate(study, make_results(runs, has_answers=False))
        assert len(effects.terms) == 15
        assert by_term(effects)["γ"] == pytest.approx(0.055, abs=0.002)
        assert by_term(effects)["γ × β"] == pytest.approx(-0.035, abs=0.002)
        aliases = dict(effects.aliases.itertuples(index=False))
        assert aliases["γ"] == "β × residual × norm × coords"
        assert effects.shapley.empty
        assert effects.whole is None


class TestAroundACorner:
    def test_leaving_two_out_finds_pairs(self, make_results: Make) -> None:
        study = make_study(DesignKind.LEAVE_TWO_OUT, 4)
        runs = accuracies(study, redundant, n_runs=3, sd=0.0005)
        effects = estimate(study, make_results(runs, has_answers=False))
        assert by_term(effects)["β"] == pytest.approx(0, abs=0.002)
        assert by_term(effects)["γ × β"] == pytest.approx(-0.035, abs=0.002)
        assert len(effects.terms) == 4 + 6

    def test_adding_one_in_compares_with_nothing(self, make_results: Make) -> None:
        study = make_study(DesignKind.ADD_ONE_IN, 4)
        runs = accuracies(study, redundant, n_runs=3, sd=0.0005)
        effects = estimate(study, make_results(runs, has_answers=False))
        assert by_term(effects)["β"] == pytest.approx(0.07, abs=0.002)
        assert list(effects.terms["order"]) == [1, 1, 1, 1]

    def test_a_row_without_runs_takes_its_own_terms_alone(
        self, make_results: Make
    ) -> None:
        study = make_study(DesignKind.LEAVE_ONE_OUT, 3)
        runs = accuracies(study, redundant, n_runs=3, sd=0.001)
        runs["without β"] = [RunState.FAILED] * 3  # type: ignore[list-item]
        effects = estimate(study, make_results(runs))
        assert list(effects.terms["term"]) == ["γ", "residual"]
        assert effects.missing == ("without β",)


class TestLittle:
    def test_a_factorial_with_a_row_missing_has_no_effects(
        self, make_results: Make
    ) -> None:
        study = make_study(FULL, 3)
        runs = accuracies(study, redundant, n_runs=2, sd=0.001)
        runs["without γ"] = [RunState.FAILED, RunState.MISSING]  # type: ignore[list-item]
        effects = estimate(study, make_results(runs))
        assert effects.missing == ("without γ",)
        assert effects.terms.empty
        assert effects.shapley.empty
        assert effects.means.empty
        assert effects.steps.empty

    def test_nor_has_one_with_a_row_that_answered_other_questions(
        self, make_results: Make
    ) -> None:
        study = make_study(FULL, 2)
        results = make_results(accuracies(study, redundant, n_runs=2, sd=0.001))
        answers = dict(results.answers)
        for seed in (0, 1):
            mine = answers[f"without γ-{seed}"]
            questions = Questions(mine.questions.scenes, mine.questions.types, "other")
            answers[f"without γ-{seed}"] = Answers(questions, mine.correct)
        effects = estimate(study, replace(results, answers=answers))
        assert effects.missing == ("without γ",)

    @pytest.mark.parametrize("has_answers", [True, False])
    def test_single_runs_give_no_test(
        self, make_results: Make, *, has_answers: bool
    ) -> None:
        study = make_study(FULL, 2)
        runs = accuracies(study, redundant, n_runs=1, sd=0.001)
        effects = estimate(study, make_results(runs, has_answers=has_answers))
        assert effects.terms["p"].isna().all()
        assert effects.terms["p_holm"].isna().all()
        assert effects.terms["eta_sq_partial"].isna().all()
        basis = Basis.CHECKPOINTS if has_answers else Basis.NONE
        assert set(effects.terms["basis"]) == {basis}

    def test_two_rows_of_two_runs_give_no_test_either(self, make_results: Make) -> None:
        study = make_study(DesignKind.LEAVE_ONE_OUT, 2)
        runs = accuracies(study, redundant, n_runs=2, sd=0.001)
        effects = estimate(study, make_results(runs))
        assert effects.terms["p"].isna().all()
        assert effects.terms["lower"].notna().all()

    def test_unequal_numbers_of_runs_are_weighed_row_by_row(
        self, make_results: Make
    ) -> None:
        study = make_study(FULL, 2)
        runs = accuracies(study, redundant, n_runs=4, sd=0.001)
        runs["without γ"] = runs["without γ"][:1]
        effects = estimate(study, make_results(runs, has_answers=False))
        assert by_term(effects)["γ"] == pytest.approx(0.055, abs=0.003)
        assert effects.terms["df"].tolist() == [9, 9, 9]

    def test_studies_without_components_have_no_effects(
        self, make_results: Make
    ) -> None:
        results = make_results({"baseline": (0.9,), "γ := 1": (0.8,)})
        assert estimate_effects(find_study("quick"), results) is None
        assert estimate_effects(find_study("depth-levels"), results) is None


class TestCollapse:
    def test_near_the_ceiling_logits_stand_beside(self, make_results: Make) -> None:
        def high(on: frozenset[str]) -> float:
            return 1 / (1 + math.exp(-2 - 1.5 * ("γ" in on) - 1.5 * ("β" in on)))

        study = make_study(FULL, 2)
        effects = estimate(study, make_results(accuracies(study, high, 3, 1e-4)))
        assert effects.collapsed[0] == "baseline"
        assert effects.beside is not None
        assert effects.beside.scale is Scale.LOGIT
        assert set(effects.beside.terms["scale"]) == {"logit"}
        assert by_term(effects)["γ × β"] < -0.02  # as if one could stand in
        assert by_term(effects.beside)["γ × β"] == pytest.approx(0, abs=0.05)
        assert by_term(effects.beside)["γ"] == pytest.approx(1.5, abs=0.05)

    def test_so_they_do_near_guessing(self, make_results: Make) -> None:
        study = make_study(FULL, 2)
        results = make_results(accuracies(study, redundant, 2, 1e-4))
        guessing = {
            key: Answers(replace(one.questions, guess=0.58), one.correct)
            for key, one in results.answers.items()
        }
        effects = estimate(study, replace(results, answers=guessing))
        assert effects.collapsed == ("none of γ and β",)
        assert effects.beside is not None
        assert estimate(study, results).beside is None

    def test_logits_alone_can_be_asked_for(self, make_results: Make) -> None:
        study = make_study(FULL, 2)
        results = make_results(accuracies(study, redundant, 2, 1e-4))
        effects = estimate(study, results, Scale.LOGIT)
        assert effects.scale is Scale.LOGIT
        assert effects.beside is None
        assert effects.means["mean"].max() == pytest.approx(
            math.log(0.69 / 0.31), abs=0.01
        )


def test_shapley_weights_are_the_mean_over_all_orders() -> None:
    labels = ("γ", "β", "norm", "coords")
    rng = np.random.default_rng(3)
    rows = [frozenset(on) for size in range(5) for on in combinations(labels, size)]
    value = {on: float(rng.random()) for on in rows}
    gains = []
    for order in permutations(labels):
        before = frozenset(order[: order.index("β")])
        gains.append(value[before | {"β"}] - value[before])
    weights = shapley_weights("β", labels)
    found = sum(weight * value[on] for on, weight in weights.items())
    assert found == pytest.approx(np.mean(gains))
    assert sum(weights.values()) == pytest.approx(0)
