"""What a launch can find, told before it: by the spread of runs recorded before."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

from reports.statistics.power import PAPER_RUN_SD, Power, RunSpread, pooled_sd
from reports.statistics.variance import collapsed
from runner.planning.request import Request
from runner.store.trial_folder import TrialFolder
from studies.design import DesignKind
from studies.fraction import alias_pairs, terms_of
from studies.trial import BASELINE

__all__ = ["power_json", "power_of"]

_POINTS: Final = 100.0
_LEAST_DF: Final = 4  # fewer runs would tell it to within a factor of three, or worse
_OTHERS: Final = 200  # trials of other studies that are looked at
_ASSUMED: Final = "assumed, as in the paper's Table 2; --run-sd takes another"


def power_of(request: Request, run_sd: float | None) -> Power:
    """Work out what the wanted runs will find.

    Args:
        request: What is wanted.
        run_sd: Standard deviation between runs of a row, in points; None for that of
            recorded runs, of the study or else of its data, or the paper's.

    Returns:
        The power of a test of one row and, where all rows of a factorial are wanted,
        of a main effect.
    """
    runs = Counter(trial.row for trial in request.trials)
    return Power(
        n_runs=min(runs.values(), default=0),
        n_rows=len(runs),
        spread=_recorded(request) if run_sd is None else _given(run_sd),
        **_crossed(request, set(runs)),
    )


def power_json(power: Power) -> dict[str, Any]:
    """Put the power into plain numbers.

    Args:
        power: Of a launch.

    Returns:
        Fractions and probabilities.
    """
    tests = power.n_runs > 2 and power.n_rows > 1  # noqa: PLR2004 - as verdicts do
    spread = asdict(power.spread)
    return {
        "n_runs": power.n_runs,
        "n_rows": power.n_rows,
        "difference": power.difference,
        "per_row": power.per_row if tests else None,
        "after_holm": power.first_step if tests else None,
        "detectable": power.detectable if tests else None,
        "main_effect": power.main_effect if power.tests_effects else None,
        "main_effect_after_holm": (
            power.main_effect_first_step if power.tests_effects else None
        ),
        "run_sd": spread["sd"],
        "run_sd_source": spread["source"],
    }


# Effects are estimated from all rows of a factorial, or not at all.
def _crossed(request: Request, wanted: set[str]) -> dict[str, int]:
    design = request.study.design
    rows = {row.label for row in request.study.rows if row.on is not None}
    if design is None or not rows <= wanted:
        return {}
    if design.kind is DesignKind.FULL_FACTORIAL:
        n_effects = len(terms_of(design.labels))
    elif design.kind is DesignKind.HALF_FRACTION:
        n_effects = len(alias_pairs(design.labels))
    else:
        return {}
    return {"n_crossed": len(rows), "n_effects": n_effects}


def _given(run_sd: float) -> RunSpread:
    return RunSpread(run_sd / _POINTS, "as given")


def _recorded(request: Request) -> RunSpread:
    own: dict[str, list[float]] = defaultdict(list)
    for trial in request.trials:
        folder = request.workspace.trial(trial.trial_id)
        own[trial.row] += _accuracy(folder)
    for runs, where in ((own, "of this study"), (_elsewhere(request), "on these data")):
        spread = _told_by(runs, where)
        if spread is not None:
            return spread
    return RunSpread(PAPER_RUN_SD, _ASSUMED)


def _elsewhere(request: Request) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    data = set(request.source.fingerprints.values())
    for folder in request.workspace.recorded_trials()[:_OTHERS]:
        said = folder.description()
        if said["data"] in data:
            found[json.dumps(said["config"], sort_keys=True)] += _accuracy(folder)
    return found


def _accuracy(folder: TrialFolder) -> Iterable[float]:
    summary = folder.summary() or {}
    return [summary["best_val_accuracy"]] if "best_val_accuracy" in summary else []


# A collapsed row's runs differ as those of no other row do.
def _told_by(runs: Mapping[str, list[float]], where: str) -> RunSpread | None:
    lost = collapsed(runs, BASELINE)
    telling = [its for row, its in runs.items() if row not in lost and len(its) > 1]
    sd, df = pooled_sd(telling)
    if df < _LEAST_DF:
        return None
    n_runs = sum(map(len, telling))
    return RunSpread(sd, f"as {n_runs} recorded runs {where} do", df)
