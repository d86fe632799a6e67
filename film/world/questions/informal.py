"""Ask a question as people do: other words, loose sentences, typing errors.

This is for studies like those on CLEVR-Humans, where a model meets words and sentences
that it was not trained on. The meaning is the question's own, so its answer holds.

References:
    Johnson et al., *Inferring and Executing Programs for Visual Reasoning*, ICCV 2017,
    Section 4.4 (CLEVR-Humans). https://arxiv.org/abs/1705.03633
"""

import random
import re
from collections.abc import Iterable
from itertools import product
from typing import Final

from film.data.programs import QuestionType
from film.world.attributes import Attribute, Direction
from film.world.questions.families import FAMILIES, Family, Reasoning
from film.world.questions.phrases import Logic, Question
from film.world.questions.wording import ANY_SHAPE, Lexicon, Spoken

__all__ = ["say_loosely"]

_LEXICON: Final = Lexicon(
    words={
        "large": 6 * ("large", "big") + ("huge", "giant", "massive"),
        "small": 6 * ("small", "tiny") + ("little", "mini", "miniature"),
        "gray": 5 * ("gray",) + ("grey", "grayish", "ashen"),
        "red": 9 * ("red",) + ("reddish", "scarlet", "crimson"),
        "blue": 9 * ("blue",) + ("dark blue", "navy", "bluish"),
        "green": 7 * ("green",) + ("greenish", "emerald"),
        "brown": 6 * ("brown",) + ("tan", "brownish", "chestnut"),
        "purple": 7 * ("purple",) + ("violet", "lilac", "plum"),
        "cyan": 4 * ("cyan",) + ("teal", "light blue", "turquoise", "aqua"),
        "yellow": 7 * ("yellow",) + ("gold", "golden", "yellowish", "mustard"),
        "rubber": 6 * ("rubber", "matte")
        + ("dull", "rubbery", "nonmetallic", "unshiny"),
        "metal": 5 * ("metal", "metallic", "shiny")
        + ("reflective", "polished", "glossy", "mirrored", "chrome"),
        "cube": 5 * ("cube", "cube", "block") + ("box", "square", "cubical thing"),
        "sphere": 5 * ("sphere", "ball") + ("orb", "globe", "round thing"),
        "cylinder": 12 * ("cylinder",) + ("can", "tube", "drum", "barrel"),
        ANY_SHAPE: 8 * ("thing", "object") + ("item", "item", "piece", "figure"),
    },
    places={
        Direction.LEFT: 4 * ("left of", "to the left of")
        + ("on the left of", "left from", "further left than", "leftward of"),
        Direction.RIGHT: 4 * ("right of", "to the right of")
        + ("on the right of", "right from", "further right than", "rightward of"),
        Direction.FRONT: 8 * ("in front of",) + ("further forward than",),
        Direction.BEHIND: 8 * ("behind",) + ("in back of", "further back than"),
    },
    sharing={
        name: (
            *2 * ((f"the same {name} as", f"the same {name} as"),),
            *2 * ((f"that is the same {name} as", f"that are the same {name} as"),),
            (f"that's the same {name} as", f"that are the same {name} as"),
            (f"with the same {name} as", f"with the same {name} as"),
            (f"sharing its {name} with", f"sharing their {name} with"),
            (f"which matches the {name} of", f"which match the {name} of"),
            (f"identical in {name} to", f"identical in {name} to"),
        )
        for name in Attribute
    },
    being=8 * (("", ""),)
    + (
        ("that's ", "that are "),
        ("which is ", "which are "),
        ("located ", "located "),
        ("sitting ", "sitting "),
        ("standing ", "standing "),
        ("placed ", "placed "),
    ),
    logic={
        Logic.AND: ("both {} and {}", "{} and {}", "{} and also {}", "{} but also {}"),
        Logic.OR: ("either {} or {}", "{} or {}", "{} or else {}"),
    },
    definite=14 * ("the ",) + ("that ", ""),
    indefinite=14 * ("{} ",) + ("some ", ""),
    disorder=0.1,
)

_COUNTED: Final = (
    *4 * ("how many {0.things} are there",),
    *4 * ("how many {0.things}",),
    "how many {0.things} are (present|pictured|visible|shown|displayed)",
    "how many {0.things} are (in|part of) (the|this) (picture|image|photo|scene)",
    "how many {0.things} (can you|do you|do we) (see|count|find)",
    "how many {0.things} (in total|here|altogether|overall)",
    "how many of the {0.members}",
    "how many of these {0.members}",
    "(count|count up|tally) the {0.things}",
    "what's the (total|count|amount|quantity) of {0.things}",
    "(tell me|say|guess) how many {0.things} there are",
)

