"""The answers of a run to a split: those that it recorded, or new ones.

A run records what it answered to the questions that it was judged by
(``predictions.parquet``). For other questions the network is asked again.
"""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from film.analysis.model import TrainedModel, one_thread
from film.data.dataset import QuestionDataset
from film.errors import AnalysisError
from film.training.evaluation import evaluate

__all__ = ["given_answers"]

_FILE: Final = "predictions.parquet"
_COLUMNS: Final = ["question", "image", "label", "answer"]


def given_answers(
    model: TrainedModel, questions: QuestionDataset, split: str
) -> tuple[list[str], bool]:
    """Find what a run answers to some questions.

    Args:
        model: The run.
        questions: The first of a split, or all of them.
        split: Which.

    Returns:
        One answer per question, in words; and whether the run recorded them.
    """
    recorded = _recorded(model, questions)
    if recorded is not None:
        return recorded, True
    words = model.vocabulary.answers
    asked = model.open(split, len(questions))
    with one_thread():
        given = evaluate(
            model.network,
            asked,
            device="cpu",
            precision=model.config.train.precision,
        )
    return [words[number] for number in given.answers], False


# None where it was judged by other questions: other pictures, or other right answers.
def _recorded(model: TrainedModel, questions: QuestionDataset) -> list[str] | None:
    path = None if model.trial is None else model.trial / _FILE
    if path is None or not path.is_file():
        return None
    try:
        table = pq.read_table(path, columns=_COLUMNS, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        line = str(error).partition("\n")[0]
        raise AnalysisError(f"{path}: cannot be read ({line})") from None
    some = table.sort_by("question").slice(0, len(questions))
    words = questions.vocabulary.answers
    images = np.asarray(some.column("image").to_numpy())
    labels = some.column("label").to_pylist()
    if not np.array_equal(images, questions.image_ids):
        return None
    if labels != [words[number] for number in questions.answers]:
        return None
    return [str(answer) for answer in some.column("answer").to_pylist()]
