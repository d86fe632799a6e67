"""How the runs of a report were made, what they cost, and where they are recorded."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from reports.material import Material
from reports.results import RUN, RunState, records
from reports.selection import SelectOn
from reports.tables.numbers import NOTHING, count, percent, points
from reports.tables.spec import Cell, Column, TableSpec, grouped
from studies.design import describe
from studies.study import Study

__all__ = ["RunLine", "cost_table", "design_in_words", "facts", "run_lines"]

_HOUR: Final = 3600
_MINUTE: Final = 60
_MIB: Final = 2**20
_SHORT: Final = 12  # digits that name a commit
_DIRTY: Final = " with changes that no commit has (changes.diff of the run)"
_EPOCHS: Final = {
    SelectOn.ALL: "the best on all validation questions",
    SelectOn.HALF: "the best on half of the validation scenes, scored on the others",
}


@dataclass(frozen=True)
class RunLine:
    """A run, as the list of all runs shows it.

    Attributes:
        row: The row that it is of.
        seed: Its seed.
        state: How it ended, in a word.
        accuracy: In percent.
        epoch: The one that is scored.
        time: That it took.
        run_id: Of MLflow; empty where it has none.
        page: The run's page on a server; empty where MLflow is a local file.
    """

    row: str
    seed: int
    state: str
    accuracy: str
    epoch: str
    time: str
    run_id: str
    page: str


def design_in_words(study: Study, trials: pd.DataFrame) -> str:
    """Say what a study varies, and how often.

    Args:
        study: The study.
        trials: Those that are wanted.

    Returns:
        Two sentences.
    """
    rows = count(trials["row"].nunique() - 1, "row")
    if study.design is None:
        what = f"One change at a time: {rows} beside the baseline"
    else:
        what = f"Design: {describe(study.design)}; {rows} beside the baseline"
    seeds = trials["seed"].nunique()
    each = "run of each, of one seed"
    if seeds > 1:
        each = "runs of each, with the same seeds"
    margin = (
        "The study states no margin under which a difference would not matter"
        if study.margin is None
        else f"Differences under {points(study.margin)} would not matter"
    )
    return f"{what}, {seeds} {each}. {margin}."


def facts(made: Material) -> list[tuple[str, str]]:
    """Name what someone needs who wants to have the same runs again.

    Args:
        made: What the report shows.

    Returns:
        Names and values.
    """
    study, trials, runs = made.study, made.results.trials, _runs(made)
    source = made.tables["table"].source
    states = trials["state"].value_counts()
    data = "the embedded world" if study.world else "CLEVR as given at launch"
    said = [
        ("Made by", source.command),
        ("Hash of the study", source.digest),
        ("Seeds", ", ".join(str(seed) for seed in sorted(set(trials["seed"])))),
        (
            "Runs",
            ", ".join(
                f"{n} {RunState(str(state)).word}" for state, n in states.items()
            ),
        ),
        ("Scored epoch", _EPOCHS[SelectOn(source.select_on)]),
        ("Data", data),
        ("Fingerprint of the data", _distinct(runs["data"])),
        ("Code", _code(runs)),
        ("Software", _software(runs)),
        ("Devices", _distinct(runs["device"])),
        ("Hosts", _distinct(runs["host"])),
        ("Launched by", _distinct(runs["command"])),
        ("Time of the finished runs", _time(trials["wall_time_s"].sum())),
        ("Recorded in", source.tracking_uri),
    ]
    return [(name, value) for name, value in said if value]


def cost_table(made: Material) -> TableSpec:
    """Set out what every row took.

    Args:
        made: What the report shows.

    Returns:
        A table of times and memory.
    """
    merged = _merged(made)
    lines = []
    for (row, group), mine in merged.groupby(["row", "group"], sort=False):
        times = mine["wall_time_s"].dropna()
        texts = (
            str(len(times)),
            _time(times.mean()) if len(times) else NOTHING,
            _time(times.sum()) if len(times) else NOTHING,
            _memory(mine["peak_memory_bytes"].max()),
        )
        lines.append((str(group), (Cell(str(row)), *map(Cell, texts))))
    headings = "Finished runs", "Time of a run, mean", "In all", "Peak memory"
    columns = (Column("Variation"), *(Column(one, is_number=True) for one in headings))
    return TableSpec(
        made.study.name,
        "Time of training and evaluation, and the most memory of a run's process",
        columns,
        grouped(lines),
        kind="cost",
    )


def run_lines(made: Material) -> list[RunLine]:
    """List every wanted run.

    Args:
        made: What the report shows.

    Returns:
        One line each, in the order of rows and seeds.
    """
    merged = _merged(made)
    order = {row: at for at, row in enumerate(dict.fromkeys(merged["row"]))}
    lines = sorted(records(merged), key=lambda one: (order[one["row"]], one["seed"]))
    return [
        RunLine(
            row=one["row"],
            seed=one["seed"],
            state=RunState(one["state"]).word,
            accuracy=percent(one["val_accuracy"], 2),
            epoch=_whole(one["best_epoch"]),
            time=NOTHING if pd.isna(one["wall_time_s"]) else _time(one["wall_time_s"]),
            run_id=_text(one["run_id"]),
            page=_text(one["page"]),
        )
        for one in lines
    ]


def _merged(made: Material) -> pd.DataFrame:
    runs = _runs(made).drop_duplicates("trial_id")
    return made.results.trials.merge(runs, on="trial_id", how="left")


def _runs(made: Material) -> pd.DataFrame:
    return made.results.runs.reindex(columns=list(RUN))


# The most frequent first, with how many runs have it where there are several.
def _distinct(values: Iterable[Any]) -> str:
    counts = Counter(filter(None, map(_text, values)))
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(
        f"{value} ({count(n, 'run')})" for value, n in counts.most_common()
    )


def _code(runs: pd.DataFrame) -> str:
    names = [
        f"{one['commit'][:_SHORT]}{_DIRTY if one['has_changes'] is True else ''}"
        for one in records(runs)
        if _text(one["commit"])
    ]
    return f"commit {_distinct(names)}" if names else ""


def _software(runs: pd.DataFrame) -> str:
    names: Sequence[str] = ("film", "torch", "python")
    said = [
        f"{name} {_distinct(runs[name])}" for name in names if _distinct(runs[name])
    ]
    return ", ".join(said)


def _time(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.1f} min"
    return f"{seconds / _HOUR:,.1f} h"


def _memory(n_bytes: Any) -> str:  # noqa: ANN401 - pandas' own number
    return NOTHING if pd.isna(n_bytes) else f"{n_bytes / _MIB:,.0f} MiB"


def _whole(number: Any) -> str:  # noqa: ANN401 - pandas' own number
    return NOTHING if pd.isna(number) else f"{number:.0f}"


def _text(value: Any) -> str:  # noqa: ANN401 - missing where nothing was recorded
    return "" if pd.isna(value) else str(value)
