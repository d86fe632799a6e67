"""Questions per second of every row of a study's model, relative to its baseline.

Run ``python benchmarks/training.py [STUDY]``. Pictures and questions are random; one
thread; the rows take turns, so that a busy moment hits all alike.
"""

import sys
import time
from statistics import median

import torch

from film.model.build import build_network
from film.model.network import DataSizes
from studies.catalogue import find_study
from studies.row import Row

SIZES = DataSizes(n_words=60, n_answers=32, image_shape=(32, 8, 12))
N_TOKENS = 12


class Step:
    """One training step of a row's network, over and over."""

    def __init__(self, row: Row) -> None:
        self.label = row.label
        self.size = row.config.train.batch_size
        self.network = build_network(row.config.model, SIZES)
        self.optimizer = torch.optim.Adam(self.network.parameters(), fused=True)
        self.questions = torch.randint(1, SIZES.n_words, (self.size, N_TOKENS))
        self.images = torch.rand(self.size, *SIZES.image_shape)
        self.answers = torch.randint(0, SIZES.n_answers, (self.size,))
        self.speeds: list[float] = []

    def run(self) -> None:
        start = time.process_time()
        loss = torch.nn.functional.cross_entropy(
            self.network(self.questions, self.images), self.answers
        )
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.speeds.append(self.size / (time.process_time() - start))


def main() -> None:
    torch.set_num_threads(1)
    rows = find_study(sys.argv[1] if len(sys.argv) > 1 else "quick").rows
    steps = [Step(row) for row in rows]
    for _ in range(40):
        for step in steps:
            step.run()
    baseline = median(steps[0].speeds)
    for step in steps:
        speed = median(step.speeds)
        print(f"{step.label:28} {speed:7.0f} questions/s  {speed / baseline:5.2f} ×")


if __name__ == "__main__":
    main()
