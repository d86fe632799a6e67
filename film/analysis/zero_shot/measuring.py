"""Zero-shot answers: γ and β of what was never seen, put together from what was.

References:
    Perez et al., *FiLM*, AAAI 2018, Section 4.5 and Figure 10: on CoGenT's condition B
    from 71.5 % to 80.7 % of the third of the questions that it can be done for.
    https://arxiv.org/abs/1709.07871
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from film.analysis.model import TrainedModel, one_thread
from film.analysis.parameters import generator_of
from film.analysis.pictured.examples import (
    ExampleChoice,
    as_sentence,
    describe_examples,
    question_words,
    type_names,
)
from film.analysis.pictured.pictures import find_pictures
from film.analysis.record import Analysis
from film.analysis.zero_shot.question_parser import find_phrases, named_pairs
from film.analysis.zero_shot.swapping import Swap, SwapRule, plan_swap
from film.data.dataset import Batch, QuestionDataset
from film.data.vocabulary import END, NULL, SPECIAL_TOKENS, START, Vocabulary
from film.errors import AnalysisError
from film.model.generator import FilmGenerator

__all__ = ["encode_words", "measure_zero_shot", "swapped_parameters"]

_SPECIAL: Final = frozenset(SPECIAL_TOKENS)


def encode_words(
    questions: Sequence[Sequence[str]], vocabulary: Vocabulary
) -> Int[Tensor, "questions tokens"]:
    """Write questions as numbers, between start and end, padded at the end.

    Args:
        questions: Their words, all of which the vocabulary has.
        vocabulary: What the numbers mean.

    Returns:
        Numbers.
    """
    numbers = vocabulary.question_token_to_idx
    rows = [[START, *(numbers[word] for word in words), END] for words in questions]
    longest = max(map(len, rows))
    return torch.tensor([row + [NULL] * (longest - len(row)) for row in rows])


def swapped_parameters(
    generator: FilmGenerator, swaps: Sequence[Swap], vocabulary: Vocabulary
) -> tuple[
    Float[Tensor, "questions blocks channels"],
    Float[Tensor, "questions blocks channels"],
]:
    """Put γ and β of questions together from those of others, in all blocks alike.

    Args:
        generator: Of a network.
        swaps: For each question what is added and taken; at least one.
        vocabulary: The network's.

    Returns:
        γ and β. They are sums of constrained values, which may lie outside of the
        range that a constraint gives a single one.
    """
    said = [words for swap in swaps for words in (*swap.added, *swap.taken)]
    generated = generator(encode_words(said, vocabulary))
    shares = torch.zeros(len(swaps), len(said))
    place = 0
    for row, swap in enumerate(swaps):
        for words, sign in ((swap.added, 1.0), (swap.taken, -1.0)):
            shares[row, place : place + len(words)] = sign / swap.weight
            place += len(words)
    gamma, beta = (torch.einsum("qs,sbc->qbc", shares, values) for values in generated)
    return gamma, beta


def measure_zero_shot(
    model: TrainedModel,
    split: str,
    n_questions: int | None = None,
    rule: SwapRule | None = None,
    choice: ExampleChoice | None = None,
) -> Analysis:
    """Answer questions as they are, and where the rule applies also by arithmetic.

    Table ``answers``, for each question: ``row``, ``image``, ``type``, ``names``
    (whether it names a pair that the rule is about), ``applies`` (whether its γ and β
    could be put together), ``correct`` and ``correct_swapped`` (as without where the
    rule does not apply). Table ``examples``: see `describe_examples`, with ``given``
    and ``swapped`` (answers) and ``plus_shape``, ``plus_color`` and ``minus_both``
    (questions; the first where there are several); drawn are questions whose answer
    the arithmetic changes, as far as there are some. Arrays: the examples' pictures,
    where there are some.

    Args:
        model: A run of FiLM that hears its questions.
        split: Of which split, with answers; CoGenT's valB, say.
        n_questions: Only so many, from the first on; None is all.
        rule: What is exchanged; None is `SwapRule`, unchanged.
        choice: Which questions are kept with their pictures.

    Returns:
        What was found.

    Raises:
        AnalysisError: The questions have no answers, or the network no γ and β.
    """
    generator = generator_of(model.film)
    rule, choice = rule or SwapRule(), choice or ExampleChoice(count=4)
    questions = model.open(split, n_questions)
    if not questions.has_answers:
        raise AnalysisError(f"{split} has questions without answers to judge by")
    pictures = find_pictures(model.data, split, choice.images)
    with one_thread():
        asked = [
            _ask_both(model, generator, batch, rule)
            for batch in model.batches(questions)
        ]
    swaps = [swap for one in asked for swap in one.swaps]
    plain, swapped = (
        np.concatenate([getattr(one, name) for one in asked])
        for name in ("plain", "swapped")
    )
    answers = pd.DataFrame(
        {
            "row": np.arange(len(questions)),
            "image": questions.image_ids,
            "type": type_names(questions),
            "names": [is_named for one in asked for is_named in one.names],
            "applies": [swap is not None for swap in swaps],
            "correct": plain == questions.answers,
            "correct_swapped": swapped == questions.answers,
        }
    )
    chosen = _choose(answers["applies"].to_numpy(), plain != swapped, choice)
    return Analysis(
        tables={
            "answers": answers,
            "examples": _examples(questions, chosen, swaps, plain, swapped),
        },
        arrays=pictures.arrays(questions.image_ids[chosen]),
        about={
            **model.about(questions, split),
            "seed": choice.drawn_with,
            "rule": _describe(rule),
            "pictures": pictures.said,
        },
    )


@dataclass(frozen=True, eq=False)
class _Asked:
    swaps: list[Swap | None]
    names: list[bool]
    plain: Int[np.ndarray, " batch"]
    swapped: Int[np.ndarray, " batch"]


def _ask_both(
    model: TrainedModel, generator: FilmGenerator, batch: Batch, rule: SwapRule
) -> _Asked:
    known = model.vocabulary.question_token_to_idx.keys()
    read = list(_read(batch, model.vocabulary))
    swaps = [plan_swap(words, program, rule, known) for words, program in read]
    gamma, beta = generator(batch.questions)
    plain = model.film.answer(batch.images, gamma, beta).argmax(dim=1)
    swapped = plain.clone()
    rows = [row for row, swap in enumerate(swaps) if swap is not None]
    if rows:
        planned = [swap for swap in swaps if swap is not None]
        parameters = swapped_parameters(generator, planned, model.vocabulary)
        logits = model.film.answer(batch.images[rows], *parameters)
        swapped[rows] = logits.argmax(dim=1)
    return _Asked(
        swaps,
        [_names_pair(words, program, rule) for words, program in read],
        plain.numpy(),
        swapped.numpy(),
    )


def _read(
    batch: Batch, vocabulary: Vocabulary
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...] | None]]:
    tokens = vocabulary.program_words
    pairs = zip(batch.questions.numpy(), batch.programs.numpy(), strict=True)
    for question, numbers in pairs:
        program = tuple(tokens[n] for n in numbers if tokens[n] not in _SPECIAL)
        yield question_words(question, vocabulary), program or None


# A program says what a question is about, also where its words are not understood.
def _names_pair(
    words: Sequence[str], program: Sequence[str] | None, rule: SwapRule
) -> bool:
    if program is None:
        return any(map(rule.is_about, [one.pair for one in find_phrases(words)]))
    return any(map(rule.is_about, named_pairs(program)))


# Where the arithmetic changes an answer there is something to see.
def _choose(
    applies: Bool[np.ndarray, " questions"],
    changes: Bool[np.ndarray, " questions"],
    choice: ExampleChoice,
) -> Int[np.ndarray, " examples"]:
    for row in choice.rows:
        if not 0 <= row < len(applies):
            raise AnalysisError(f"there is no question {row}")
        if not applies[row]:
            raise AnalysisError(f"the rule does not apply to question {row}")
    if choice.rows:
        return np.array(choice.rows)
    rng = np.random.default_rng(choice.seed)
    changed = rng.permutation(np.flatnonzero(applies & changes))
    others = rng.permutation(np.flatnonzero(applies & ~changes))
    return np.sort(np.concatenate([changed, others])[: choice.count])


def _examples(
    questions: QuestionDataset,
    chosen: Int[np.ndarray, " examples"],
    swaps: Sequence[Swap | None],
    plain: Int[np.ndarray, " questions"],
    swapped: Int[np.ndarray, " questions"],
) -> pd.DataFrame:
    words = questions.vocabulary.answers
    found = [swap for swap in (swaps[row] for row in chosen) if swap is not None]
    return describe_examples(questions, chosen).assign(
        given=[words[n] for n in plain[chosen]],
        swapped=[words[n] for n in swapped[chosen]],
        plus_shape=[as_sentence(swap.added[0]) for swap in found],
        plus_color=[as_sentence(swap.added[swap.weight]) for swap in found],
        minus_both=[as_sentence(swap.taken[0]) for swap in found],
    )


def _describe(rule: SwapRule) -> dict[str, str | None]:
    return {
        "pairs": str(rule.pairs) if rule.only is None else " ".join(rule.only),
        "shape": rule.shape,
        "colors": str(rule.colors) if rule.color is None else rule.color,
    }
