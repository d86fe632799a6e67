"""What the commands about definitions print."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from runner.text import aligned
from studies.study import Row, Study

__all__ = ["changes_of", "echo_json", "echo_studies", "echo_study"]


def echo_studies(studies: Sequence[Study]) -> None:
    """Print studies, one a line.

    Args:
        studies: In the order to print.
    """
    rows = [(study.name, _size(study), _data(study)) for study in studies]
    lines = aligned(rows).splitlines()
    indent = max(map(len, lines)) + 2
    for line, study in zip(lines, studies, strict=True):
        click.echo(f"{line:{indent}}{study.question}")


def _size(study: Study) -> str:
    n_seeds = len(study.seeds)
    return f"{len(study.rows)} rows × {n_seeds} seed{'s' * (n_seeds != 1)}"


def echo_study(study: Study) -> None:
    """Print a study, row by row.

    Args:
        study: The study.
    """
    click.echo(f"{study.name}: {study.question}")
    margin = f", {study.margin:g} points would matter" if study.margin else ""
    seeds = ", ".join(map(str, study.seeds))
    click.echo(f"seeds {seeds}; data {_data(study)}{margin}\n")
    cells = [(row.label, changes_of(row.changes)) for row in study.rows]
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
        "rows": [_row(row) for row in study.rows],
    }


def _row(row: Row) -> dict[str, Any]:
    return {"row": row.label, "group": row.group, "changes": dict(row.changes)}
