"""Programs in prefix order as the trees that they are, also where they are not whole.

A program generator may write anything. What it writes is read as far as it makes one
tree: a special token where a function is due, ``<END>`` before all, ends the reading,
and so does the end of what is written; each input that is missing then is ``scene``,
that is the picture. What follows a whole tree is not read. Every sequence is a program
thus, and a whole one is taken as it is. (The code of Johnson et al. fills up with
``scene`` too, but has modules for special tokens.)

References:
    Johnson et al., *Inferring and Executing Programs*, ICCV 2017, Section 3.1
    (prefix order). https://arxiv.org/abs/1705.03633
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from film.data.programs import FUNCTION_ARITY
from film.data.vocabulary import NULL, SPECIAL_TOKENS
from film.errors import ConfigError

__all__ = ["Reading", "arities", "without_start"]

_SCENE: Final = "scene"


def arities(words: Sequence[str]) -> tuple[int, ...]:
    """Say how many inputs each token of a program vocabulary takes.

    Args:
        words: The tokens by number, special ones first.

    Returns:
        The numbers of inputs; −1 for special tokens.

    Raises:
        ConfigError: A token is no function of CLEVR, or ``scene`` is missing.
    """
    numbers = [-1] * len(SPECIAL_TOKENS)
    for word in words[len(SPECIAL_TOKENS) :]:
        function = word.partition("[")[0]
        if function not in FUNCTION_ARITY:
            raise ConfigError(
                f"the data's program vocabulary has '{word}', which is no function of "
                "CLEVR; an architecture that runs programs needs CLEVR's"
            )
        numbers.append(FUNCTION_ARITY[function])
    if _SCENE not in words:
        raise ConfigError(
            "the data's program vocabulary has no 'scene'; an architecture that runs "
            "programs needs it"
        )
    return tuple(numbers)


def without_start(
    programs: Int[Tensor, "batch length"],
) -> Int[Tensor, "batch shorter"]:
    """Leave out the first token, as a store's programs begin with ``<START>``.

    Args:
        programs: Programs as a store has them.

    Returns:
        What a program generator has to write.
    """
    return programs[:, 1:]


@final
@dataclass(frozen=True)
class Reading:
    """Written tokens, read as trees.

    Attributes:
        programs: Whole programs in prefix order, padded with 0 and nothing else.
        is_read: Which of the written tokens were looked at: a program's own, and the
            special one that ended it, if one did.
    """

    programs: Int[Tensor, "batch longer"]
    is_read: Bool[Tensor, "batch length"]

    @classmethod
    def of(
        cls,
        written: Int[Tensor, "batch length"],
        arity: Int[Tensor, " words"],
        scene: int,
    ) -> "Reading":
        """Read what was written.

        Args:
            written: Tokens, without ``<START>``.
            arity: What `arities` gives, as a tensor.
            scene: The number of ``scene``.

        Returns:
            The programs.
        """
        change = arity[written] - 1  # of the number of inputs that are still due
        before = 1 + change.cumsum(dim=1) - change
        is_function = arity[written] >= 0
        is_due = (before > 0).cummin(dim=1).values
        follows = torch.ones_like(is_function)
        follows[:, 1:] = is_function[:, :-1].cummin(dim=1).values
        is_used = is_due & follows & is_function
        n_used = is_used.sum(dim=1, keepdim=True)
        missing = 1 + (change * is_used).sum(dim=1, keepdim=True)
        n_all = n_used + missing
        place = torch.arange(int(n_all.max()), device=written.device)
        longer = max(len(place) - written.shape[1], 0)
        tokens = torch.nn.functional.pad(written, (0, longer))[:, : len(place)]
        tokens = torch.where(place < n_used, tokens, scene)
        return cls(
            programs=torch.where(place < n_all, tokens, NULL), is_read=is_due & follows
        )
