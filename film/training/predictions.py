"""What a network answered to every validation question, as a table."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Int

from film.data.dataset import QuestionDataset
from film.data.programs import QuestionType

__all__ = ["write_predictions"]


def write_predictions(
    answers: Int[np.ndarray, " questions"], dataset: QuestionDataset, path: Path
) -> None:
    """Write one row per question: what was asked, answered, and right.

    Columns: ``question`` (row of the split), ``image`` (its index), ``family`` (−1
    where unknown), ``type`` (``unknown`` where it is), ``answer`` (given), ``label``
    (right) and ``correct``.

    Args:
        answers: Given answers, as ids of the answer vocabulary.
        dataset: The questions, in the same order.
        path: A parquet file, written whole or not at all.
    """
    words = dataset.vocabulary.answers
    kinds = [kind.value for kind in QuestionType]
    table = pa.table(
        {
            "question": pa.array(np.arange(len(dataset), dtype=np.int32)),
            "image": pa.array(dataset.image_ids.astype(np.int64)),
            "family": pa.array(dataset.families.astype(np.int16)),
            "type": _words([*kinds, "unknown"], dataset.types % (len(kinds) + 1)),
            "answer": pa.array([words[int(i)] for i in answers]).dictionary_encode(),
            "label": pa.array(
                [words[int(i)] for i in dataset.answers]
            ).dictionary_encode(),
            "correct": pa.array(answers == dataset.answers),
        }
    )
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            pq.write_table(table, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


# Position −1 is the last word, which stands for the unknown.
def _words(words: list[str], positions: np.ndarray) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(positions.astype(np.int32)), words)
