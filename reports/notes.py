"""A sentence under a table that belongs to some of its columns."""

from typing import Self

__all__ = ["Note"]


class Note(str):
    """A sentence that is said where a column that it is about is shown.

    Attributes:
        about: Names of these columns; of any other text, all.
    """

    __slots__ = ("about",)
    about: tuple[str, ...]

    def __new__(cls, text: str, *about: str) -> Self:
        """Make a note of a sentence.

        Args:
            text: The sentence.
            about: Names of columns.

        Returns:
            The sentence, which knows its columns.
        """
        note = super().__new__(cls, text)
        note.about = about
        return note
