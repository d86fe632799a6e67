"""How far a study's rows agree with a published table.

Row by row: does the published number lie where one more run of ours would, a prediction
interval of ``m ± t·s·√(1 + 1/k)`` widened by what printing rounded off? Over the rows:
order, signs, concordance and bias. On the published questions accuracies are held
against each other; on others only the differences to the baseline can be.

References:
    Lin, *A concordance correlation coefficient to evaluate reproducibility*,
    Biometrics 45(1), 1989.
    Bland and Altman, *Statistical methods for assessing agreement between two methods
    of clinical measurement*, The Lancet 327, 1986.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.published import Published, PublishedTable
from reports.reproduction.prediction import NOWHERE, of_accuracy, of_difference
from reports.reproduction.ranks import Simulated, ceiling, kendall, unrelated
from reports.reproduction.screen import Noise, noise_of, screen
from reports.results import Results, records
from reports.statistics.corrections import ALPHA
from reports.statistics.variance import COLLAPSED
from studies.study import Study

__all__ = [
    "Agreement",
    "Summary",
    "agreement_of",
    "on_published_questions",
]

_Floats = npt.NDArray[np.float64]
_POINTS: Final = 100.0
_PLACES: Final = 9  # of a fraction: what lies beyond is of the arithmetic
_NORMAL: Final = 1.96
_FEWEST_ROWS: Final = 3  # an order, or a spread, of fewer says nothing


@dataclass(frozen=True)
class Summary:
    """What is said over all rows; fractions, and NaN for what cannot be said.

    Attributes:
        n_rows: Rows that both have, without the baseline.
        n_predicted: Those of them that have a prediction interval.
        n_inside: Those of these whose published value lies inside.
        has_noise: Whether an s.d. of the baseline was published.
        tau: Kendall's τ-b of the differences to the baseline.
        ceiling: What a perfect reproduction would score; None without a published s.d.
        unrelated: What an unrelated table would score.
        n_readable: Rows whose published difference exceeds the paper's own noise.
        n_same_readable: Those of them that have the same sign here.
        n_signed: Rows that differ from the baseline at all, published and here.
        n_same_signed: Those of them that have the same sign here.
        collapsed: Rows that are left out of what follows.
        concordance: Lin's coefficient of the differences.
        mean_absolute: Mean absolute difference of the differences.
        bias: Mean of ours less the published.
        limits: 95 % limits of agreement around that.
        level: Mean of our accuracies less the published, baseline included; NaN on
            other questions.
    """

    n_rows: int
    n_predicted: int
    n_inside: int
    has_noise: bool
    tau: float
    ceiling: Simulated | None
    unrelated: Simulated | None
    n_readable: int
    n_same_readable: int
    n_signed: int
    n_same_signed: int
    collapsed: tuple[str, ...]
    concordance: float
    mean_absolute: float
    bias: float
    limits: tuple[float, float]
    level: float


@dataclass(frozen=True, eq=False)
class Agreement:
    """A study's rows beside published ones.

    Attributes:
        rows: One row per row of the study: ``row``, ``group``, ``is_baseline``,
            ``published``, ``published_sd``, ``published_runs``, ``accuracy``, ``sd``,
            ``n_runs``, ``lower`` and ``upper`` (95 % interval of ``delta``),
            ``predicted_lower`` and ``predicted_upper`` (of the accuracy on the
            published questions, else of the difference), ``is_inside``,
            ``published_delta``, ``delta``, ``is_readable`` and ``is_collapsed``.
        summary: What is said over all of them.
        is_on_published_questions: Whether accuracies can be compared.
        unmatched: Published rows that the study has not.
        unpublished: Rows of the study that were not published.
    """

    rows: pd.DataFrame
    summary: Summary
    is_on_published_questions: bool
    unmatched: tuple[str, ...]
    unpublished: tuple[str, ...]


def on_published_questions(
    study: Study, results: Results, table: PublishedTable
) -> bool:
    """Tell whether every run was judged on what the published accuracies are over.

    Args:
        study: What was asked.
        results: What was recorded.
        table: Published.

    Returns:
        Whether accuracies can be held against each other.
    """
    finished = results.trials["val_accuracy"].notna()
    answers = [
        results.answers.get(one) for one in results.trials.loc[finished, "trial_id"]
    ]
    sizes = {answer.questions.n_questions if answer else 0 for answer in answers}
    is_known = study.world is None and table.n_questions > 0
    return is_known and sizes == {table.n_questions}


def agreement_of(
    estimates: pd.DataFrame, table: PublishedTable, *, is_on_published_questions: bool
) -> Agreement:
    """Hold a study's rows against a published table.

    Args:
        estimates: The study's rows, as ``estimate_rows`` gives them.
        table: Published.
        is_on_published_questions: Whether accuracies can be compared.

    Returns:
        Rows and what is said over them.
    """
    ours = records(estimates)
    baselines = {_judged(row): row for row in ours if row["is_baseline"]}
    screened = screen(table).set_index("row")
    readable = screened["p"] < ALPHA
    rows = []
    for row in ours:
        published = table.rows.get(row["row"])
        predict = of_accuracy if is_on_published_questions else of_difference
        its = baselines.get(_judged(row))
        predicted = predict(row, its, table) if published else NOWHERE
        line = {**_beside(row, published, table), **predicted}
        line["is_readable"] = bool(published and readable[row["row"]])
        rows.append(line)
    frame = pd.DataFrame(rows)
    labels = [row["row"] for row in ours]
    return Agreement(
        rows=frame,
        summary=_summary(frame, table, is_on=is_on_published_questions),
        is_on_published_questions=is_on_published_questions,
        unmatched=tuple(label for label in table.rows if label not in labels),
        unpublished=tuple(label for label in labels if label not in table.rows),
    )


# The evaluation by which a row was judged, in studies that have several.
def _judged(row: Mapping[str, Any]) -> str:
    return str(row.get("evaluation", ""))


def _beside(
    row: Mapping[str, Any], published: Published | None, table: PublishedTable
) -> dict[str, Any]:
    its = math.nan if published is None else published.accuracy / _POINTS
    is_baseline = bool(row["is_baseline"])
    its_delta = table.difference(row["row"]) / _POINTS if published else math.nan
    is_compared = not is_baseline and not row["has_other_questions"]
    published_delta = round(its_delta, _PLACES) if is_compared else math.nan
    deltas = [d for d in (row["delta"], published_delta) if not math.isnan(d)]
    sd = published.sd if published else None
    return {
        "row": row["row"],
        "group": row["group"],
        "is_baseline": is_baseline,
        "published": round(its, _PLACES),
        "published_sd": math.nan if sd is None else sd / _POINTS,
        "published_runs": published.n_runs if published else 0,
        "accuracy": row["accuracy"],
        "sd": row["sd"],
        "n_runs": row["n_runs"],
        "published_delta": published_delta,
        "delta": row["delta"],
        "lower": row["lower"],
        "upper": row["upper"],
        "is_collapsed": min(deltas, default=0.0) < -COLLAPSED,
    }


def _summary(rows: pd.DataFrame, table: PublishedTable, *, is_on: bool) -> Summary:
    both = rows[rows["delta"].notna() & rows["published_delta"].notna()]
    predicted = rows[rows["predicted_lower"].notna()]
    kept = both[~both["is_collapsed"]]
    readable = both[both["is_readable"]]
    ours, its = both["delta"].to_numpy(float), both["published_delta"].to_numpy(float)
    is_signed = (its.round(_PLACES) != 0) & (ours.round(_PLACES) != 0)
    is_same = np.sign(ours) == np.sign(its)
    levels = rows[rows["published"].notna() & ~rows["is_collapsed"]]
    has_order = len(both) >= _FEWEST_ROWS
    noise = noise_of(table)
    return Summary(
        n_rows=len(both),
        n_predicted=len(predicted),
        n_inside=int(predicted["is_inside"].sum()),
        has_noise=noise is not None,
        tau=float(kendall(ours, its)) if has_order else math.nan,
        ceiling=_ceiling(both, noise) if has_order and noise else None,
        unrelated=unrelated(its.tolist()) if has_order else None,
        n_readable=len(readable),
        n_same_readable=int(is_same[both["is_readable"].to_numpy(bool)].sum()),
        n_signed=int(is_signed.sum()),
        n_same_signed=int((is_same & is_signed).sum()),
        collapsed=tuple(both.loc[both["is_collapsed"], "row"]),
        **_apart(
            kept["delta"].to_numpy(float), kept["published_delta"].to_numpy(float)
        ),
        level=float((levels["accuracy"] - levels["published"]).mean())
        if is_on
        else math.nan,
    )


def _ceiling(both: pd.DataFrame, noise: Noise) -> Simulated:
    n, k = both["published_runs"], both["n_runs"]
    own = both["published_sd"].fillna(noise.sd).to_numpy(float)
    sds = own / np.sqrt(n.to_numpy(float)), noise.sd / np.sqrt(k.to_numpy(float))
    return ceiling(both["published_delta"].tolist(), sds)


def _apart(ours: _Floats, its: _Floats) -> dict[str, Any]:
    apart = ours - its
    n = len(apart)
    bias = float(apart.mean()) if n else math.nan
    sd = float(apart.std(ddof=1)) if n >= _FEWEST_ROWS else math.nan
    return {
        "concordance": _concordance(ours, its) if n >= _FEWEST_ROWS else math.nan,
        "mean_absolute": float(np.abs(apart).mean()) if n else math.nan,
        "bias": bias,
        "limits": (bias - _NORMAL * sd, bias + _NORMAL * sd),
    }


def _concordance(x: _Floats, y: _Floats) -> float:
    together = float(((x - x.mean()) * (y - y.mean())).mean())
    whole = float(x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    return 2 * together / whole if whole > 0 else math.nan
