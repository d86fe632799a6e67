"""Durations and memory are read as people write them, or refused with an example."""

import pytest

from runner.errors import LaunchError
from runner.quantities import memory, parse_bytes, parse_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("6h", 21_600), ("1d", 86_400), ("1.5h", 5400)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "6", "h", "-1h", "6 hours", "0s", "1e3s", "٣h", "9" * 400 + "s"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(LaunchError, match="is no duration; write it as 90s, 30m"):
        parse_seconds(text)


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("1KB", 1000), ("500MB", 5 * 10**8), ("8GiB", 8 * 2**30), ("1.5G", 3 * 2**29)],
)
def test_amounts_of_memory(text: str, n_bytes: int) -> None:
    assert parse_bytes(text) == n_bytes


@pytest.mark.parametrize("text", ["8", "8 bytes", "0GB", "GiB", "-1G", "9" * 400 + "G"])
def test_what_is_no_amount_of_memory_is_refused(text: str) -> None:
    with pytest.raises(LaunchError, match="is no amount of memory; write it as 500MB"):
        parse_bytes(text)


def test_memory_is_written_for_people() -> None:
    assert memory(3.25 * 2**30) == "3.2 GiB"
    assert memory(512 * 2**20) == "512 MiB"
