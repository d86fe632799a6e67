"""Every answer of a run beside what explains it: the tables of ``film analyse errors``.

References:
    Perez et al., *FiLM*, AAAI 2018, Section 4.2 and appendix: 96.1 % of wrong counts
    are off by one; most errors involve partial occlusion; answers that contradict each
    other. https://arxiv.org/abs/1709.07871
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from film.analysis.errors.answers import given_answers
from film.analysis.errors.chance import Chance, question_kind
from film.analysis.errors.consistency import Related, find_related
from film.analysis.errors.occlusion import Known, Occlusion, occlusion_of
from film.analysis.errors.sets import asked_by
from film.analysis.model import TrainedModel
from film.analysis.programs import stored_programs
from film.analysis.record import Analysis
from film.data.clevr import SplitFiles, find_splits
from film.data.dataset import QuestionDataset
from film.data.entries import EntryList
from film.data.images import read_pixels
from film.data.programs import Program, question_type
from film.data.vocabulary import SPECIAL_TOKENS
from film.errors import AnalysisError, DataError
from film.world.finding import find_clevr

__all__ = ["measure_errors"]

_EXAMPLES: Final = 50  # of answers that contradict each other
_NOT_WORDS: Final = frozenset(SPECIAL_TOKENS[:3])
_CLEVR_SIZE: Final = (480, 320)  # width and height of the released pictures


def measure_errors(
    model: TrainedModel,
    split: str,
    n_questions: int | None = None,
    *,
    source: Path | None = None,
) -> Analysis:
    """Put every answer of a run beside what explains it.

    Tables: ``questions`` (a line each: ``question``, ``image``, ``type``, outermost
    ``function``, ``label``, ``answer``, ``correct``; ``typical``, the accuracy over
    all questions of that kind (``chance``) and label; ``n_objects`` that the answer
    depends on and ``hidden``, the share of the most hidden one of them, NaN where
    there is none or the scenes are not known), ``related`` (a line per pair or triple
    that logic relates: ``image``, ``relation``, whether the answers ``contradict``
    each other, and ``chance``, how probable that is if errors are independent) and
    ``contradictions`` (the first of them in words).

    Args:
        model: The run.
        split: Of which split.
        n_questions: Only so many, from the first on; None is all.
        source: CLEVR's own files, with the scenes; None looks beside the data, where
            a world has them.

    Returns:
        What was found.

    Raises:
        AnalysisError: The split has no answers, or no programs.
    """
    asked = model.open(split, n_questions, with_images=False)
    if not asked.has_answers:
        raise AnalysisError(f"the questions of {split} have no answers")
    if not asked.has_program.any():
        raise AnalysisError(
            f"the questions of {split} have no programs, and so nothing tells what "
            "they need"
        )
    answers, is_recorded = given_answers(model, asked, split)
    rows = np.flatnonzero(asked.has_program)
    questions = asked.rows(rows)
    programs = _programs(questions)
    seen = _occlusion(programs, questions, _files(model.data, split, source))
    frame = _frame(questions, programs, [answers[row] for row in rows.tolist()], seen)
    frame.insert(0, "question", rows.astype(np.int32))
    kinds = list(map(question_kind, programs))
    chance = Chance(kinds, frame["label"].tolist(), frame["answer"].tolist())
    frame["typical"] = chance.accuracy()
    words, images = _words(questions), frame["image"].tolist()
    related = find_related(list(map(asked_by, programs)), images, words)
    pairs = _pairs(related, frame, chance)
    return Analysis(
        tables={
            "questions": frame,
            "related": pairs,
            "contradictions": _examples(related, pairs["contradict"], frame, words),
        },
        about={
            **model.about(asked, split),
            "answers": "recorded" if is_recorded else "given again",
            "has_scenes": seen is not None,
        },
    )


def _programs(questions: QuestionDataset) -> list[Program]:
    batch = questions.without_images().batch(np.arange(len(questions)))
    numbers = batch.programs.numpy()
    found = stored_programs(numbers, questions.vocabulary, len(questions))
    return [program for program in found if program is not None]


def _words(questions: QuestionDataset) -> list[str]:
    batch = questions.without_images().batch(np.arange(len(questions)))
    known = questions.vocabulary.question_words
    return [
        " ".join(known[n] for n in row if known[n] not in _NOT_WORDS)
        for row in batch.questions.tolist()
    ]


# None where the split's scenes are not to be found, and nobody said that they are.
def _files(data: Path, split: str, source: Path | None) -> SplitFiles | None:
    try:
        files = find_splits(find_clevr(source or data)).get(split)
    except DataError:
        if source is not None:
            raise
        return None
    if files is not None and files.scenes.is_file():
        return files
    if source is not None:
        raise DataError(f"{source} has no scenes of {split}")
    return None


def _occlusion(
    programs: Sequence[Program], questions: QuestionDataset, files: SplitFiles | None
) -> Occlusion | None:
    if files is None:
        return None
    entries = EntryList(files.scenes, "scenes")
    images = questions.image_ids.tolist()
    try:
        size = _picture_size(files)
        return occlusion_of(
            programs, images, entries, size, known=_known(files.scenes, size)
        )
    except DataError as error:
        raise DataError(f"{files.scenes}: {error}") from None


# Scenes are the same for every run that is looked at, and take time to draw.
@lru_cache(maxsize=2)
def _known(_scenes: Path, _size: tuple[int, int]) -> Known:
    return {}


def _picture_size(files: SplitFiles) -> tuple[int, int]:
    first = min(files.images.glob("*.png"), default=None)
    if first is None:
        return _CLEVR_SIZE
    _, height, width = read_pixels(first).shape
    return width, height


def _frame(
    questions: QuestionDataset,
    programs: Sequence[Program],
    answers: Sequence[str],
    seen: Occlusion | None,
) -> pd.DataFrame:
    words = questions.vocabulary.answers
    labels = [words[number] for number in questions.answers]
    unknown = np.zeros(len(labels), np.int64)
    hidden = np.full(len(labels), np.nan)
    return pd.DataFrame(
        {
            "image": questions.image_ids.astype(np.int64),
            "type": [str(question_type(program)) for program in programs],
            "function": [program[-1].function for program in programs],
            "label": labels,
            "answer": list(answers),
            "correct": np.array(labels) == np.array(answers),
            "n_objects": unknown if seen is None else seen.n_objects,
            "hidden": hidden if seen is None else seen.hidden,
        }
    )


def _pairs(
    related: Sequence[Related], frame: pd.DataFrame, chance: Chance
) -> pd.DataFrame:
    answers, images = frame["answer"].tolist(), frame["image"].tolist()
    contradict = [
        one.rule.contradicts([answers[i] for i in one.questions]) for one in related
    ]
    return pd.DataFrame(
        {
            "image": np.array([images[one.questions[0]] for one in related], np.int64),
            "relation": [str(one.rule.relation) for one in related],
            "contradict": np.array(contradict, bool),
            "chance": np.array([chance.contradiction(one) for one in related], float),
        }
    )


def _examples(
    related: Sequence[Related],
    contradict: "pd.Series[bool]",
    frame: pd.DataFrame,
    words: Sequence[str],
) -> pd.DataFrame:
    bad = [one for one, is_bad in zip(related, contradict, strict=True) if is_bad]
    shown = bad[:_EXAMPLES]
    images = [frame["image"].iloc[one.questions[0]] for one in shown]
    said = [
        "; ".join(
            _said(words[i], frame["answer"].iloc[i], frame["label"].iloc[i])
            for i in one.questions
        )
        for one in shown
    ]
    return pd.DataFrame(
        {
            "image": np.array(images, np.int64),
            "relation": [str(one.rule.relation) for one in shown],
            "answers": said,
        }
    )


def _said(words: str, answer: str, label: str) -> str:
    right = "" if answer == label else f" (right: {label})"
    return f"{words}? {answer}{right}"
