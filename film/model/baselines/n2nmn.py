"""N2NMN: a policy plans a layout of modules, and attention maps pass through it.

References:
    Hu et al., *Learning to Reason: End-to-End Module Networks for Visual Question
    Answering*, ICCV 2017, https://arxiv.org/abs/1704.05526, Section 3; sizes as in
    their code, https://github.com/ronghanghu/n2nmn. They have VGG-16's pool5, 15×10
    cells of 512; here the modules see the features that FiLM sees.
"""

from functools import lru_cache
from typing import Final, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from film.config import N2nmnConfig
from film.data.vocabulary import SPECIAL_TOKENS
from film.model.baselines.agenda import Call, run_all
from film.model.baselines.layout_policy import LayoutPolicy, Planned
from film.model.baselines.layouts import (
    ANSWERS,
    MODULES,
    Module,
    layout_nodes,
    layout_of,
)
from film.model.network import DataSizes

__all__ = ["AttentionModules", "N2nmn"]

_LIT: Final = 3.0  # the attention of Scene, everywhere, as in the authors' code
_KINDS: Final = {module: number for number, module in enumerate(MODULES, start=1)}


class N2nmn(nn.Module):
    """A layout policy and the modules that it lays out.

    As a network of questions and pictures it runs the likeliest layout, module by
    module, of each question. How it is trained, in two stages, is
    `film.training.objective`'s.

    Args:
        config: Its sizes.
        sizes: What it is fed.
        generator_seed: Seed of the first weights of what plans.
        network_seed: Seed of those of the modules, so that neither moves the other.
    """

    def __init__(
        self,
        config: N2nmnConfig,
        sizes: DataSizes,
        *,
        generator_seed: int = 0,
        network_seed: int = 1,
    ) -> None:
        super().__init__()
        self.program_words = sizes.program_words
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(generator_seed)
            self.policy = LayoutPolicy(config, n_words=sizes.n_words)
            torch.manual_seed(network_seed)
            self.executor = AttentionModules(config, sizes)

    @property
    def question_side(self) -> list[nn.Module]:
        """What reads the question."""
        return [self.policy]

    def forward(
        self,
        questions: Int[Tensor, "batch tokens"],
        images: Float[Tensor, "batch inputs height width"],
    ) -> Float[Tensor, "batch answers"]:
        """Score every answer to each question about its picture.

        Args:
            questions: Token ids, padded on the right with 0.
            images: Features.

        Returns:
            Logits.
        """
        logits, _ = self.answer_by_program(questions, images)
        return logits

    def answer_by_program(
        self,
        questions: Int[Tensor, "batch tokens"],
        images: Float[Tensor, "batch inputs height width"],
    ) -> tuple[Float[Tensor, "batch answers"], Int[Tensor, "batch length"]]:
        """Score every answer, and say by which layouts.

        Args:
            questions: Token ids, padded on the right with 0.
            images: Features.

        Returns:
            Logits, and the layouts, as numbers of modules, padded with 0.
        """
        planned = self.policy(questions)
        return self.run(images, planned), planned.layouts

    def run(
        self, images: Float[Tensor, "batch inputs height width"], planned: Planned
    ) -> Float[Tensor, "batch answers"]:
        """Run layouts, whoever chose them.

        Args:
            images: Features.
            planned: A layout for each, and what its modules hear.

        Returns:
            Logits.
        """
        logits: Tensor = self.executor(images, planned.layouts, planned.texts)
        return logits

    def layouts(
        self, programs: Int[Tensor, "batch store_length"]
    ) -> Int[Tensor, "batch length"]:
        """Translate a store's programs.

        Args:
            programs: In prefix order, from ``<START>`` on.

        Returns:
            Numbers of modules, padded with 0; a row of 0 where there is no layout
            that the policy could choose.
        """
        layouts = [
            _numbers(
                tuple(
                    self.program_words[token]
                    for token in program
                    if token >= len(SPECIAL_TOKENS)
                )
            )
            for program in programs.tolist()
        ]
        longest = max(1, *(len(one) for one in layouts))
        padded = [[*one, *[0] * (longest - len(one))] for one in layouts]
        numbers = torch.tensor(padded, device=programs.device)
        is_possible = (numbers != 0).sum(dim=1) <= self.policy.max_length
        return numbers.where(is_possible[:, None], 0)[:, : self.policy.max_length]

    def is_right(
        self,
        predicted: Int[Tensor, "batch length"],
        programs: Int[Tensor, "batch store_length"],
    ) -> Bool[Tensor, " batch"]:
        """Compare layouts, module by module, with those of a store's programs.

        Args:
            predicted: Numbers of modules, padded with 0.
            programs: From ``<START>`` on.

        Returns:
            Whether each is the program's.
        """
        true = self.layouts(programs)
        longer = max(predicted.shape[1], true.shape[1])
        one, other = (
            nn.functional.pad(some, (0, longer - some.shape[1]))
            for some in (predicted, true)
        )
        return (one == other).all(dim=1)


