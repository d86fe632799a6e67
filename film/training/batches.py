"""Batches on the device that wants them, read ahead where reading takes time."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from jaxtyping import Int

from film.data.dataset import Batch, QuestionDataset

__all__ = ["batch_edges", "batches"]

_READ_AHEAD = 2  # batches


def batch_edges(n_rows: int, batch_size: int) -> list[int]:
    """Say where rows are cut into batches.

    A last batch of a single row is added to the one before, since batch
    normalisation cannot train on one.

    Args:
        n_rows: How many there are.
        batch_size: How many to a batch.

    Returns:
        Where each batch begins, and where the last one ends.
    """
    edges = [*range(0, n_rows, batch_size), n_rows]
    has_lonely_row = n_rows > batch_size and n_rows % batch_size == 1
    if has_lonely_row:
        del edges[-2]
    return edges


def batches(
    dataset: QuestionDataset,
    rows: Int[np.ndarray, " rows"],
    *,
    batch_size: int,
    device: str,
) -> Iterator[Batch]:
    """Cut rows of a dataset into batches, in the order given.

    The next batch is read in a thread while the last one is worked on.

    Args:
        dataset: What to read.
        rows: Which questions.
        batch_size: How many to a batch.
        device: Where the tensors should be.

    Yields:
        Batches that cover the rows once.
    """
    edges = batch_edges(len(rows), batch_size)
    if dataset.is_in_memory and device == "cpu":
        for start, stop in pairwise(edges):
            yield dataset.batch(rows[start:stop])
        return

    def read(start: int, stop: int) -> Batch:
        batch = dataset.batch(rows[start:stop])
        return Batch(
            questions=batch.questions.to(device),
            images=batch.images.to(device),
            answers=batch.answers.to(device),
            programs=batch.programs.to(device),
        )

    with ThreadPoolExecutor(max_workers=1) as reader:
        ahead: deque[Future[Batch]] = deque()
        for edge in pairwise(edges):
            ahead.append(reader.submit(read, *edge))
            if len(ahead) > _READ_AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
