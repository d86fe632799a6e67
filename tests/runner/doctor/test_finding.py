"""A check that crashes or hangs is a line, and the others are made."""

import threading
from collections.abc import Iterator

from runner.doctor.finding import Finding, Level, examine, fail, ok, warning


def fine() -> Iterator[Finding]:
    yield ok("well")


def crashing() -> Iterator[Finding]:
    yield warning("half", "wait")
    raise ZeroDivisionError("oh\nno")


def test_findings_come_in_order_and_a_crash_is_one_of_them() -> None:
    found = list(examine({"bad": crashing, "good": fine}))
    assert [(name, one.level, one.said) for name, one in found] == [
        ("bad", Level.WARNING, "half"),
        ("bad", Level.FAIL, "this check itself failed: ZeroDivisionError: oh no"),
        ("good", Level.OK, "well"),
    ]


def test_a_check_that_hangs_is_left_behind() -> None:
    done = threading.Event()

    def hanging() -> Iterator[Finding]:
        yield fail("first", "that")
        done.wait(30)

    found = list(examine({"hangs": hanging, "good": fine}, patience_s=1))
    done.set()
    assert [one.said for _, one in found][1:] == ["no answer within 1 s", "well"]
    assert found[1][1].level is Level.FAIL
