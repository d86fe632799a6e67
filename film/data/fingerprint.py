"""Name data by what is learnt from it."""

from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Int

from film.config import ImageInput
from film.data.hdf5 import open_file
from film.data.store import (
    question_path,
    read_questions,
    read_store_vocabulary,
)
from film.data.stored_images import ImageRows, StoredImages, find_images
from film.data.vocabulary import NULL

__all__ = ["data_fingerprint"]

_WHOLE_BYTES: Final = 256 * 2**20
_SAMPLED_ROWS: Final = 64
_ROWS_PER_READ: Final = 64


def data_fingerprint(
    directory: Path,
    image_input: ImageInput | None,
    splits: tuple[str, ...] = ("train", "val"),
    *,
    with_programs: bool = False,
) -> str:
    """Name the data of a store that are learnt and judged from.

    The name covers the words and answers with their numbers, the questions, which
    image each is about, and the images: all of them up to 256 MB per split, and
    above that their shape and 64 of them, evenly spread; for whom reads them, also the
    programs of the questions. Where the files are, how
    they are compressed and what else they hold does not matter. Where the maker of
    the data recorded one name in all these splits, that is the name.

    Args:
        directory: The store.
        image_input: Which form of the images is learnt from; None for none.
        splits: Which of it are learnt and judged from.
        with_programs: Whether programs are learnt from, or answered by.

    Returns:
        Twelve hexadecimal digits, or the recorded name.
    """
    recorded = {_recorded(directory, split) for split in splits}
    if len(recorded) == 1 and None not in recorded:
        return str(recorded.pop())
    digest = sha256()
    vocabulary = read_store_vocabulary(directory)
    digest.update(repr((vocabulary.question_words, vocabulary.answers)).encode())
    if with_programs:
        digest.update(repr(vocabulary.program_words).encode())
    for split in splits:
        stored = read_questions(directory, split, vocabulary)
        _add(digest, _unpadded(stored.questions))
        _add(digest, stored.image_idxs.astype("<i8"))
        if stored.answers is not None:
            _add(digest, stored.answers.astype("<i8"))
        if with_programs:
            _add(digest, _unpadded(stored.programs))
        if image_input is not None:
            images = find_images(directory, split, image_input)
            _add_images(digest, images, np.unique(stored.image_idxs))
    return digest.hexdigest()[:12]


# Without columns that hold nothing; none at all where there is nothing to hold.
def _unpadded(
    tokens: Int[np.ndarray, "rows tokens"] | None,
) -> Int[np.ndarray, "rows longest"]:
    if tokens is None:
        return np.zeros((0, 0), dtype="<i4")
    longest = int((tokens != NULL).sum(axis=1).max())
    return tokens[:, :longest].astype("<i4")


def _recorded(directory: Path, split: str) -> str | None:
    with open_file(question_path(directory, split)) as file:
        name = file.attrs.get("fingerprint")
    return None if name is None else str(name)


def _add_images(
    digest: Any,  # noqa: ANN401 hashlib's is private
    images: StoredImages,
    image_idxs: Int[np.ndarray, " images"],
) -> None:
    rows = images.rows_of(image_idxs)
    if len(rows) * images.nbytes_per_row > _WHOLE_BYTES:
        spread = np.linspace(0, len(rows) - 1, _SAMPLED_ROWS)
        digest.update(f"{len(rows)} {images.shape}".encode())
        rows = rows[spread.astype(np.int64)]
    reader = ImageRows(images)
    for start in range(0, len(rows), _ROWS_PER_READ):
        some = rows[start : start + _ROWS_PER_READ]
        order = np.argsort(some)
        read = np.empty((len(some), *images.shape), images.dtype)
        read[order] = reader.read(some[order])
        _add(digest, read)


def _add(digest: Any, values: np.ndarray) -> None:  # noqa: ANN401 hashlib's is private
    little_endian = values.astype(values.dtype.newbyteorder("<"), copy=False)
    digest.update(f"{values.dtype.kind}{values.dtype.itemsize}{values.shape}".encode())
    digest.update(np.ascontiguousarray(little_endian).tobytes())
