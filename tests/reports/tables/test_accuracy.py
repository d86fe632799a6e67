"""A table's signs tell verdicts apart, and every format can write them."""

from reports.statistics import Verdict
from reports.tables import VERDICT_MARKS
from reports.tables.latex import escape


def test_every_verdict_has_its_own_sign() -> None:
    assert set(VERDICT_MARKS) == set(Verdict)
    unsigned = {Verdict.BASELINE, Verdict.NO_RESULT, Verdict.NO_BASELINE}
    signs = [m.split()[0] for v, m in VERDICT_MARKS.items() if v not in unsigned]
    assert len(set(signs)) == len(signs)
    assert "‡" not in signs  # it names the interval of run means


def test_latex_knows_every_sign() -> None:
    assert not any("U+" in escape(mark) for mark in VERDICT_MARKS.values())
