"""Runs programs on pictures: one small network per function, put together anew.

References:
    Johnson et al., *Inferring and Executing Programs*, ICCV 2017, Section 3.3; sizes
    as in their code, https://github.com/facebookresearch/clevr-iep.
"""

from itertools import pairwise
from typing import Final, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from film.config import PgEeConfig
from film.data.vocabulary import NULL
from film.errors import ConfigError
from film.model.baselines.agenda import Call, Node, Nodes, run_all
from film.model.network import DataSizes

__all__ = ["BinaryModule", "ExecutionEngine", "UnaryModule", "nodes_of"]

_POOLED: Final = 2  # the classifier pools squares of 2×2


@final
class UnaryModule(nn.Module):
    """A residual block: what a function of one input does, and ``scene``.

    Args:
        width: Of its maps.
        has_norm: Whether batch normalisation follows its convolutions.
    """

    def __init__(self, width: int, *, has_norm: bool = False) -> None:
        super().__init__()
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(width) if has_norm else nn.Identity() for _ in range(2)
        )
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(
        self, maps: Float[Tensor, "nodes channels height width"]
    ) -> Float[Tensor, "nodes channels height width"]:
        """Run the function.

        Args:
            maps: Its input.

        Returns:
            Its result.
        """
        first, second = self.norms
        change = second(self.second(first(self.first(maps)).relu()))
        result: Tensor = (maps + change).relu()
        return result


@final
class BinaryModule(nn.Module):
    """Two inputs made one by a 1×1 convolution, then a residual block.

    Args:
        width: Of its maps.
        has_norm: Whether batch normalisation follows the block's convolutions.
    """

    def __init__(self, width: int, *, has_norm: bool = False) -> None:
        super().__init__()
        self.join = nn.Conv2d(2 * width, width, 1)
        self.block = UnaryModule(width, has_norm=has_norm)

    def forward(
        self,
        first: Float[Tensor, "nodes channels height width"],
        second: Float[Tensor, "nodes channels height width"],
    ) -> Float[Tensor, "nodes channels height width"]:
        """Run the function.

        Args:
            first: Its first input.
            second: Its second input.

        Returns:
            Its result.
        """
        result: Tensor = self.block(self.join(torch.cat([first, second], 1)).relu())
        return result


class ExecutionEngine(nn.Module):
    """Stem, a module for every function of the vocabulary, and a classifier.

    Equal functions of a batch's programs are run together as far as their inputs
    allow it, and what a program has twice, ``scene`` before all, is run once.
    Weights start as torch draws them.

    Args:
        config: Its sizes.
        sizes: What it is fed.
        arity: Inputs of each token of the programs' vocabulary.

    Raises:
        ConfigError: The picture's maps are too small to be pooled.
    """

    def __init__(
        self, config: PgEeConfig, sizes: DataSizes, arity: tuple[int, ...]
    ) -> None:
        super().__init__()
        channels, height, width = sizes.image_shape
        if min(height, width) < _POOLED:
            raise ConfigError(
                f"model.architecture pg_ee pools squares of 2×2, and these feature "
                f"maps have {width}×{height}"
            )
        self.arity = arity
        self.stem = nn.Sequential()
        for inputs in (channels, *[config.width] * (config.stem_layers - 1)):
            self.stem.append(nn.Conv2d(inputs, config.width, 3, padding=1))
            if config.batch_norm:
                self.stem.append(nn.BatchNorm2d(config.width))
            self.stem.append(nn.ReLU())
        self.functions = nn.ModuleDict(
            {
                str(token): _module(n_inputs, config)
                for token, n_inputs in enumerate(self.arity)
                if n_inputs >= 0
            }
        )
        self.classifier = nn.Sequential(nn.Conv2d(config.width, config.projection, 1))
        if config.batch_norm:
            self.classifier.append(nn.BatchNorm2d(config.projection))
        self.classifier.extend([nn.ReLU(), nn.MaxPool2d(_POOLED), nn.Flatten()])
        pooled = config.projection * (height // _POOLED) * (width // _POOLED)
        layers = (pooled, *config.classifier_hidden)
        for inputs, outputs in pairwise(layers):
            self.classifier.append(nn.Linear(inputs, outputs))
            if config.batch_norm:
                self.classifier.append(nn.BatchNorm1d(outputs))
            self.classifier.append(nn.ReLU())
        self.classifier.append(nn.Linear(layers[-1], sizes.n_answers))

    def forward(
        self,
        images: Float[Tensor, "batch inputs height width"],
        programs: Int[Tensor, "batch length"],
    ) -> Float[Tensor, "batch answers"]:
        """Run a program on each picture.

        Args:
            images: Features.
            programs: Whole programs in prefix order, padded with 0.

        Returns:
            Logits.
        """
        maps = self.stem(images)
        nodes = nodes_of(programs.tolist(), self.arity)

        def run(call: Call, inputs: tuple[Tensor, ...]) -> Tensor:
            if not inputs:
                inputs = (maps[[nodes.all[place].question for place in call.places]],)
            result: Tensor = self.functions[str(call.kind)](*inputs)
            return result

        logits: Tensor = self.classifier(torch.stack(run_all(nodes, run)))
        return logits


def nodes_of(programs: list[list[int]], arity: tuple[int, ...]) -> Nodes:
    """Find the modules of programs; equal parts of one program are one.

    Args:
        programs: Whole programs in prefix order, padded with 0.
        arity: Inputs of each token.

    Returns:
        The modules.
    """
    nodes: list[Node] = []
    last: list[int] = []
    for question, program in enumerate(programs):
        known: dict[tuple[int, ...], int] = {}
        stack: list[int] = []
        for step in range(len(program) - 1, -1, -1):
            kind = program[step]
            if kind == NULL:
                continue
            inputs = tuple(stack.pop() for _ in range(arity[kind]))
            key = (kind, *inputs)
            if key not in known:
                known[key] = len(nodes)
                nodes.append(Node(kind, inputs, question, step))
            stack.append(known[key])
        last.append(stack.pop())
    return Nodes(nodes, last)


def _module(n_inputs: int, config: PgEeConfig) -> UnaryModule | BinaryModule:
    kind = BinaryModule if n_inputs > 1 else UnaryModule
    return kind(config.width, has_norm=config.batch_norm)
