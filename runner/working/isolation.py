"""Gives every trial the same process to begin with, also one that ran others before.

What a trial computes follows from its settings and its seed alone. Torch and NumPy
keep settings and random numbers of the whole process, though: they are set here to
what a fresh process has, and what a trial changes ends with it.
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
import torch

__all__ = ["isolated"]

_SEED: Final = 0  # of numbers that nobody should draw


@contextmanager
def isolated(n_threads: int) -> Iterator[None]:
    """Begin as a fresh process does, and leave nothing behind.

    Args:
        n_threads: How many threads torch may use.

    Yields:
        Nothing.
    """
    variables, folder = dict(os.environ), os.getcwd()  # noqa: PTH109 - a string
    _begin_anew(n_threads)
    try:
        yield
    finally:
        _begin_anew(n_threads)
        _restore_environment(variables)
        os.chdir(folder)


def _begin_anew(n_threads: int) -> None:
    random.seed(_SEED)
    np.seterr(all="warn", under="ignore")
    np.random.seed(_SEED)  # noqa: NPY002 - it is the global one that is meant
    torch.manual_seed(_SEED)
    torch.set_num_threads(n_threads)
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(mode=True)
    torch.set_float32_matmul_precision("highest")
    torch.set_flush_denormal(False)
    if torch.are_deterministic_algorithms_enabled():  # to ask is cheap, to set is not
        torch.use_deterministic_algorithms(mode=False)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = False
    torch.backends.cudnn.allow_tf32 = True
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()  # others share the GPU


def _restore_environment(variables: dict[str, str]) -> None:
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    for name, value in variables.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
