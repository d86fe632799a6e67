"""Tables of a design's components: effects, Shapley values, paths."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from reports.results import records
from reports.statistics.contrasts import Scale
from reports.statistics.corrections import ALPHA
from reports.statistics.effects import Effects
from reports.statistics.intervals import Basis
from reports.tables.accuracy import decimals_for
from reports.tables.effect_words import effect_notes, path_notes, shapley_notes
from reports.tables.numbers import interval, p_value, percent, signed
from reports.tables.source import Source
from reports.tables.spec import Cell, Column, Drawing, TableSpec, drawing_scale, grouped
from studies.design import DesignKind

__all__ = ["component_tables", "effects_table", "path_table", "shapley_table"]

_ORDERS: Final = (
    *("Components", "Pairs", "Three together", "Four together", "Five together"),
    *("Six together", "Seven together", "Eight together"),
)
_LOGITS: Final = 2  # decimals
_UNTESTED: Final = frozenset({Basis.CHECKPOINTS, Basis.NONE})
_EFFECTS: Final = (
    Column("Effect", name="effect"),
    Column("Runs", is_number=True, name="runs"),
    Column("Δ (points)", is_number=True, name="delta"),
    Column("95 % interval", name="interval"),
    Column("", name="drawing", is_drawn=True),
    Column("Verdict", short="", name="verdict"),
    Column("p (Holm)", is_number=True, name="p", is_extra=True),
    Column("Partial η²", is_number=True, name="eta"),
    Column("In logits", is_number=True, name="logits"),
    Column("Verdict in logits", short="logits", name="logit_verdict"),
    Column("Cannot be told from", name="aliases"),
)


def component_tables(
    name: str, effects: Effects | None, source: Source | None = None
) -> dict[str, TableSpec | None]:
    """Set out all that is known of a design's components.

    Args:
        name: The study.
        effects: What was estimated, in accuracies; None where there are none.
        source: What the numbers follow from.

    Returns:
        Tables by the stems of their files; None where there is nothing to tell.
    """
    if effects is None:
        return {}
    return {
        "effects": effects_table(name, effects, source=source),
        "shapley": shapley_table(name, effects, source=source),
        "path": path_table(name, effects, source=source),
    }


def effects_table(
    name: str,
    effects: Effects,
    *,
    columns: Sequence[str] = (),
    source: Source | None = None,
) -> TableSpec | None:
    """Set out what components do, alone and together.

    Args:
        name: The study.
        effects: What was estimated, in accuracies.
        columns: Which ones, by name or pattern; none is those that are shown unasked.
        source: What the numbers follow from.

    Returns:
        The table, without rows where the notes say what is missing; nothing of a path.
    """
    is_path = effects.design.kind is DesignKind.PATH
    if is_path or (effects.terms.empty and not effects.missing):
        return None
    beside = effects.beside.terms if effects.beside else pd.DataFrame()
    logits = {row["term"]: row for row in records(beside)}
    known = effects.aliases
    aliases = dict(zip(known["term"], known["aliased_with"], strict=True))
    left_out = {
        *([] if logits else ["logits", "logit_verdict"]),
        *([] if aliases else ["aliases"]),
        *([] if effects.terms["eta_sq_partial"].notna().any() else ["eta"]),
    }
    shown = [i for i, column in enumerate(_EFFECTS) if column.name not in left_out]
    decimals, scale = decimals_for(effects.terms), _scale(effects.terms)
    lines = []
    for row in records(effects.terms):
        line = _effect_line(row, decimals, scale)
        line += (*_logit_cells(logits.get(row["term"])),)
        line += (Cell(aliases.get(row["term"], "")),)
        lines.append((_ORDERS[row["order"] - 1], tuple(line[i] for i in shown)))
    whole = TableSpec(
        name,
        f"Effects of components on validation accuracy: {name}",
        tuple(_EFFECTS[i] for i in shown),
        grouped(lines),
        tuple(effect_notes(effects)),
        kind="effects",
        frame=_flat(pd.concat([effects.terms, beside], ignore_index=True)),
        source=source or Source(study=name),
    )
    return whole.chosen(columns)


def shapley_table(
    name: str, effects: Effects, *, source: Source | None = None
) -> TableSpec | None:
    """Set out what each component is worth.

    Args:
        name: The study.
        effects: What was estimated, in accuracies.
        source: What the numbers follow from.

    Returns:
        The table, with everything over nothing as its last line; nothing where the
        design is no full factorial, or rows of it are missing.
    """
    whole = effects.whole
    if whole is None:
        return None
    decimals = decimals_for(effects.shapley)
    lines = [
        _shapley_line(row["component"], row["value"], row, decimals)
        for row in records(effects.shapley)
    ]
    ends = dict(zip(("lower", "upper"), whole.interval(), strict=True))
    lines.append(_shapley_line("all together", whole.value, ends, decimals))
    columns = (
        Column("Component", name="component"),
        Column("Shapley value (points)", is_number=True, name="value"),
        Column("95 % interval", name="interval"),
    )
    return TableSpec(
        name,
        f"What each component is worth: {name}",
        columns,
        grouped([("", line) for line in lines]),
        tuple(shapley_notes(effects)),
        kind="shapley",
        frame=effects.shapley,
        source=source or Source(study=name),
    )


def path_table(
    name: str, effects: Effects, *, source: Source | None = None
) -> TableSpec | None:
    """Set out the steps of a path, or of the greedy paths of a factorial.

    Args:
        name: The study.
        effects: What was estimated, in accuracies.
        source: What the numbers follow from.

    Returns:
        The table; nothing where the design has no path.
    """
    if effects.steps.empty:
        return None
    has_ties = bool(effects.steps["tied_with"].any())
    columns = (
        Column("Step", name="step"),
        Column("Runs", is_number=True, name="runs"),
        Column("Accuracy after it (%)", is_number=True, name="accuracy"),
        Column("Δ (points)", is_number=True, name="delta"),
        Column("95 % interval", name="interval"),
        *([Column("As well could", name="ties")] if has_ties else []),
    )
    decimals = decimals_for(effects.steps)
    lines = [
        (row["direction"].capitalize(), _step_line(row, decimals)[: len(columns)])
        for row in records(effects.steps)
    ]
    return TableSpec(
        name,
        f"One component after the other: {name}",
        columns,
        grouped(lines),
        tuple(path_notes(effects)),
        kind="path",
        frame=_flat(effects.steps),
        source=source or Source(study=name),
    )


def _effect_line(
    row: Mapping[str, Any], decimals: int, scale: tuple[float, float]
) -> tuple[Cell, ...]:
    drawing = Drawing(row["effect"], row["lower"], row["upper"], scale)
    eta = row["eta_sq_partial"]
    return (
        Cell(row["term"]),
        Cell(f"{row['n_runs']}"),
        Cell(signed(row["effect"], decimals)),
        Cell(_brackets(row, decimals)),
        Cell("", drawing=drawing),
        _verdict(row),
        Cell(p_value(row["p_holm"])),
        Cell("" if math.isnan(eta) else f"{eta:.2f}"),
    )


def _logit_cells(row: Mapping[str, Any] | None) -> tuple[Cell, Cell]:
    if row is None:
        return Cell(""), Cell("")
    lower, upper = row["lower"] / 100, row["upper"] / 100
    text = f"{signed(row['effect'] / 100, _LOGITS)} {interval(lower, upper, _LOGITS)}"
    return Cell(text.strip()), _verdict(row)


# An interaction is no better and no worse: together, components do more than the sum
# of what they do, or less.
def _verdict(row: Mapping[str, Any]) -> Cell:
    if row["basis"] in _UNTESTED:
        return Cell("† one run", short="†")
    if math.isnan(row["p_holm"]):
        return Cell("§ two runs", short="§")
    if not row["p_holm"] < ALPHA:
        return Cell("? inconclusive", short="?")
    is_more = row["effect"] > 0
    words = ("▲ raises", "▼ lowers")
    if row["order"] > 1:
        words = ("▲ more together", "▼ less together")
    text = words[0] if is_more else words[1]
    return Cell(text, short=text[0])


def _shapley_line(
    label: str, value: float, ends: Mapping[str, Any], decimals: int
) -> tuple[Cell, ...]:
    brackets = interval(ends["lower"], ends["upper"], decimals)
    return Cell(label), Cell(signed(value, decimals)), Cell(brackets)


def _step_line(row: Mapping[str, Any], decimals: int) -> tuple[Cell, ...]:
    return (
        Cell(f"{row['step']}. {row['component']}"),
        Cell(f"{row['n_runs']}"),
        Cell(percent(row["level"], decimals)),
        Cell(signed(row["effect"], decimals)),
        Cell(_brackets(row, decimals)),
        Cell(", ".join(row["tied_with"])),
    )


def _brackets(row: Mapping[str, Any], decimals: int) -> str:
    brackets = interval(row["lower"], row["upper"], decimals)
    return f"{brackets} ‡" if brackets and row["basis"] == Basis.RUN_MEANS else brackets


def _scale(terms: pd.DataFrame) -> tuple[float, float]:
    ends = [*terms["effect"], *terms["lower"].dropna(), *terms["upper"].dropna(), 0.0]
    return drawing_scale(ends)


# Numbers and words alone, as every format can hold them.
def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    flat = frame.drop(columns=["components"], errors="ignore").copy()
    for name in ("on", "tied_with"):
        if name in flat:
            flat[name] = [" + ".join(sorted(labels)) for labels in flat[name]]
    if "scale" in flat:
        return flat
    return flat.assign(scale=str(Scale.ACCURACY))
