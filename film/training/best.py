"""The best weights of a finished run: to judge, to ask, or to train further.

References:
    Perez et al., AAAI 2018, Section 4.4 and the authors' ``film_humans.sh``: words that
    the network never read begin near zero, N(0, 0.01²).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from film.config import Config
from film.data.vocabulary import CLEVR_PROGRAM_TOKENS, SPECIAL_TOKENS, Vocabulary
from film.errors import TrainingError
from film.model.build import build_network
from film.model.network import DataSizes
from film.training.checkpoint import load_tensors, save_tensors

__all__ = ["UNKNOWN_DATA", "Best"]

UNKNOWN_DATA: Final = "unknown"
"""What stands for the data of weights that were trained elsewhere."""


_NEW_WORD_SD: Final = 0.01
_RUN: Final = ("settings", "seed", "data")
_PROGRAMS: Final = {
    token: number
    for number, token in enumerate((*SPECIAL_TOKENS, *CLEVR_PROGRAM_TOKENS))
}


@dataclass(frozen=True, kw_only=True)
class Best:
    """What ``best.pt`` holds.

    Attributes:
        run: What was trained: settings, seed and data.
        config: The network and its training.
        sizes: What the network was fed.
        vocabulary: The words and answers that its numbers mean.
        epoch: After which the weights were best.
        weights: By name.
    """

    run: Mapping[str, Any]
    config: Config
    sizes: DataSizes
    vocabulary: Vocabulary
    epoch: int
    weights: Mapping[str, Tensor]

    @classmethod
    def read(cls, path: Path) -> "Best":
        """Read the weights back; nothing in the file can run code.

        Args:
            path: A ``best.pt``.

        Returns:
            What it holds.

        Raises:
            TrainingError: It is missing, broken, or something else.
        """
        content = load_tensors(path)
        try:
            words, sizes = content["vocabulary"], content["sizes"]
            return cls(
                run={name: content[name] for name in _RUN},
                config=Config.from_tree(content["config"]),
                sizes=DataSizes(
                    **{**sizes, "image_shape": tuple(sizes["image_shape"])}
                ),
                vocabulary=Vocabulary(
                    question_token_to_idx=words["question_token_to_idx"],
                    program_token_to_idx=words.get("program_token_to_idx", _PROGRAMS),
                    answer_token_to_idx=words["answer_token_to_idx"],
                ),
                epoch=content["epoch"],
                weights=content["network"],
            )
        except (KeyError, TypeError) as error:
            raise TrainingError(
                f"{path}: holds no weights of a finished run (no {error})"
            ) from None

    def save(self, path: Path, *, val_accuracy: float) -> None:
        """Write the weights, whole or not at all.

        Args:
            path: A ``best.pt``, replaced if it exists.
            val_accuracy: What they were chosen for, a fraction.
        """
        content = {
            **self.run,
            "config": self.config.model_dump(mode="json"),
            "sizes": asdict(self.sizes),
            "vocabulary": {
                "question_token_to_idx": dict(self.vocabulary.question_token_to_idx),
                "program_token_to_idx": dict(self.vocabulary.program_token_to_idx),
                "answer_token_to_idx": dict(self.vocabulary.answer_token_to_idx),
            },
            "epoch": self.epoch,
            "val_accuracy": val_accuracy,
            "network": dict(self.weights),
        }
        save_tensors(content, path)

    def network(self) -> nn.Module:
        """Build the network, with these weights.

        Returns:
            On the CPU, in eval mode.
        """
        network = build_network(self.config.model, self.sizes)
        network.load_state_dict(dict(self.weights))
        return network.eval()

    def start(self, network: nn.Module, words: Vocabulary, *, seed: int) -> None:
        """Give a network these weights; words that are new to them begin near zero.

        Args:
            network: Of the same settings, for as many words or more.
            words: What it will read; known words have to keep their numbers.
            seed: Of the embeddings of new words.

        Raises:
            TrainingError: Words or answers have other numbers, or the network is of
                other settings.
        """
        self._refuse_other_numbers(words)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            weights = dict(self.weights)
            for name, layer in network.named_modules():
                if isinstance(layer, nn.Embedding):
                    known = weights.get(f"{name}.weight")
                    n_new = layer.num_embeddings - (0 if known is None else len(known))
                    if known is not None and n_new > 0:
                        new = torch.randn(n_new, layer.embedding_dim) * _NEW_WORD_SD
                        weights[f"{name}.weight"] = torch.cat([known, new])
        try:
            network.load_state_dict(weights)
        except RuntimeError as error:
            line = str(error).splitlines()[-1].strip()
            raise TrainingError(
                f"the weights to start from are of another network: {line}"
            ) from None

    def _refuse_other_numbers(self, words: Vocabulary) -> None:
        mine = self.vocabulary.question_words
        if words.question_words[: len(mine)] != mine:
            raise TrainingError(
                "the words that the weights to start from know have other numbers in "
                "the data; prepare these with --vocabulary, the vocab.json of the data "
                "that the weights learnt from, and --expand"
            )
        if dict(words.answer_token_to_idx) != dict(self.vocabulary.answer_token_to_idx):
            raise TrainingError(
                "the answers that the weights to start from give have other numbers in "
                "the data; prepare these with --vocabulary, the vocab.json of the data "
                "that the weights learnt from"
            )
