"""What ``film diff`` prints."""

import json
from dataclasses import asdict
from typing import Any

import click

from runner.looking.differences import Comparison, Section
from runner.sweeping.progress import clock
from runner.text import aligned, percent

__all__ = ["echo_comparison"]


def echo_comparison(comparison: Comparison, *, as_json: bool) -> None:
    """Print in what two trials differ, and what came of each.

    Args:
        comparison: Of the two.
        as_json: For a program.
    """
    if as_json:
        click.echo(json.dumps(_as_json(comparison), indent=2, ensure_ascii=False))
        return
    a, b = comparison.a, comparison.b
    header = ("", f"A: {a.name}", f"B: {b.name}")
    rows: list[tuple[str, ...]] = [header]
    for section in Section:
        some = [one for one in comparison.differences if one.section is section]
        rows += [(section.value, "", "")] if some else []
        rows += [(f"  {one.name}", _cell(one.a), _cell(one.b)) for one in some]
    rows += [("results", "", ""), *_results(comparison)]
    click.echo(aligned(rows))
    for line in _remarks(comparison):
        click.echo(line)


def _remarks(comparison: Comparison) -> list[str]:
    a, b = comparison.a, comparison.b
    lines = [""]
    lines += [
        f"{one.name}: {one.remark}" for one in comparison.differences if one.remark
    ]
    lines += [
        f"{name}: its code and environment were not recorded"
        for name in comparison.unknown
    ]
    if a.trial_id == b.trial_id:
        lines.append("A and B are one trial")
    elif not comparison.differences and not comparison.unknown:
        lines.append(
            "nothing differs: configuration, code, environment and data are the same"
        )
    elif same := _same_sections(comparison):
        lines.append(f"the same: {', '.join(same)}")
    return lines if len(lines) > 1 else []


def _same_sections(comparison: Comparison) -> list[str]:
    different = {one.section for one in comparison.differences}
    unseen = {Section.CODE, Section.ENVIRONMENT} if comparison.unknown else set()
    return [section for section in Section if section not in different | unseen]


def _results(comparison: Comparison) -> list[tuple[str, ...]]:
    results = comparison.results
    best = results["best_val_accuracy"]
    rows: list[tuple[str, ...]] = [
        ("  state", *map(str, results["state"])),
        ("  best val. accuracy", percent(best[0]), percent(best[1])),
        ("  epochs", *map(str, results["epochs"])),
        ("  training time", *map(clock, results["wall_time_s"])),
    ]
    if None not in best:
        points = f"{100 * (best[1] - best[0]):+.1f} points".replace("-", "−")
        rows[1] = (rows[1][0], rows[1][1], f"{rows[1][2]} ({points})")
    return rows


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value)


def _as_json(comparison: Comparison) -> dict[str, Any]:
    return {
        "a": asdict(comparison.a),
        "b": asdict(comparison.b),
        "differences": [asdict(one) for one in comparison.differences],
        "unknown": list(comparison.unknown),
        "results": {
            name: {"a": pair[0], "b": pair[1]}
            for name, pair in comparison.results.items()
        },
    }
