"""Corrections for many tests are those of the papers, as statsmodels has them."""

import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from reports.statistics.corrections import benjamini_hochberg, holm

CORRECTIONS = [(holm, "holm"), (benjamini_hochberg, "fdr_bh")]


@pytest.mark.parametrize(("correct", "method"), CORRECTIONS)
def test_corrected_values_equal_statsmodels_s(correct: type, method: str) -> None:
    rng = np.random.default_rng(0)
    for n in (1, 2, 17, 234):
        p = rng.random(n) ** 3
        p[: n // 3] = p[0]  # ties
        expected = multipletests(p, method=method)[1]
        assert list(correct(pd.Series(p))) == pytest.approx(list(expected))


@pytest.mark.parametrize(("correct", "method"), CORRECTIONS)
def test_what_is_not_tested_stays_so_and_is_not_counted(
    correct: type, method: str
) -> None:
    p = pd.Series([math.nan, 0.01, math.nan, 0.04], index=list("abcd"))
    corrected = correct(p)
    expected = multipletests([0.01, 0.04], method=method)[1]
    assert list(corrected.index) == list("abcd")
    assert corrected[["a", "c"]].isna().all()
    assert list(corrected[["b", "d"]]) == pytest.approx(list(expected))
    assert correct(pd.Series([math.nan] * 2)).isna().all()
