"""What a study refuses in its rows: whatever would make its table mislead."""

from collections.abc import Hashable, Sequence

from film.validation import nearest
from film.world.config import WorldConfig
from studies.errors import StudyError
from studies.row import Row, changed_settings, training_beside
from studies.trial import BASELINE

__all__ = ["refuse_missing_splits", "refuse_silent_changes", "refuse_twins"]


def refuse_silent_changes(row: Row, before: Row, allowed: Sequence[str]) -> None:
    """Refuse a row that changes more than it names, or more than it studies.

    Args:
        row: The row.
        before: The one it is compared with.
        allowed: Settings of training that rows may change as well.

    Raises:
        StudyError: It does.
    """
    changed = changed_settings(row, before)
    unnamed = [name for name in changed if name not in row.changes]
    if unnamed:
        raise StudyError(
            f"row '{row.label}' differs from the baseline in more than it names: "
            f"{', '.join(unnamed)}; name all that the row changes"
        )
    unsaid = [name for name in training_beside(changed) if name not in allowed]
    if unsaid:
        names = ", ".join(unsaid)
        raise StudyError(
            f"row '{row.label}' also changes how it is trained ({names}), so that a "
            "difference to the baseline may come from either: leave it out, or say "
            f"so in the study with `confounds: [{names}]`"
        )


def refuse_twins(rows: Sequence[Row]) -> None:
    """Refuse a row that is named as one before it, or computes the same.

    Args:
        rows: The baseline first.

    Raises:
        StudyError: There is one.
    """
    labels: set[str] = set()
    computed: dict[Hashable, str] = {}
    for row in rows:
        if row.label in labels:
            where = "is the baseline's own name" if row.label == BASELINE else ""
            raise StudyError(f"row '{row.label}' {where or 'stands twice'}; rename it")
        labels.add(row.label)
        what = (row.config.identity(), row.parent, row.splits)
        twin = computed.setdefault(what, row.label)
        if twin != row.label:
            remedy = (
                "change what it sets, or leave it out"
                if row.on is None
                else "a component must make a difference whatever else is on or off"
            )
            raise StudyError(
                f"row '{row.label}' computes the same as '{twin}': {remedy}"
            )


def refuse_missing_splits(rows: Sequence[Row], world: WorldConfig) -> None:
    """Refuse a row that wants a split which its world will not have.

    Args:
        rows: Of a study.
        world: What it makes: what a world has is known before it is made.

    Raises:
        StudyError: There is one.
    """
    known = world.stored_splits
    for row in rows:
        for split in row.splits.names:
            name = f"{row.splits.store}/{split}".lstrip("/")
            if name not in known:
                raise StudyError(
                    f"row '{row.label}': its world has no split '{name}'"
                    f"{nearest(name, known)} (it has {', '.join(known)})"
                )