_COUNTED_FROM_ANCHOR: Final = (
    *4 * ("how many {0.things} are {0.where}",),
    "how many {0.things} {0.where}",
    "how many {0.things} (can you|do you|does one) see {0.where}",
    "how many {0.things} (sit|stand|lie|rest|appear) {0.where}",
    "(count|count up|tally) the {0.many}",
    "what's the (total|count|amount|quantity) of {0.many}",
    "{0.where}, how many {0.things} are there",
)

_COUNTED_EITHER: Final = (
    "how many {0.things} are {0.either}",
    "how many {0.things} (can you|do you) see that are {0.either}",
    "(count|count up|tally) all {0.things} that are {0.either}",
    "what's the (total|count|amount|quantity) of {0.things} being {0.either}",
)

_FOUND: Final = (
    *3 * ("is there {0.a_thing}",),
    *3 * ("are there any {0.things}",),
    "any {0.things}",
    "is there {0.a_thing} (here|anywhere|in sight)",
    "is there {0.a_thing} in (the|this) (picture|image|photo|scene)",
    "any {0.things} (here|in sight|around|out there)",
    "(do|can|could) you (see|find|spot|notice) {0.a_thing}",
    "does (the|this) (picture|image|photo) (show|contain|include|have) {0.a_thing}",
    "do any {0.things} (exist|appear)",
)

_FOUND_FROM_ANCHOR: Final = (
    *3 * ("is there {0.a}",),
    *3 * ("are there any {0.many}",),
    "any {0.many}",
    "are any {0.things} {0.where}",
    "(do|can|could) you (see|find|spot|notice) {0.a}",
    "does {0.a_thing} (sit|stand|lie|rest|appear) {0.where}",
    "{0.where}, is there {0.a_thing}",
)

_QUERIES: Final = {
    Attribute.COLOR: (
        *4 * ("what color is {0.the}",),
        "what (colour|hue|shade) is {0.the}",
        "what is the (color|colour|hue|shade) of {0.the}",
        "which (color|colour) does {0.the} have",
        "(name|give|tell me|identify) the (color|colour) of {0.the}",
        "{0.the} is (what|which) (color|colour)",
        "how is {0.the} (colored|painted)",
        "(color|colour) of {0.the}",
    ),
    Attribute.SIZE: (
        *4 * ("what size is {0.the}", "how big is {0.the}"),
        "how large is {0.the}",
        "what's the size of {0.the}",
        "is {0.the} (large or small|big or small|small or big|little or big)",
        "(name|give|tell me|identify) the size of {0.the}",
        "{0.the} is (what|which) size",
        "which size does {0.the} have",
    ),
    Attribute.MATERIAL: (
        *4 * ("what is {0.the} made of",),
        "what is {0.the} made (from|out of)",
        "what (material|substance|stuff) is {0.the}",
        "what's the (material|texture|finish|substance) of {0.the}",
        "is {0.the} (metal or rubber|rubber or metal|shiny or matte|shiny or dull)",
        "{0.the} (consists|is built) of what",
        "(name|give|tell me|identify) the (material|finish) of {0.the}",
        "which material was used for {0.the}",
    ),
    Attribute.SHAPE: (
        *4 * ("what shape is {0.the}",),
        "what is the (shape|form) of {0.the}",
        "(which|what) (shape|form) does {0.the} have",
        "(name|give|tell me|identify) the shape of {0.the}",
        "{0.the} is (what|which) shape",
        "how is {0.the} shaped",
        "what (kind|type|sort) of shape is {0.the}",
    ),
}

_NUMBERS: Final = {
    "equal_integer": (
        *3 * ("are there as many {0.many} as {1.many}",),
        "are there (exactly|just) as many {0.many} as {1.many}",
        "is there an equal (amount|number|quantity) of {0.many} and {1.many}",
        "are {0.many} and {1.many} (equal|alike|even|tied) in number",
        "do {0.many} and {1.many} come in equal numbers",
    ),
    "less_than": (
        *3 * ("are there fewer {0.many} than {1.many}",),
        "are there less {0.many} than {1.many}",
        "are {0.many} outnumbered by {1.many}",
        "do {1.many} outnumber {0.many}",
        "is the (count|amount|quantity) of {0.many} (lower|smaller) than of {1.many}",
        "do you see fewer {0.many} than {1.many}",
    ),
    "greater_than": (
        *3 * ("are there more {0.many} than {1.many}",),
        "more {0.many} than {1.many}",
        "do {0.many} outnumber {1.many}",
        "are {0.many} more (numerous|frequent|common) than {1.many}",
        "is the (count|amount|quantity) of {0.many} (higher|larger) than of {1.many}",
        "do you see more {0.many} than {1.many}",
    ),
}

