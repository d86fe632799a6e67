"""Words as numbers, in the way of clevr-iep: its tokeniser and its vocab.json.

A vocabulary file has three maps, from the words of questions, the functions of
programs and the answers to numbers. The numbers 0 to 3 mean the same in each:
padding, start, end, unknown.

References:
    https://github.com/facebookresearch/clevr-iep (format and tokeniser), which
    the authors of FiLM use unchanged.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, final

from film.data.programs import FUNCTION_ARITY, FUNCTION_VALUES
from film.errors import DataError

__all__ = [
    "CLEVR_ANSWERS",
    "CLEVR_PROGRAM_TOKENS",
    "END",
    "NULL",
    "SPECIAL_TOKENS",
    "START",
    "UNKNOWN",
    "Vocabulary",
    "build_vocabulary",
    "expand_vocabulary",
    "parse_vocabulary",
    "read_vocabulary",
    "tokenize",
    "write_vocabulary",
]

NULL: Final = 0
START: Final = 1
END: Final = 2
UNKNOWN: Final = 3
SPECIAL_TOKENS: Final = ("<NULL>", "<START>", "<END>", "<UNK>")

CLEVR_ANSWERS: Final = tuple(
    sorted(
        {
            *(str(number) for number in range(11)),
            *("yes", "no"),
            *(
                value
                for function, values in FUNCTION_VALUES.items()
                if function.startswith("filter_")
                for value in values
            ),
        }
    )
)
"""The 28 answers of CLEVR, in the order of its vocabulary."""

CLEVR_PROGRAM_TOKENS: Final = tuple(
    sorted(
        {
            *(FUNCTION_ARITY.keys() - FUNCTION_VALUES.keys()),
            *(
                f"{function}[{value}]"
                for function, values in FUNCTION_VALUES.items()
                for value in values
            ),
        }
    )
)
"""The 40 tokens of CLEVR's programs, in the order of its vocabulary."""


@final
@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Which number stands for which word.

    Attributes:
        question_token_to_idx: The words of questions.
        program_token_to_idx: The functions of programs, with their values.
        answer_token_to_idx: The answers.
    """

    question_token_to_idx: Mapping[str, int]
    program_token_to_idx: Mapping[str, int]
    answer_token_to_idx: Mapping[str, int]

    @property
    def answers(self) -> tuple[str, ...]:
        """The words of the answers by number, the special ones included."""
        return _words(self.answer_token_to_idx)

    @property
    def question_words(self) -> tuple[str, ...]:
        """The words of questions by number, the special ones included."""
        return _words(self.question_token_to_idx)

    @property
    def program_words(self) -> tuple[str, ...]:
        """The tokens of programs by number, the special ones included."""
        return _words(self.program_token_to_idx)

    @property
    def digest(self) -> str:
        """A short name of the content, the same for the same three maps."""
        content = json.dumps(asdict(self), sort_keys=True)
        return sha256(content.encode()).hexdigest()[:12]

    def encode_question(self, text: str) -> list[int]:
        """Turn a question into numbers, between start and end.

        Args:
            text: The question.

        Returns:
            Its numbers; ``UNKNOWN`` for each word the vocabulary lacks.
        """
        return _encode(tokenize(text), self.question_token_to_idx)

    def encode_program(self, tokens: Iterable[str]) -> list[int]:
        """Turn the tokens of a program into numbers, between start and end.

        Args:
            tokens: The program as tokens, without special ones.

        Returns:
            Its numbers; ``UNKNOWN`` for each token the vocabulary lacks.
        """
        return _encode(tokens, self.program_token_to_idx)

    def unknown_words(self, text: str) -> list[str]:
        """List the words of a question that the vocabulary lacks.

        Args:
            text: The question.

        Returns:
            The words, in the question's order.
        """
        return [
            word for word in tokenize(text) if word not in self.question_token_to_idx
        ]


def tokenize(text: str) -> list[str]:
    """Split a question into words exactly as clevr-iep does.

    ``;`` and ``,`` become words of their own, ``?`` and ``.`` vanish, case is kept,
    and two spaces in a row give an empty word, which CLEVR's vocabulary has.

    Args:
        text: The question.

    Returns:
        The words.
    """
    for kept in (";", ","):
        text = text.replace(kept, f" {kept}")
    for removed in ("?", "."):
        text = text.replace(removed, "")
    return text.split(" ")


def build_vocabulary(
    questions: Iterable[str],
    *,
    programs: Iterable[Iterable[str]] = (),
    answers: Iterable[str] = (),
    min_count: int = 1,
) -> Vocabulary:
    """Number the words of a training set.

    The words of questions come from the training set, in the order of their
    characters' codes. Programs and answers are closed sets: the result has all of
    CLEVR's, so that a small subset, in which some never occur, gets the numbers of
    the released vocabulary and can judge every validation question. Others that the
    training set has come after them.

    Args:
        questions: The questions' texts.
        programs: The programs as tokens.
        answers: The answers.
        min_count: How often a word must occur in questions to be known.

    Returns:
        The vocabulary.
    """
    words = _frequent_words(questions, min_count)
    tokens = {token for program in programs for token in program}
    return Vocabulary(
        question_token_to_idx=_number(words),
        program_token_to_idx=_number(_close(tokens, CLEVR_PROGRAM_TOKENS)),
        answer_token_to_idx=_number(_close(set(answers), CLEVR_ANSWERS)),
    )


def expand_vocabulary(
    vocabulary: Vocabulary, questions: Iterable[str], *, min_count: int
) -> Vocabulary:
    """Add the frequent words of new questions after the known ones.

    This is how CLEVR's vocabulary becomes that of CLEVR-Humans: what is known
    keeps its number, so that a trained embedding can be extended.

    Args:
        vocabulary: The vocabulary to start from.
        questions: The new training questions' texts.
        min_count: How often a word must occur in them to be added.

    Returns:
        A new vocabulary; programs and answers are unchanged.
    """
    expanded = dict(vocabulary.question_token_to_idx)
    for word in _frequent_words(questions, min_count):
        expanded.setdefault(word, len(expanded))
    return Vocabulary(
        question_token_to_idx=expanded,
        program_token_to_idx=vocabulary.program_token_to_idx,
        answer_token_to_idx=vocabulary.answer_token_to_idx,
    )


def read_vocabulary(path: Path) -> Vocabulary:
    """Read a vocab.json, ours or one written by clevr-iep.

    Args:
        path: The file. A missing map of programs means CLEVR's.

    Returns:
        The vocabulary.

    Raises:
        DataError: If the file is missing, broken, or no vocabulary.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"{path} does not exist; 'film data prepare' writes it beside the data"
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no readable JSON: {error}") from None
    return parse_vocabulary(content, str(path))


