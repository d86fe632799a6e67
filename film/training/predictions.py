"""What a network answered to every validation question, as a table."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from jaxtyping import Bool, Int, UInt8
from torch import Tensor

from film.data.dataset import QuestionDataset
from film.data.programs import QuestionType

__all__ = ["pack_epochs", "unpack_epochs", "write_predictions"]


def pack_epochs(
    right: Bool[np.ndarray, "epochs questions"],
) -> UInt8[Tensor, "epochs bytes"]:
    """Keep what was right in a bit each, as a checkpoint holds it.

    Args:
        right: Whether each question was answered right after each epoch.

    Returns:
        Eight questions to a byte.
    """
    return torch.from_numpy(np.packbits(right, axis=1))


def unpack_epochs(
    packed: UInt8[Tensor, "epochs bytes"] | None, n_questions: int
) -> Bool[np.ndarray, "epochs questions"] | None:
    """Undo `pack_epochs`.

    Args:
        packed: What it gave; None is handed on.
        n_questions: How many questions there are.

    Returns:
        Whether each question was answered right after each epoch.
    """
    if packed is None:
        return None
    return np.unpackbits(packed.numpy(), axis=1, count=n_questions).astype(bool)


def write_predictions(
    answers: Int[np.ndarray, " questions"],
    dataset: QuestionDataset,
    path: Path,
    *,
    by_epoch: Bool[np.ndarray, "epochs questions"] | None = None,
) -> None:
    """Write one row per question: what was asked, answered, and right.

    Columns: ``question`` (row of the split), ``image`` (its index), ``family`` (−1
    where unknown), ``type`` (``unknown`` where it is), ``answer`` (given), ``label``
    (right) and ``correct``; and ``correct_by_epoch`` (a list, from the first epoch to
    the last), with which a report can choose the epoch by some of the questions and
    judge by the others.

    Args:
        answers: Given answers, as ids of the answer vocabulary.
        dataset: The questions, in the same order.
        path: A parquet file, written whole or not at all.
        by_epoch: What was right after each epoch; None where that was not kept.
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
    if by_epoch is not None:
        bits = pa.array(by_epoch.T.reshape(-1))
        lists = pa.FixedSizeListArray.from_arrays(bits, len(by_epoch))
        table = table.append_column("correct_by_epoch", lists)
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
