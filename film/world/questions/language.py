"""Say a question in words: phrasings of our own, in the vocabulary of CLEVR.

The words are drawn after the question, so that what is asked does not depend on how
it is said. The synonyms are CLEVR's, so that a vocabulary or a model made for the one
fits the other.

References:
    Johnson et al., *CLEVR*, CVPR 2017, Section 3.3. https://arxiv.org/abs/1612.06890
"""

import random
from typing import Final

from film.data.programs import QuestionType
from film.world.attributes import VALUES, Attribute, Direction
from film.world.questions.families import FAMILIES, Family, Hop, Reasoning
from film.world.questions.phrases import Logic, Question
from film.world.questions.wording import ANY_SHAPE, Lexicon, Spoken

__all__ = ["say"]

_LEXICON: Final = Lexicon(
    words={
        **{value: (value,) for values in VALUES.values() for value in values},
        "large": ("large", "big"),
        "small": ("small", "tiny"),
        "rubber": ("rubber", "matte"),
        "metal": ("metal", "metallic", "shiny"),
        "cube": ("cube", "block"),
        "sphere": ("sphere", "ball"),
        ANY_SHAPE: ("thing", "object"),
    },
    places={
        Direction.LEFT: ("left of", "to the left of", "on the left side of"),
        Direction.RIGHT: ("right of", "to the right of", "on the right side of"),
        Direction.FRONT: ("in front of",),
        Direction.BEHIND: ("behind",),
    },
    sharing={
        **{
            name: (
                (f"that is the same {name} as", f"that are the same {name} as"),
                (f"that has the same {name} as", f"that have the same {name} as"),
                (f"of the same {name} as", f"of the same {name} as"),
            )
            for name in Attribute
        },
        Attribute.MATERIAL: (
            ("made of the same material as", "made of the same material as"),
            (
                "that is made of the same material as",
                "that are made of the same material as",
            ),
            ("that has the same material as", "that have the same material as"),
        ),
    },
    being=(("that is ", "that are "), ("", "")),
    logic={
        Logic.AND: ("both {} and {}", "{} and {}"),
        Logic.OR: ("either {} or {}", "{} or {}"),
    },
)

_COUNTED: Final = {
    Reasoning.ZERO_HOP: (
        "How many {0.things} are there?",
        "How many {0.things} are visible?",
        "What number of {0.things} are there?",
        "What is the number of {0.things}?",
        "There are how many {0.things}?",
    ),
    Reasoning.SINGLE_AND: (
        "How many {0.things} are {0.where}?",
        "What number of {0.things} are {0.where}?",
        "What is the number of {0.many}?",
        "How many {0.things} are there that are {0.where}?",
        "There is {0.first.anchor.a}; how many {0.things} are {0.where_from_first}?",
    ),
    Reasoning.SINGLE_OR: (
        "How many {0.things} are {0.either}?",
        "What number of {0.things} are {0.either}?",
        "What is the number of {0.things} that are {0.either}?",
        "How many {0.things} are there that are {0.either}?",
    ),
}

_COUNTED_FROM_ANCHOR: Final = (
    "How many {0.things} are {0.where}?",
    "What number of {0.things} are {0.where}?",
    "What is the number of {0.many}?",
    "There is {0.anchor.a}; how many {0.things} are {0.place} it?",
    "There is {0.anchor.a}; what number of {0.things} are {0.place} it?",
)

_FOUND: Final = (
    "Is there {0.a}?",
    "Are there any {0.many}?",
    "Are any {0.things} visible?",
    "Is {0.a_thing} visible?",
)

_FOUND_FROM_ANCHOR: Final = (
    "Is there {0.a}?",
    "Are there any {0.many}?",
    "Are any {0.things} {0.where}?",
    "There is {0.anchor.a}; is there {0.a_thing} {0.place} it?",
    "There is {0.anchor.a}; are there any {0.things} {0.place} it?",
)

_QUERIES: Final = {
    **{
        name: (f"what {name} is {{}}", f"what is the {name} of {{}}")
        for name in Attribute
    },
    Attribute.SIZE: ("what size is {}", "what is the size of {}", "how big is {}"),
    Attribute.MATERIAL: (
        "what material is {} made of",
        "what is the material of {}",
        "what is {} made of",
    ),
}

_NUMBERS: Final = {
    "equal_integer": (
        "Are there as many {0.many} as {1.many}?",
        "Are there as many {0.many} as there are {1.many}?",
        "Is the number of {0.many} the same as the number of {1.many}?",
        "Is the number of {0.many} equal to the number of {1.many}?",
    ),
    "less_than": (
        "Are there fewer {0.many} than {1.many}?",
        "Are there fewer {0.many} than there are {1.many}?",
        "Is the number of {0.many} less than the number of {1.many}?",
    ),
    "greater_than": (
        "Are there more {0.many} than {1.many}?",
        "Are there more {0.many} than there are {1.many}?",
        "Is the number of {0.many} greater than the number of {1.many}?",
    ),
}

_NUMBERS_FROM_ANCHOR: Final = {
    "equal_integer": (
        "are there as many {0.things} {0.place} it as {1.many}?",
        "is the number of {0.things} {0.place} it the same as the number of {1.many}?",
    ),
    "less_than": (
        "are there fewer {0.things} {0.place} it than {1.many}?",
        "is the number of {0.things} {0.place} it less than the number of {1.many}?",
    ),
    "greater_than": (
        "are there more {0.things} {0.place} it than {1.many}?",
        "is the number of {0.things} {0.place} it greater than the number of {1.many}?",
    ),
}


