"""PG+EE: a question becomes a program, and the program a network that answers.

References:
    Johnson et al., *Inferring and Executing Programs for Visual Reasoning*, ICCV 2017,
    https://arxiv.org/abs/1705.03633; the rows PG+EE of Perez et al., AAAI 2018,
    Tables 1 and 4.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from film.config import PgEeConfig
from film.model.baselines.execution_engine import ExecutionEngine
from film.model.baselines.prefix import Reading, arities, without_start
from film.model.baselines.program_generator import ProgramGenerator
from film.model.network import DataSizes

__all__ = ["PgEe"]


class PgEe(nn.Module):
    """A program generator and an execution engine.

    As a network of questions and pictures it runs the likeliest program, token by
    token, of each question. How it is trained, in three stages, is
    `film.training.objective`'s.

    Args:
        config: Its sizes.
        sizes: What it is fed; the programs' vocabulary has to be CLEVR's.
        generator_seed: Seed of the first weights of what writes programs.
        network_seed: Seed of those of what runs them, so that neither moves the other.
    """

    arity: Tensor

    def __init__(
        self,
        config: PgEeConfig,
        sizes: DataSizes,
        *,
        generator_seed: int = 0,
        network_seed: int = 1,
    ) -> None:
        super().__init__()
        arity = arities(sizes.program_words)
        self.scene = sizes.program_words.index("scene")
        self.register_buffer("arity", torch.tensor(arity), persistent=False)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(generator_seed)
            self.generator = ProgramGenerator(
                config, n_words=sizes.n_words, arity=arity, scene=self.scene
            )
            torch.manual_seed(network_seed)
            self.engine = ExecutionEngine(config, sizes, arity)

    @property
    def question_side(self) -> list[nn.Module]:
        """What reads the question."""
        return [self.generator]

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
        """Score every answer, and say by which programs.

        Args:
            questions: Token ids, padded on the right with 0.
            images: Features.

        Returns:
            Logits, and the programs, in prefix order, padded with 0.
        """
        programs = self.write(questions)
        return self.engine(images, programs), programs

    @torch.no_grad()
    def write(
        self, questions: Int[Tensor, "batch tokens"]
    ) -> Int[Tensor, "batch length"]:
        """Write the likeliest program of each question, token by token.

        Args:
            questions: Token ids, padded on the right with 0.

        Returns:
            Whole programs in prefix order, padded with 0.
        """
        return self.generator.write(questions).programs

    def read(
        self, programs: Int[Tensor, "batch length"]
    ) -> Int[Tensor, "batch longer"]:
        """Make programs of a store such as can be run.

        Args:
            programs: In prefix order, from ``<START>`` on.

        Returns:
            Whole programs in prefix order, padded with 0.
        """
        return Reading.of(without_start(programs), self.arity, self.scene).programs

    def is_right(
        self,
        predicted: Int[Tensor, "batch length"],
        programs: Int[Tensor, "batch store_length"],
    ) -> Bool[Tensor, " batch"]:
        """Compare programs, token by token, with those that a store has.

        Args:
            predicted: Whole programs, as `write` gives them.
            programs: From ``<START>`` on.

        Returns:
            Whether each is run as the store's is.
        """
        true = self.read(programs)
        longer = max(predicted.shape[1], true.shape[1])
        one, other = (
            nn.functional.pad(some, (0, longer - some.shape[1]))
            for some in (predicted, true)
        )
        return (one == other).all(dim=1)
