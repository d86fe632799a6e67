"""A handful of faults for every day; `make faults` has the others."""

from pathlib import Path

import pytest

from tests.faults.ground import Ground
from tests.faults.kinds import KINDS
from tests.faults.playing import play
from tests.faults.serving import Server

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "names",
    [
        ("driver killed with -9", "truncated checkpoint"),
        ("worker killed with -9", "driver gets SIGINT twice"),
        ("driver gets SIGTERM", "corrupt SQLite file"),
        ("trial returns NaN", "torn last line"),
        ("terminal closed", "torn state.json"),
    ],
    ids=" and ".join,
)
def test_a_store_recovers_from(
    names: tuple[str, ...], ground: Ground, tmp_path: Path
) -> None:
    by_name = {kind.name: kind for kind in KINDS}
    chain = [by_name[name] for name in names]
    case = play(ground, chain, tmp_path / "case", Server(tmp_path), " ".join(names))
    assert case.problems == (), case.said
    assert case.kinds == names