_MISTYPED: Final = 0.05  # of questions
_LOWERED: Final = 0.2
_UNMARKED: Final = 0.1
_SHORTEST_MISTYPED: Final = 5
_ENDINGS: Final = 20 * ("?",) + ("??", " ?")
_WORD: Final = re.compile(rf"[a-z]{{{_SHORTEST_MISTYPED},}}")
_CHOICE: Final = re.compile(r"\(([^)]*)\)")


def say_loosely(question: Question, rng: random.Random) -> str:
    """Put a question into words as people do.

    Args:
        question: The question.
        rng: Chooses among phrasings, and makes the errors.

    Returns:
        A sentence, more or less.
    """
    spoken = [Spoken(phrase, _LEXICON, rng) for phrase in question.phrases]
    form = rng.choice(rng.choice(_FORMS[question.family.index]))
    text = form.format(*spoken).strip()
    if rng.random() < _MISTYPED:
        text = _mistype(text, rng)
    if rng.random() >= _LOWERED:
        text = text[0].upper() + text[1:]
    return text if rng.random() < _UNMARKED else text + rng.choice(_ENDINGS)


# In one longer word a double letter is written once, or a single one twice, or two
# letters change places. The ends of the word stay, so that it can still be read.
def _mistype(text: str, rng: random.Random) -> str:
    words = list(_WORD.finditer(text))
    if not words:
        return text
    word = rng.choice(words)
    place = rng.randrange(word.start() + 1, word.end() - 2)
    one, following = text[place], text[place + 1]
    wrong = (one,) if one == following else (one + one + following, following + one)
    return text[:place] + rng.choice(wrong) + text[place + 2 :]


def _forms(family: Family) -> tuple[str, ...]:
    match family.type:
        case QuestionType.COUNT:
            return _count_forms(family)
        case QuestionType.EXIST:
            return _exist_forms(family)
        case QuestionType.QUERY_ATTRIBUTE:
            return _QUERIES[Attribute(family.function.removeprefix("query_"))]
        case QuestionType.COMPARE_ATTRIBUTE:
            name = Attribute(family.function.removeprefix("equal_"))
            return _comparison_forms(name)
        case QuestionType.COMPARE_NUMBERS:
            return _NUMBERS[family.function]


def _count_forms(family: Family) -> tuple[str, ...]:
    match family.reasoning:
        case Reasoning.ZERO_HOP:
            return _COUNTED
        case Reasoning.SINGLE_OR:
            return _COUNTED_EITHER
        case Reasoning.SAME_ATTRIBUTE:
            name = family.hops[0][0].attribute
            return (
                *3
                * (f"how many {{0.things}} are the same {name} as {{0.anchor.the}}",),
                f"how many {{0.things}} share (their|a) {name} with {{0.anchor.the}}",
                f"how many {{0.things}} match {{0.anchor.the}} in {name}",
                f"how many {{0.things}} have the {name} of {{0.anchor.the}}",
                "(count|count up) the {0.many}",
            )
        case _:
            return _COUNTED_FROM_ANCHOR


def _exist_forms(family: Family) -> tuple[str, ...]:
    match family.reasoning:
        case Reasoning.ZERO_HOP:
            return _FOUND
        case Reasoning.SAME_ATTRIBUTE:
            name = family.hops[0][0].attribute
            return (
                "is there {0.a}",
                "any {0.many}",
                "are there any {0.many}",
                "(do|can) you (see|find|spot) {0.a}",
                f"do any {{0.things}} (match|equal) {{0.anchor.the}} in {name}",
                f"does {{0.a_thing}} share (its|a) {name} with {{0.anchor.the}}",
            )
        case _:
            return _FOUND_FROM_ANCHOR


def _comparison_forms(name: Attribute) -> tuple[str, ...]:
    return (
        *3 * (f"are {{0.the}} and {{1.the}} the same {name}",),
        *3 * (f"is {{0.the}} the same {name} as {{1.the}}",),
        f"do {{0.the}} and {{1.the}} (match|agree) in {name}",
        f"do {{0.the}} and {{1.the}} share (a|the same) {name}",
        f"does {{0.the}} match (the {name} of {{1.the}}|{{1.the}} in {name})",
        f"are {{0.the}} and {{1.the}} (alike|identical|equal) in {name}",
        f"{{0.the}} and {{1.the}}, same {name}",
    )


# "how (big|large)" is "how big" and "how large"; what stands twice is said more often.
def _expand(form: str) -> tuple[str, ...]:
    parts: Iterable[list[str]] = (
        part.split("|") if number % 2 else [part]
        for number, part in enumerate(_CHOICE.split(form))
    )
    return tuple(map("".join, product(*parts)))


_FORMS: Final = tuple(
    tuple(_expand(form) for form in _forms(family)) for family in FAMILIES
)
