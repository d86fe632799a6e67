"""What is said under a table of what weights are judged by."""

from studies.study import Study

__all__ = ["stage_notes"]


def stage_notes(study: Study) -> list[str]:
    """Explain rows that start from others, and rows that judge the weights of others.

    Args:
        study: What was asked.

    Returns:
        A sentence on each, where there are such rows.
    """
    notes = []
    staged = [row for row in study.rows if row.parent and not row.is_evaluation]
    if staged:
        said = dict.fromkeys(
            f"{row.group}: from the best weights of {row.parent}, on {row.splits.learn}"
            for row in staged
        )
        notes.append(f"{'; '.join(said)}.")
    judged = {row.evaluation: row.splits.judge for row in study.rows if row.evaluation}
    if judged:
        parts = "; ".join(f"{name} is {part}" for name, part in judged.items())
        notes.append(
            f"Judged by …: the weights of the row before the arrow, held against the "
            f"baseline's weights on the same questions ({parts}). Their epoch is the "
            "one that was best on what their own row is judged by."
        )
    return notes
