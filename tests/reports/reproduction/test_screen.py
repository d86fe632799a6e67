"""What Table 2 says alone: ten rows in the baseline's range, three left by Holm."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from reports.published import PUBLISHED, Published, PublishedTable
from reports.reproduction.screen import noise_of, screen
from tests.reports.reproduction.drawn import TABLE_2, TABLE_3


def test_ten_of_the_seventeen_ablations_lie_inside_the_baseline_s_range() -> None:
    rows = screen(TABLE_2)
    others = rows[~rows["is_baseline"]]
    assert len(others) == 17
    assert set(others.loc[~others["is_inside"], "row"]) == {
        "γ := 1",
        "γ := σ(γ)",
        "before ResBlock Conv-1",
        "no FiLM in ResBlocks 1-4",
        "1×1 conv only, no coord. maps",
        "no residual connection",
        "no batch normalization",
    }


def test_the_range_is_that_of_one_more_run() -> None:
    noise = noise_of(TABLE_2)
    assert noise is not None
    assert 97.4 - 100 * noise.half == pytest.approx(96.18, abs=0.005)
    assert 97.4 + 100 * noise.half == pytest.approx(98.62, abs=0.005)


def test_three_of_them_survive_holm_s_correction() -> None:
    rows = screen(TABLE_2)
    assert set(rows.loc[rows["p_holm"] < 0.05, "row"]) == {
        "no FiLM in ResBlocks 1-4",
        "no residual connection",
        "no batch normalization",
    }
    known = rows["p"].dropna()
    assert rows.loc[known.index, "p_holm"].to_numpy() == pytest.approx(
        multipletests(known, method="holm")[1]
    )


def test_p_is_crawford_and_howell_s() -> None:
    row = screen(TABLE_3).set_index("row").loc["1 block"]
    t = (93.5 - 97.4) / (0.4 * math.sqrt(1 + 1 / 5))
    assert row["p"] == pytest.approx(2 * stats.t.sf(abs(t), 4))


def test_a_row_with_an_sd_of_its_own_is_welch_s() -> None:
    rows = {
        "baseline": Published(97.4, "x", sd=0.4, n_runs=5),
        "other": Published(96.9, "x", sd=0.2, n_runs=4),
    }
    found = screen(PublishedTable("x", "x", rows)).set_index("row").loc["other"]
    expected = stats.ttest_ind_from_stats(
        96.9, 0.2, 4, 97.4, 0.4, 5, equal_var=False
    ).pvalue
    assert found["p"] == pytest.approx(float(expected))


def test_a_table_without_an_sd_is_not_screened() -> None:
    rows = screen(PUBLISHED["clevr-systems"])
    assert noise_of(PUBLISHED["clevr-systems"]) is None
    assert rows["p"].isna().all()
    assert np.isnan(rows["upper"]).all()
