"""`film doctor` says what is wrong, and by its exit code that something is."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.cli import examining
from runner.doctor.checks import all_checks
from runner.doctor.finding import Finding, fail, ok, warning
from runner.store.workspace import Workspace

Film = Callable[..., tuple[int, str, str]]


def test_findings_are_lines_with_what_would_do(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    def checks(*_: object, **__: object) -> dict[str, Callable[[], list[Finding]]]:
        return {"disk": lambda: [ok("room")], "net": lambda: findings}

    findings = [warning("slow", "wait")]
    monkeypatch.setattr(examining, "all_checks", checks)
    code, text, _ = film("doctor")
    assert code == 0
    assert text.splitlines() == [
        "ok       disk  room",
        "warning  net   slow",
        "               -> wait",
    ]
    findings.append(fail("down", "up"))
    code, text, _ = film("doctor")
    assert code == 1
    assert "FAIL     net   down" in text
    code, text, _ = film("doctor", "--json")
    assert code == 1
    assert json.loads(text)[-1] == {
        "check": "net",
        "level": "FAIL",
        "said": "down",
        "remedy": "up",
    }


def test_a_quick_look_leaves_ray_alone(workspace: Workspace) -> None:
    uri = workspace.tracking_uri
    assert "ray" in all_checks(workspace, uri, quick=False)
    assert "ray" not in all_checks(workspace, uri, quick=True)


def test_a_wrong_address_is_bad_input(film: Film) -> None:
    code, _, error = film("doctor", "--tracking-uri", "./mlruns")
    assert code == 2
    assert "tracking URI './mlruns'" in error


def test_nothing_is_made_where_nothing_was(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    def few(workspace: Workspace, uri: str, *, quick: bool) -> Iterator[str]:
        every = all_checks(workspace, uri, quick=quick)
        return {name: every[name] for name in every if name not in {"torch", "memory"}}

    monkeypatch.setattr(examining, "all_checks", few)
    code, text, _ = film("doctor", "--quick", "--store", "new")
    assert code == 0, text
    assert "can be made in" in text
    assert not Path("new").exists()
