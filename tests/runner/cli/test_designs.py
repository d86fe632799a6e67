"""`film show` and `film list` say which design a study has, and what it cannot tell."""

import json
from collections.abc import Callable

import pytest

from studies.catalogue import catalogue, find_study

Film = Callable[..., tuple[int, str, str]]
Say = Callable[..., str]


@pytest.fixture
def say(film: Film) -> Say:
    def run(*arguments: str) -> str:
        code, text, error = film(*arguments)
        assert (code, error) == (0, "")
        return text

    return run


def test_show_names_the_components_and_what_switches_them(say: Say) -> None:
    text = say("show", "gamma-beta-residual-factorial")
    assert "design: full-factorial of γ, β and residual\n" in text
    assert "  residual  off:  model.residual = false\n" in text
    assert "cannot be told apart" not in text
    assert "\nTwo components off\n  without γ and β " in text


def test_show_prints_the_alias_table_of_a_half_fraction(say: Say) -> None:
    text = say("show", "parts-half-fraction")
    assert "coordinates = γ × β × residual × norm, resolution V; what cannot" in text
    aliases = [line for line in text.splitlines() if "  =  " in line]
    assert len(aliases) == 15
    assert aliases[5].split() == [
        *("γ", "×", "β", "="),
        *("residual", "×", "norm", "×", "coordinates"),
    ]


def test_show_says_which_level_the_baseline_has(say: Say) -> None:
    text = say("show", "depth-levels")
    assert "design: levels: Number of ResBlocks; the baseline has 2 blocks\n" in text


def test_list_says_every_design(say: Say) -> None:
    lines = say("list").splitlines()
    assert len(lines) == len(catalogue())
    (line,) = (line for line in lines if line.startswith("parts-path"))
    assert " path " in line
    (line,) = (line for line in lines if line.startswith("quick"))
    assert " one at a time " in line


def test_a_program_gets_the_components_of_every_row(say: Say) -> None:
    content = json.loads(say("show", "parts-half-fraction", "--json"))
    assert content["design"]["kind"] == "half-fraction"
    first = content["design"]["components"][0]
    assert first["component"] == "γ"
    assert first["changes"] == {"model.film.gamma": "one"}
    assert content["design"]["aliases"][0] == [
        ["γ"],
        ["β", "residual", "norm", "coordinates"],
    ]
    rows = {row.label: row.on for row in find_study("parts-half-fraction").rows}
    assert {row["row"]: frozenset(row["on"]) for row in content["rows"]} == rows
    plain = json.loads(say("show", "quick", "--json"))
    assert plain["design"] is None
    assert {row["on"] for row in plain["rows"]} == {None}
