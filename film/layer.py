"""FiLM for any network: a vector scales and shifts the feature maps of another.

The layer of the paper by itself, on vectors, sequences, pictures or volumes, for
whatever can be a vector: a question, a text, a sound, a class. The network of
`film.model.network` computes by the same two functions.

References:
    Perez et al., AAAI 2018, Section 2, Equations 1 to 3.
"""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from film.config import Beta, FilmConfig, GammaConstraint
from film.model.modulation import constrain, modulate

__all__ = ["FiLM", "LinearGenerator", "modulate"]

Parameters = tuple[Float[Tensor, "batch channels"], Float[Tensor, "batch channels"]]


class LinearGenerator(nn.Module):
    """Map a vector linearly to γ and β of one layer, or of several.

    Weights start Kaiming-uniform and biases as torch draws them, as in the authors'
    code. Where weight and bias are zeroed, and γ is not squashed, it starts as the
    identity.

    Args:
        n_condition: Numbers of the vector.
        n_channels: Feature maps of every layer that is modulated.
        gamma: What γ may be: f of the linear map's output, plus the baseline.
        gamma_baseline: What is added to f; with no f, γ = 1 + Δγ. The paper's ranges of
            squashed γ, (0, 1), (−1, 1) and (0, ∞), need 0.
        beta: What β may be.

    Raises:
        ValueError: A size is less than 1, there is no layer, or a constraint unknown.

    References:
        Perez et al., AAAI 2018, Section 2.1 and, on 1 + Δγ, the appendix.
    """

    def __init__(
        self,
        n_condition: int,
        n_channels: Sequence[int],
        *,
        gamma: GammaConstraint | str = GammaConstraint.NONE,
        gamma_baseline: float = 1.0,
        beta: Beta | str = Beta.LEARNED,
    ) -> None:
        super().__init__()
        if not n_channels or min(n_condition, *n_channels) < 1:
            raise ValueError(
                "sizes should be at least 1, for at least one layer; got a vector of "
                f"{n_condition} and layers of {list(n_channels)} channels"
            )
        self.n_channels = tuple(n_channels)
        self.constraints = FilmConfig(
            gamma=GammaConstraint(gamma), gamma_baseline=gamma_baseline, beta=Beta(beta)
        )
        self.linear = nn.Linear(n_condition, 2 * sum(n_channels))
        nn.init.kaiming_uniform_(self.linear.weight)

    def forward(self, condition: Float[Tensor, "batch condition"]) -> list[Parameters]:
        """Generate the parameters of every layer.

        Args:
            condition: One vector per example.

        Returns:
            γ and β of each layer, each of shape (batch, channels).
        """
        raw = self.linear(condition).split([2 * n for n in self.n_channels], dim=1)
        return [constrain(one, self.constraints) for one in raw]


class FiLM(nn.Module):
    """One layer: ``γ(condition) · features + β(condition)``, for every feature map.

    Args:
        n_condition: Numbers of the vector that conditions.
        n_channels: Feature maps.
        gamma: As of `LinearGenerator`.
        gamma_baseline: Likewise.
        beta: Likewise.

    References:
        Perez et al., AAAI 2018, Section 2.1, Equations 1 and 2.
    """

    def __init__(
        self,
        n_condition: int,
        n_channels: int,
        *,
        gamma: GammaConstraint | str = GammaConstraint.NONE,
        gamma_baseline: float = 1.0,
        beta: Beta | str = Beta.LEARNED,
    ) -> None:
        super().__init__()
        self.generator = LinearGenerator(
            n_condition,
            [n_channels],
            gamma=gamma,
            gamma_baseline=gamma_baseline,
            beta=beta,
        )

    def forward(
        self,
        features: Float[Tensor, "batch channels *places"],
        condition: Float[Tensor, "vectors condition"],
    ) -> Float[Tensor, "batch channels *places"]:
        """Scale and shift every feature map of every example.

        Args:
            features: A vector per example, a sequence, a picture, a volume, ...
            condition: A vector per example.

        Returns:
            Features of the same shape.

        Raises:
            ValueError: There are more or fewer channels, or examples, than vectors for
                them.
        """
        (n_channels,) = self.generator.n_channels
        if features.shape[1] != n_channels or len(features) != len(condition):
            raise ValueError(
                f"features of shape {tuple(features.shape)} should be ({len(condition)}"
                f", {n_channels}, ...), as many as there are conditions and channels"
            )
        ((gamma, beta),) = self.generator(condition)
        return modulate(features, gamma, beta)
