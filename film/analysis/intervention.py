"""What the network does when γ or β are disturbed at test time.

A parameter is replaced by its mean over training questions, in all blocks or in one, so
that it no longer says anything of the question; or Gaussian noise is added to it.

References:
    Perez et al., AAAI 2018, Section 4.2 and Figure 7. Neither the paper nor the code of
    its authors says how large the noise was.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from film.analysis.model import TrainedModel, one_thread
from film.analysis.parameters import Parameters, generate
from film.analysis.record import Analysis
from film.data.dataset import Batch, QuestionDataset
from film.errors import AnalysisError
from film.training.evaluation import autocast
from film.training.seeding import seed_for

__all__ = ["BOTH", "NOISES", "N_QUESTIONS", "N_SEEDS", "disturb"]

N_QUESTIONS: Final = 10_000
"""How many are answered unless more are asked for: every one is, some sixty times."""

NOISES: Final = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
"""Standard deviations of the noise that is added."""

N_SEEDS: Final = 3
"""How often the noise of one size is drawn."""

BOTH: Final = "γ and β"
"""Names what is replaced where both are, so that no question is heard."""

_MOST_TRAIN: Final = 50_000  # questions that the means are over


_Values = Mapping[str, Tensor]  # γ and β by letter: questions × layers × channels


@dataclass(frozen=True)
class _Replaced:
    """A parameter is its mean, in one block or in all (0)."""

    parameter: str
    layer: int

    # γ and β of some questions, changed.
    def of(self, values: _Values, trial: "_Trial") -> _Values:
        layers = trial.layers
        places = [at for at, one in enumerate(layers) if self.layer in (0, one)]
        changed = dict(values)
        for name in values:
            if self.parameter in (name, BOTH):
                changed[name] = values[name].clone()
                changed[name][:, places] = trial.means[name][places]
        return changed


@dataclass(frozen=True)
class _Noisy:
    """A parameter has noise added to it, in all blocks."""

    parameter: str
    seed: int
    sd: float

    def of(self, values: _Values, trial: "_Trial") -> _Values:
        added = self.sd * trial.drawn[self.parameter, self.seed]
        return {**values, self.parameter: values[self.parameter] + added}


def disturb(
    model: TrainedModel,
    split: str,
    n_questions: int | None = None,
    *,
    noises: Sequence[float] = NOISES,
    n_seeds: int = N_SEEDS,
) -> Analysis:
    """Answer questions with γ or β replaced, or with noise added.

    What no question changes, as β where it is 0, is left alone. The noise of a seed is
    the same for every size but for its scale, so that curves are smooth.

    Tables: ``replaced`` (``parameter``, ``layer`` with 0 for all, ``accuracy``; the
    first line is of the network as it is, without a parameter) and ``noise``
    (``parameter``, ``noise``, ``seed``, ``accuracy``). Arrays: ``scenes``, the image of
    each question, and ``right``, whether each is answered rightly in each line of
    ``replaced``, eight to a byte.

    Args:
        model: The run.
        split: Whose questions.
        n_questions: How many, from the first on; None is 10,000.
        noises: Standard deviations of what is added.
        n_seeds: How often noise is drawn.

    Returns:
        What was found.

    Raises:
        AnalysisError: The network has no γ and β, or the split no answers.
    """
    questions = model.open(split, n_questions or N_QUESTIONS)
    if not questions.has_answers:
        raise AnalysisError(f"{split} has questions without answers: nothing to judge")
    found = generate(model, questions)
    train = model.open_learnt(_MOST_TRAIN)
    trial = _Trial(model, found, generate(model, train))
    varied = [name for name in found.by_name if name not in found.fixed()]
    replaced = list(_replacements(varied, found.layers))
    noisy = [
        _Noisy(name, seed, float(size))
        for name in varied
        for seed in range(n_seeds)
        for size in sorted(noises)
    ]
    right = trial.judge(questions, [None, *replaced, *noisy])
    n_kept = 1 + len(replaced)
    accuracies = right.mean(axis=1)
    return Analysis(
        tables={
            "replaced": _replaced_table(replaced, accuracies[:n_kept]),
            "noise": _noise_table(noisy, accuracies[n_kept:]),
        },
        arrays={
            "right": np.packbits(right[:n_kept], axis=1),
            "scenes": questions.image_ids,
        },
        about={
            **model.about(questions, split),
            "layers": list(found.layers),
            "fixed": found.fixed(),
            "means_over": len(train),
            "noise_seeds": n_seeds,
        },
    )


class _Trial:
    """Answers the same questions again and again, with other γ and β."""

    def __init__(
        self, model: TrainedModel, found: Parameters, train: Parameters
    ) -> None:
        self._model = model
        self._given = dict(zip(found.by_name, found.given, strict=True))
        self.layers = found.layers
        self.means = {
            name: torch.from_numpy(values.mean(axis=0, dtype=np.float64)).float()
            for name, values in zip(train.by_name, train.given, strict=True)
        }
        self.drawn: dict[tuple[str, int], Tensor] = {}

    # Whether each question is answered rightly; None leaves γ and β as they are.
    def judge(
        self,
        questions: QuestionDataset,
        disturbances: Sequence[_Replaced | _Noisy | None],
    ) -> Bool[np.ndarray, "disturbances questions"]:
        generators = {
            (one.parameter, one.seed): torch.Generator().manual_seed(
                seed_for(one.seed, f"noise on {one.parameter}")
            )
            for one in disturbances
            if isinstance(one, _Noisy)
        }
        right: list[Tensor] = []
        start = 0
        with one_thread():
            for batch in self._model.batches(questions):
                stop = start + len(batch.answers)
                values = {
                    name: torch.from_numpy(some[start:stop])
                    for name, some in self._given.items()
                }
                shape = values["γ"].shape
                self.drawn = {
                    key: torch.randn(shape, generator=generator)
                    for key, generator in generators.items()
                }
                changed = (
                    values if one is None else one.of(values, self)
                    for one in disturbances
                )
                right.append(self._right(batch, changed))
                start = stop
        return torch.cat(right, dim=1).numpy()

    # The stem sees each picture once.
    def _right(self, batch: Batch, changed: Iterable[_Values]) -> Tensor:
        network = self._model.film
        with autocast("cpu", self._model.config.train.precision):
            maps = network.stem(batch.images)
            given = [
                network.answer_maps(maps, *map(self._in_all_blocks, one.values()))
                for one in changed
            ]
        return torch.stack([one.argmax(dim=1) == batch.answers for one in given])

    # A block that does not hear the question does not look at what it is given.
    def _in_all_blocks(self, values: Tensor) -> Tensor:
        n_questions, _, width = values.shape
        every = torch.zeros(n_questions, self._model.config.model.n_blocks, width)
        every[:, [layer - 1 for layer in self.layers]] = values
        return every


def _replacements(varied: Sequence[str], layers: Sequence[int]) -> Iterator[_Replaced]:
    parameters = [*varied, BOTH] if len(varied) > 1 else varied
    for layer in (0, *layers) if len(layers) > 1 else (0,):
        for parameter in parameters:
            yield _Replaced(parameter, layer)


def _replaced_table(
    replaced: Sequence[_Replaced], accuracies: Float[np.ndarray, " lines"]
) -> pd.DataFrame:
    lines = [("", 0), *((one.parameter, one.layer) for one in replaced)]
    frame = pd.DataFrame(lines, columns=["parameter", "layer"])
    return frame.assign(accuracy=accuracies)


def _noise_table(
    noisy: Sequence[_Noisy], accuracies: Float[np.ndarray, " lines"]
) -> pd.DataFrame:
    lines = [(one.parameter, one.sd, one.seed) for one in noisy]
    frame = pd.DataFrame(lines, columns=["parameter", "noise", "seed"])
    return frame.assign(accuracy=accuracies)
