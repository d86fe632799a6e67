"""Which questions a trial learns from, and which it is judged by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from film.config import ImageInput, ModelConfig

__all__ = ["TRAIN", "USUAL", "VAL", "Needed", "Part", "Splits"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Questions of a split: all, or a part in the order of the file.

    Attributes:
        split: The split's name: train, val, valB, ...
        store: The folder inside the data that has it; empty for the data themselves.
        first: Only so many questions, from the first on; None is all.
        after: Leave out so many at the start, and what else is asked about their
            images.
    """

    split: str
    store: str = ""
    first: int | None = None
    after: int = 0

    @property
    def name(self) -> str:
        """The split as a study file names it."""
        return f"{self.store}/{self.split}" if self.store else self.split

    def __str__(self) -> str:
        if self.first is not None:
            return f"{self.name}, first {self.first:,}"
        return f"{self.name}, after {self.after:,}" if self.after else self.name

    def identity(self) -> list[Any]:
        """Say which part it is; the data have a name of their own.

        Returns:
            What JSON takes.
        """
        return [self.name, self.first, self.after]


TRAIN: Final = Part(split="train")
VAL: Final = Part(split="val")


@dataclass(frozen=True, kw_only=True)
class Splits:
    """What is learnt from and judged by, in one store.

    Attributes:
        learn: What is learnt from; None where weights are only judged.
        judge: What the epoch is chosen by, and the accuracy is of.
    """

    learn: Part | None = TRAIN
    judge: Part = VAL

    @property
    def store(self) -> str:
        """The folder inside the data that has them; empty for the data themselves."""
        return self.judge.store

    @property
    def names(self) -> tuple[str, ...]:
        """The splits, each once, without their folder."""
        parts = (self.judge,) if self.learn is None else (self.learn, self.judge)
        return tuple(dict.fromkeys(part.split for part in parts))

    def said(self) -> dict[str, Any]:
        """Write the splits down.

        Returns:
            What JSON takes, and `read` reads.
        """
        learn = None if self.learn is None else self.learn.identity()
        return {"learn": learn, "judge": self.judge.identity()}

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Splits":
        """Read what `said` wrote.

        Args:
            said: What JSON gave.

        Returns:
            The splits.
        """
        learn = said["learn"]
        return cls(
            learn=None if learn is None else _part(*learn), judge=_part(*said["judge"])
        )


USUAL: Final = Splits()


@dataclass(frozen=True, kw_only=True)
class Needed:
    """What a network needs of the data.

    Attributes:
        image_input: What it sees of pictures; None for nothing.
        programs: Whether it reads the programs of questions.
        splits: Which questions it learns from, and is judged by.
    """

    image_input: ImageInput | None
    programs: bool
    splits: Splits

    @classmethod
    def by(cls, model: ModelConfig, splits: Splits = USUAL) -> "Needed":
        """Find out what a network needs.

        Args:
            model: The network.
            splits: Which questions it learns from, and is judged by.

        Returns:
            What it needs.
        """
        return cls(
            image_input=model.image_input, programs=model.reads_programs, splits=splits
        )

    @property
    def key(self) -> str | None:
        """What a launch calls it: what is seen, with splits where they are unusual."""
        seen: str | None = self.image_input
        if self.programs:
            seen = f"{seen or 'questions'} and programs"
        splits = self.splits
        if splits.names == USUAL.names and not splits.store:
            return seen
        of = " and ".join(f"{splits.store}/{one}".lstrip("/") for one in splits.names)
        return f"{seen or 'questions'} of {of}"


def _part(name: str, first: int | None, after: int) -> Part:
    store, _, split = name.rpartition("/")
    return Part(split=split, store=store, first=first, after=after)
