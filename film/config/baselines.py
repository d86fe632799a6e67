"""The systems that the paper compares FiLM with."""

from typing import Annotated, Literal

from pydantic import Field

from film.config.choices import EnginePrograms, ImageInput
from film.config.fields import (
    Count,
    Decay,
    Epochs,
    Factor,
    Number,
    Pixels,
    Settings,
    Switch,
)

__all__ = [
    "CnnLstmConfig",
    "LstmConfig",
    "N2nmnConfig",
    "PgEeConfig",
    "RnConfig",
    "SaConfig",
]


class LstmConfig(Settings):
    """The baseline that answers without seeing a picture.

    It was trained with ``train.learning_rate`` 5e-4 and no ``train.weight_decay``.

    References:
        Johnson et al., CVPR 2017, Section 4.1 (LSTM); sizes as in the code of
        Johnson et al., ICCV 2017, https://github.com/facebookresearch/clevr-iep.
    """

    word_dim: Count = 300
    hidden: Count = 256
    n_layers: Count = 2
    classifier_hidden: tuple[Count, ...] = (1024,)


class CnnLstmConfig(Settings):
    """The baseline that has question and picture beside each other.

    It was trained with ``train.learning_rate`` 5e-4 and no ``train.weight_decay``.

    References:
        Johnson et al., CVPR 2017, Section 4.1 (CNN+LSTM), who average a ResNet's last
        maps; here as in the code of Johnson et al., ICCV 2017,
        https://github.com/facebookresearch/clevr-iep.
    """

    word_dim: Count = 300
    hidden: Count = 256
    n_layers: Count = 2
    projection: Count = 512  # maps, before squares of 2×2 are pooled
    classifier_hidden: tuple[Count, ...] = (1024,)


class SaConfig(Settings):
    """Stacked attention: the question looks at places of the picture, and again.

    SA answers linearly; SA+MLP has a ``classifier_hidden`` of (1024,), which is also
    what the code does unless it is told otherwise. It was trained with
    ``train.learning_rate`` 5e-4 and no ``train.weight_decay``. The row of Perez et al.
    is of Santoro et al., who trained a CNN of their own with it; its sizes are not
    published.

    References:
        Yang et al., CVPR 2016, https://arxiv.org/abs/1511.02274; sizes as in
        https://github.com/facebookresearch/clevr-iep.
    """

    word_dim: Count = 300
    hidden: Count = 256  # also maps of the picture: what is seen is added to the state
    n_layers: Count = 2
    attention_dim: Count = 512
    rounds: Count = 2
    # First weights of the attention Kaiming-normal, as in Perez et al.'s copy of the
    # code; else as torch draws them, as in the original.
    kaiming: Switch = True
    classifier_hidden: tuple[Count, ...] = ()


class RnConfig(Settings):
    """A relation network: every two places of the picture, with the question.

    From pixels it is the published network; each convolution halves the maps, so that
    128×128 pixels become 8×8 objects. On features, which it was never published for,
    the same convolutions run on these: one makes 7×7 objects of 14×14.

    It was trained with ``train.learning_rate`` 2.5e-4, batches of 64 on ten machines at
    once, hence ``train.batch_size`` 640, and 1.4 million steps. Others needed a
    learning rate of 5e-4 that begins low and doubles (``train.warmup_epochs``), and
    a ``train.weight_decay`` of 1e-4.

    References:
        Santoro et al., NIPS 2017, https://arxiv.org/abs/1706.01427, and its supplement;
        warm-up: https://github.com/mesnico/RelationNetworks-CLEVR.
    """

    input: ImageInput = ImageInput.PIXELS
    image_size: Count | None = 128  # pixels are scaled to its square, where given
    padding: Pixels = 4  # pixels that a picture is moved by at most, in training
    rotation: Annotated[Number, Field(ge=0)] = 0.05  # radians, at most, in training
    word_dim: Count = 32
    hidden: Count = 128
    n_layers: Count = 1
    convolutions: Count = 4
    width: Count = 24
    relation_hidden: Annotated[tuple[Count, ...], Field(min_length=1)] = (256,) * 4
    classifier_hidden: tuple[Count, ...] = (256, 256)
    dropout: Decay = 0.5  # of the last hidden layer


class PgEeConfig(Settings):
    """PG+EE: a program generator and an execution engine, trained in three stages.

    First the generator learns a number of known programs; then the engine learns to
    run programs; for what is left of ``train.max_epochs`` both learn from answers
    alone, the generator by REINFORCE. In every stage an epoch is as many questions
    as there are to train on, so that the generator sees the few that have programs
    many times over, and every stage has an optimiser, and under a decaying schedule a
    decay, of its own.

    The code trains 20,000, 100,000 and 100,000 batches of 64: with all of CLEVR, the
    epochs below and a ``train.max_epochs`` of 20. It has ``train.learning_rate``
    5e-4 and no ``train.weight_decay``. It runs true programs in its second stage,
    for every question, although its instructions say predicted ones; with few
    programs these alone keep to the number, and are the default.

    References:
        Johnson et al., ICCV 2017, https://arxiv.org/abs/1705.03633, Section 3; sizes
        as in https://github.com/facebookresearch/clevr-iep.
    """

    word_dim: Count = 300
    hidden: Count = 256
    n_layers: Count = 2
    max_length: Count = 30  # of what the generator writes
    width: Count = 128
    stem_layers: Count = 2
    projection: Count = 512
    classifier_hidden: tuple[Count, ...] = (1024,)
    batch_norm: Switch = False  # after convolutions and hidden layers; not published
    programs: Count | Literal["all"] = 18000  # how many are known; the seed says which
    generator_epochs: Epochs = 2
    engine_epochs: Epochs = 9
    engine_programs: EnginePrograms = EnginePrograms.PREDICTED
    joint_rate: Factor = 1.0  # of train.learning_rate, in the joint stage
    reward_decay: Decay = 0.9  # of the moving average that rewards are held against


class N2nmnConfig(Settings):
    """N2NMN: a layout policy and attention modules, trained in two stages.

    First the policy learns the layouts of all known programs, and the modules learn in
    these; for what is left of ``train.max_epochs`` the policy searches by REINFORCE,
    and both learn from answers alone. The code has ``train.learning_rate`` 1e-3,
    ``train.weight_decay`` 5e-6 (on half the squares of weights, biases left out) and
    80,000 batches of 64 in each stage; the search goes on from batch 50,000.

    References:
        Hu et al., ICCV 2017, https://arxiv.org/abs/1704.05526; sizes and stages as in
        https://github.com/ronghanghu/n2nmn.
    """

    word_dim: Count = 300
    module_dim: Count = 300
    hidden: Count = 512
    n_layers: Count = 2
    max_length: Annotated[int, Field(strict=True, ge=2)] = 10  # modules of a layout
    map_dim: Count = 250
    transform_kernel: Count = 5
    cloning_epochs: Epochs = 5
    search_rate: Factor = 0.1  # of train.learning_rate, in the search
    entropy: Annotated[Number, Field(ge=0)] = 0.005  # weight of the policy's entropy
    loss_decay: Decay = 0.99  # of the moving average that losses are held against
    max_gradient: Factor | None = 10.0  # norm, of each weight's by itself