@lru_cache(maxsize=2**16)
def _numbers(program: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(_KINDS[module] for module in layout_of(program) or ())


class AttentionModules(nn.Module):
    """The modules; what one gives is an attention map, or scores of answers.

    Attention maps are not bounded, and And and Or take the smaller and the larger.
    Weights start as Glorot and Bengio's, and biases at 0, as in the authors' code.

    Args:
        config: Their sizes.
        sizes: What they are fed.
    """

    def __init__(self, config: N2nmnConfig, sizes: DataSizes) -> None:
        super().__init__()
        channels, height, width = sizes.image_shape
        text, answers, cells = config.word_dim, sizes.n_answers, height * width
        dim = config.map_dim
        self.find = _Matching(channels, text, dim)
        self.find_same = _Matching(channels, text, dim)
        self.find_same_seen = nn.Linear(channels, dim)
        kernel = config.transform_kernel
        self.transform_maps = nn.Conv2d(1, dim, kernel, padding=kernel // 2)
        self.transform_text = nn.Linear(text, dim)
        self.transform_map = nn.Conv2d(dim, 1, 1)
        self.exist = nn.Linear(3, answers)
        self.count = nn.Linear(cells + 2, answers)
        self.compare = nn.ModuleDict(
            {
                module.value: nn.Linear(2 * (cells + 2), answers)
                for module in (Module.EQUAL_NUM, Module.MORE_NUM, Module.LESS_NUM)
            }
        )
        self.same_seen = nn.ModuleList(nn.Linear(channels, dim) for _ in range(2))
        self.same_text = nn.Linear(text, dim)
        self.same = nn.Linear(dim, answers)
        self.describe_seen = nn.Linear(channels, dim)
        self.describe_text = nn.Linear(text, dim)
        self.describe = nn.Linear(dim, answers)
        for layer in self.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                nn.init.xavier_uniform_(layer.weight)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(
        self,
        images: Float[Tensor, "batch channels height width"],
        layouts: Int[Tensor, "batch length"],
        texts: Float[Tensor, "batch length text"],
    ) -> Float[Tensor, "batch answers"]:
        """Run a layout on each picture; equal modules are run together.

        Args:
            images: Features.
            layouts: Numbers of modules in reverse Polish notation, padded with 0.
            texts: What each module hears.

        Returns:
            Logits.
        """
        nodes = layout_nodes(layouts.tolist())
        running = _Running(self, images)

        def run(call: Call, inputs: tuple[Tensor, ...]) -> Tensor:
            some = [nodes.all[place] for place in call.places]
            rows = torch.tensor([one.question for one in some], device=images.device)
            steps = torch.tensor([one.step for one in some], device=images.device)
            module = MODULES[call.kind - 1]
            return running.run(module, inputs, rows, texts[rows, steps])

        return torch.stack(run_all(nodes, run))


@final
class _Matching(nn.Module):
    """How well each cell of a picture fits a text."""

    def __init__(self, channels: int, text: int, dim: int) -> None:
        super().__init__()
        self.image = nn.Conv2d(channels, dim, 1)
        self.text = nn.Linear(text, dim)
        self.map = nn.Conv2d(dim, 1, 1)

    def forward(self, mapped: Tensor, heard: Tensor) -> Tensor:
        together = nn.functional.normalize(mapped * heard[:, :, None, None], dim=1)
        attention: Tensor = self.map(together)[:, 0]
        return attention


@final
class _Running:
    """One batch of pictures under the modules; what all of them need is done once."""

    def __init__(self, modules: AttentionModules, images: Tensor) -> None:
        self.modules, self.images = modules, images
        self._mapped: dict[_Matching, Tensor] = {}

    def run(
        self, module: Module, inputs: tuple[Tensor, ...], rows: Tensor, texts: Tensor
    ) -> Tensor:
        if module in ANSWERS:
            return self._answer(module, inputs, rows, texts)
        attention: Tensor
        match module:
            case Module.SCENE:
                height, width = self.images.shape[2:]
                attention = self.images.new_full((len(rows), height, width), _LIT)
            case Module.FIND:
                attention = self._find(rows, texts)
            case Module.FILTER:
                attention = torch.minimum(inputs[0], self._find(rows, texts))
            case Module.FIND_SAME_PROPERTY:
                attention = self._find_same(inputs[0], rows, texts)
            case Module.TRANSFORM:
                attention = self._transform(inputs[0], texts)
            case Module.AND:
                attention = torch.minimum(*inputs)
            case _:
                attention = torch.maximum(*inputs)
        return attention

    def _answer(
        self, module: Module, inputs: tuple[Tensor, ...], rows: Tensor, texts: Tensor
    ) -> Tensor:
        its = self.modules
        scores: Tensor
        match module:
            case Module.EXIST:
                flat = inputs[0].flatten(1)
                few = [flat.amin(1), flat.mean(1), flat.amax(1)]
                scores = its.exist(torch.stack(few, dim=1))
            case Module.COUNT:
                scores = its.count(_with_extremes(inputs[0]))
            case Module.SAME_PROPERTY:
                one, other = (
                    layer(self._seen(attention, rows))
                    for layer, attention in zip(its.same_seen, inputs, strict=True)
                )
                scores = its.same(_normal(one * its.same_text(texts) * other))
            case Module.DESCRIBE:
                seen = its.describe_seen(self._seen(inputs[0], rows))
                scores = its.describe(_normal(seen * its.describe_text(texts)))
            case _:
                both = torch.cat([_with_extremes(one) for one in inputs], dim=1)
                scores = its.compare[module.value](both)
        return scores

    def _find(self, rows: Tensor, texts: Tensor) -> Tensor:
        find = self.modules.find
        attention: Tensor = find(self._map(find, rows), find.text(texts))
        return attention

    def _find_same(self, attention: Tensor, rows: Tensor, texts: Tensor) -> Tensor:
        its = self.modules
        seen = its.find_same_seen(self._seen(attention, rows))
        mapped = self._map(its.find_same, rows)
        same: Tensor = its.find_same(mapped, its.find_same.text(texts) * seen)
        return same

    def _transform(self, attention: Tensor, texts: Tensor) -> Tensor:
        its = self.modules
        maps = its.transform_maps(attention[:, None])
        heard = its.transform_text(texts)[:, :, None, None]
        moved: Tensor = its.transform_map(_normal(maps * heard))[:, 0]
        return moved

    # What Find sees of a picture does not depend on the question.
    def _map(self, matching: _Matching, rows: Tensor) -> Tensor:
        if matching not in self._mapped:
            self._mapped[matching] = matching.image(self.images)
        return self._mapped[matching][rows]

    def _seen(self, attention: Tensor, rows: Tensor) -> Tensor:
        weights = attention.flatten(1).softmax(dim=1)
        return (self.images[rows].flatten(2) @ weights[:, :, None])[:, :, 0]


def _normal(numbers: Tensor) -> Tensor:
    return nn.functional.normalize(numbers, dim=1)


def _with_extremes(attention: Tensor) -> Tensor:
    flat = attention.flatten(1)
    return torch.cat([flat, flat.amin(1, True), flat.amax(1, True)], dim=1)  # noqa: FBT003