def say(question: Question, rng: random.Random) -> str:
    """Put a question into words.

    Args:
        question: The question.
        rng: Chooses among phrasings.

    Returns:
        An English sentence.
    """
    spoken = [Spoken(phrase, _LEXICON, rng) for phrase in question.phrases]
    text = rng.choice(_FORMS[question.family.index]).format(*spoken)
    return text[0].upper() + text[1:]


def _forms(family: Family) -> tuple[str, ...]:
    match family.type:
        case QuestionType.COUNT:
            return _count_forms(family)
        case QuestionType.EXIST:
            return _exist_forms(family)
        case QuestionType.QUERY_ATTRIBUTE:
            return _query_forms(family)
        case QuestionType.COMPARE_ATTRIBUTE:
            return _comparison_forms(family)
        case QuestionType.COMPARE_NUMBERS:
            return _number_forms(family)


def _count_forms(family: Family) -> tuple[str, ...]:
    if family.reasoning is Reasoning.SAME_ATTRIBUTE:
        is_same, have_same = _same(_shared(family))
        return (
            f"How many {{0.things}} are {is_same} as {{0.anchor.the}}?",
            f"How many {{0.things}} have {have_same} as {{0.anchor.the}}?",
            f"What number of {{0.things}} are {is_same} as {{0.anchor.the}}?",
            f"There is {{0.anchor.a}}; how many {{0.things}} are {is_same} as it?",
            "What is the number of {0.many}?",
        )
    forms = _COUNTED.get(family.reasoning, _COUNTED_FROM_ANCHOR)
    if family.reasoning is Reasoning.SINGLE_OR:
        return forms + _OR_FROM_ANCHOR.get(family.hops, ())
    return forms


_FAR: Final = (Hop.RELATE,)

_FIRST_FROM_ANCHOR: Final = (
    "There is {0.first.anchor.a}; how many {0.things} are either {0.first.things} "
    "{0.first.place} it or {0.second.many}?"
)
_SECOND_FROM_ANCHOR: Final = (
    "There is {0.second.anchor.a}; how many {0.things} are either {0.first.many} "
    "or {0.second.things} {0.second.place} it?"
)
_OR_FROM_ANCHOR: Final[dict[tuple[tuple[Hop, ...], ...], tuple[str, ...]]] = {
    (_FAR, ()): (_FIRST_FROM_ANCHOR,),
    ((), _FAR): (_SECOND_FROM_ANCHOR,),
    (_FAR, _FAR): (_FIRST_FROM_ANCHOR,),  # in the other, "it" might be either anchor
}


def _exist_forms(family: Family) -> tuple[str, ...]:
    if family.reasoning is Reasoning.ZERO_HOP:
        return _FOUND
    if family.reasoning is not Reasoning.SAME_ATTRIBUTE:
        return _FOUND_FROM_ANCHOR
    is_same, have_same = _same(_shared(family))
    forms = (
        "Is there {0.a}?",
        "Are there any {0.many}?",
        f"Are any {{0.things}} {is_same} as {{0.anchor.the}}?",
        f"Do any {{0.things}} have {have_same} as {{0.anchor.the}}?",
        f"There is {{0.anchor.a}}; is there {{0.a_thing}} that is {is_same}?",
    )
    if family.is_described:
        return forms
    return (
        *forms,
        f"Is there anything else that is {is_same} as {{0.anchor.the}}?",
        f"Is anything else {is_same} as {{0.anchor.the}}?",
        f"Does anything else have {have_same} as {{0.anchor.the}}?",
    )


def _shared(family: Family) -> Attribute:
    return Attribute(family.hops[0][0].removeprefix("same_"))


# What is the same: "(is) the same size", "(has) the same size"; of a material,
# "(is) made of the same material".
def _same(name: Attribute) -> tuple[str, str]:
    made = "made of " if name is Attribute.MATERIAL else ""
    return f"{made}the same {name}", f"the same {name}"


def _query_forms(family: Family) -> tuple[str, ...]:
    name = Attribute(family.function.removeprefix("query_"))
    asked = _QUERIES[name]
    made = "made of " if name is Attribute.MATERIAL else ""
    forms = [f"{form.format('{0.the}')}?" for form in asked]
    forms.append(f"{{0.the}} is {made}what {name}?")
    if family.reasoning is Reasoning.ZERO_HOP:
        return tuple(forms)
    return (
        *forms,
        f"There is {{0.a}}; {asked[0].format('it')}?",
        f"There is {{0.a}}; what is its {name}?",
    )


def _comparison_forms(family: Family) -> tuple[str, ...]:
    name = Attribute(family.function.removeprefix("equal_"))
    is_same, have_same = _same(name)
    forms = (
        f"Is {{0.the}} {is_same} as {{1.the}}?",
        f"Does {{0.the}} have {have_same} as {{1.the}}?",
        f"Do {{0.the}} and {{1.the}} have {have_same}?",
        f"Are {{0.the}} and {{1.the}} {is_same}?",
        f"Is the {name} of {{0.the}} the same as that of {{1.the}}?",
    )
    if family.reasoning is Reasoning.ZERO_HOP:
        return forms
    return (
        *forms,
        f"There is {{0.a}}; is it {is_same} as {{1.the}}?",
        f"There is {{0.a}}; does it have {have_same} as {{1.the}}?",
    )


def _number_forms(family: Family) -> tuple[str, ...]:
    forms = _NUMBERS[family.function]
    if family.reasoning is Reasoning.ZERO_HOP:
        return forms
    asked = _NUMBERS_FROM_ANCHOR[family.function]
    return (*forms, *(f"There is {{0.anchor.a}}; {form}" for form in asked))


_FORMS: Final = tuple(map(_forms, FAMILIES))