def parse_vocabulary(content: object, source: str) -> Vocabulary:
    """Take what a vocab.json holds for a vocabulary, if it is one.

    Args:
        content: The maps by name. A missing map of programs means CLEVR's.
        source: Where they are from, for messages.

    Returns:
        The vocabulary.

    Raises:
        DataError: If a map is missing, has other special tokens or leaves numbers out.
    """
    if not isinstance(content, dict):
        raise DataError(f"{source} is no vocabulary: it should be a JSON object")
    maps = {"program_token_to_idx": _number(CLEVR_PROGRAM_TOKENS), **content}
    return Vocabulary(
        question_token_to_idx=_checked_map(source, maps, "question_token_to_idx"),
        program_token_to_idx=_checked_map(source, maps, "program_token_to_idx"),
        answer_token_to_idx=_checked_map(source, maps, "answer_token_to_idx"),
    )


def write_vocabulary(vocabulary: Vocabulary, path: Path) -> None:
    """Write a vocab.json that clevr-iep and the authors' code read.

    Args:
        vocabulary: What to write.
        path: The file, replaced if it exists.
    """
    path.write_text(json.dumps(asdict(vocabulary), indent=1), encoding="utf-8")


def _words(token_to_idx: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(sorted(token_to_idx, key=token_to_idx.__getitem__))


def _encode(tokens: Iterable[str], token_to_idx: Mapping[str, int]) -> list[int]:
    # A special token is no word, also where a text has one.
    numbers = (max(token_to_idx.get(token, UNKNOWN), UNKNOWN) for token in tokens)
    return [START, *numbers, END]


def _frequent_words(questions: Iterable[str], min_count: int) -> list[str]:
    counts = Counter(word for text in questions for word in tokenize(text))
    _refuse_special(counts)
    return sorted(word for word, count in counts.items() if count >= min_count)


def _close(found: set[str], known: tuple[str, ...]) -> tuple[str, ...]:
    _refuse_special(found)
    return (*known, *sorted(found - set(known)))


def _refuse_special(words: Iterable[str]) -> None:
    special = sorted(set(words) & set(SPECIAL_TOKENS))
    if special:
        raise DataError(
            f"'{special[0]}' is a word or answer of the training questions, and is "
            "what a vocabulary calls padding, start, end or unknown words"
        )


def _number(tokens: Iterable[str]) -> dict[str, int]:
    return {token: idx for idx, token in enumerate((*SPECIAL_TOKENS, *tokens))}


def _checked_map(path: str, content: dict[str, Any], name: str) -> dict[str, int]:
    token_to_idx = content.get(name)
    if not isinstance(token_to_idx, dict):
        raise DataError(f"{path} has no map '{name}'; is it a vocabulary of CLEVR?")
    for idx, token in enumerate(SPECIAL_TOKENS):
        if token_to_idx.get(token) != idx:
            raise DataError(
                f"{path}: {name} should give {token} the number {idx}, and gives it "
                f"{token_to_idx.get(token)}"
            )
    if not all(isinstance(token, str) for token in token_to_idx):
        raise DataError(f"{path}: {name} has something else than words")
    numbers = {idx for idx in token_to_idx.values() if isinstance(idx, int)}
    if numbers != set(range(len(token_to_idx))):
        raise DataError(
            f"{path}: the numbers of {name} should be 0 to {len(token_to_idx) - 1}, "
            "each once"
        )
    return token_to_idx
