"""What the commands about definitions print."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from runner.text import aligned
from studies.design import Design, DesignKind, describe
from studies.fraction import alias_pairs, resolution, term_name
from studies.row import Row
from studies.study import Study

__all__ = ["changes_of", "echo_json", "echo_studies", "echo_study"]

_SWITCHED: Final = {True: "off:", False: "on:"}  # by whether the baseline has it


def echo_studies(studies: Sequence[Study]) -> None:
    """Print studies, one a line.

    Args:
        studies: In the order to print.
    """
    rows = [(study.name, _size(study), _kind(study), _data(study)) for study in studies]
    lines = aligned(rows).splitlines()
    indent = max(map(len, lines)) + 2
    for line, study in zip(lines, studies, strict=True):
        click.echo(f"{line:{indent}}{study.question}")


def _size(study: Study) -> str:
    n_seeds = len(study.seeds)
    return f"{len(study.rows)} rows × {n_seeds} seed{'s' * (n_seeds != 1)}"


def _kind(study: Study) -> str:
    return "one at a time" if study.design is None else study.design.kind


def echo_study(study: Study) -> None:
    """Print a study, row by row.

    Args:
        study: The study.
    """
    click.echo(f"{study.name}: {study.question}")
    margin = ""
    if study.margin:
        unit = "point" if study.margin == 1 else "points"
        margin = f", {study.margin:g} {unit} would matter"
    seeds = ", ".join(map(str, study.seeds))
    click.echo(f"seeds {seeds}; data {_data(study)}{margin}\n")
    if study.design is not None:
        click.echo(f"{_design(study.design)}\n")
    cells = [(row.label, _said_of(row, study)) for row in study.rows]
    lines = aligned(cells).splitlines()
    group = ""
    for row, line in zip(study.rows, lines, strict=True):
        if row.group != group:
            group = row.group
            click.echo(f"\n{group}")
        click.echo(f"  {line}")


def echo_json(given: Study | Sequence[Study]) -> None:
    """Print a study, or several, as JSON.

    Args:
        given: The study, or a list of them.
    """
    if isinstance(given, Study):
        content: Any = _study(given)
    else:
        content = [_study(study) for study in given]
    click.echo(json.dumps(content, indent=2, ensure_ascii=False))


def changes_of(changes: Mapping[str, Any]) -> str:
    """Write what a row changes.

    Args:
        changes: Settings by dotted name.

    Returns:
        ``model.film.beta = zero``; nothing for the baseline.
    """
    return ", ".join(f"{name} = {_value(value)}" for name, value in changes.items())


# Of what starts from another row's weights, what it changes of that.
def _said_of(row: Row, study: Study) -> str:
    if row.is_evaluation:
        return f"its weights, judged by {row.splits.judge}"
    if not row.parent:
        return changes_of(row.changes)
    before = study.compared_with(row).changes
    own = {name: to for name, to in row.changes.items() if before.get(name) != to}
    learns = f"learns from {row.splits.learn}, judged by {row.splits.judge}"
    parts = [f"from {row.parent}'s weights", learns, changes_of(own)]
    return "; ".join(filter(None, parts))


def _design(design: Design) -> str:
    lines = [f"design: {describe(design)}"]
    switches = [
        (one.label, _SWITCHED[one.is_in_baseline], changes_of(one.changes))
        for one in design.components
    ]
    if switches:
        lines += [f"  {line}" for line in aligned(switches).splitlines()]
    if design.kind is DesignKind.HALF_FRACTION:
        *others, last = design.labels
        generator = f"{last} = {term_name(tuple(others))}"
        clear = f"resolution {resolution(design.labels)}"
        lines += ["", f"{generator}, {clear}; what cannot be told apart:"]
        names = [(term_name(one), "=", term_name(two)) for one, two in _alias(design)]
        lines += [f"  {line}" for line in aligned(names).splitlines()]
    return "\n".join(lines)


def _alias(design: Design) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    is_half = design.kind is DesignKind.HALF_FRACTION
    return alias_pairs(design.labels) if is_half else ()


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _data(study: Study) -> str:
    return "clevr" if study.world is None else "its own world"


def _study(study: Study) -> dict[str, Any]:
    world = study.world
    return {
        "study": study.name,
        "question": study.question,
        "seeds": list(study.seeds),
        "margin": study.margin,
        "confounds": list(study.confounds),
        "data": "clevr" if world is None else {"world": world.model_dump(mode="json")},
        "design": None if study.design is None else _design_json(study.design),
        "rows": [_row(row) for row in study.rows],
    }


def _design_json(design: Design) -> dict[str, Any]:
    return {
        "kind": design.kind,
        "factor": design.factor or None,
        "baseline_level": design.baseline_level or None,
        "components": [
            {
                "component": one.label,
                "is_in_baseline": one.is_in_baseline,
                "changes": dict(one.changes),
            }
            for one in design.components
        ],
        "aliases": [list(map(list, pair)) for pair in _alias(design)],
    }


def _row(row: Row) -> dict[str, Any]:
    on = None if row.on is None else sorted(row.on)
    changes = dict(row.changes)
    said = {"row": row.label, "group": row.group, "changes": changes, "on": on}
    if not row.parent:
        return said
    learn = None if row.splits.learn is None else str(row.splits.learn)
    judge = str(row.splits.judge)
    return {**said, "parent": row.parent, "learns_from": learn, "judged_by": judge}
