"""What a store holds, told from its files' headers alone: fast, and without torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from film.config import ImageInput
from film.data.hdf5 import open_file
from film.data.store import question_path, read_store_vocabulary
from film.data.stored_images import find_images

__all__ = ["Outline", "outline_of"]


@dataclass(frozen=True, kw_only=True)
class Outline:
    """How large the parts of a data set are."""

    n_words: int
    n_answers: int
    n_tokens: int  # of the longest question
    n_train: int  # questions
    n_val: int
    images: Mapping[ImageInput, tuple[int, int, int]]  # channels, height, width

    def shape(self, image_input: ImageInput | None) -> tuple[int, int, int]:
        """Say how large what a network sees is.

        Args:
            image_input: What it sees; None for nothing.

        Returns:
            Channels, height and width.
        """
        return (0, 0, 0) if image_input is None else self.images[image_input]


def outline_of(directory: Path, inputs: Sequence[ImageInput | None]) -> Outline:
    """Look at the headers of a store.

    Args:
        directory: The store.
        inputs: What networks will see of its pictures.

    Returns:
        Its outline.
    """
    vocabulary = read_store_vocabulary(directory)
    n_train, n_tokens = _questions(directory, "train")
    n_val, _ = _questions(directory, "val")
    return Outline(
        n_words=len(vocabulary.question_token_to_idx),
        n_answers=len(vocabulary.answer_token_to_idx),
        n_tokens=n_tokens,
        n_train=n_train,
        n_val=n_val,
        images={
            one: find_images(directory, "train", one).shape
            for one in inputs
            if one is not None
        },
    )


def _questions(directory: Path, split: str) -> tuple[int, int]:
    with open_file(question_path(directory, split)) as file:
        n_questions, n_tokens = file["questions"].shape
    return int(n_questions), int(n_tokens)
