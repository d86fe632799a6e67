"""From the last maps to the scores of the answers."""

from jaxtyping import Float
from torch import Tensor, nn

from film.config import Coordinates, ModelConfig, Pooling
from film.model.coordinates import with_coordinates
from film.model.norm import norm_layer

__all__ = ["Classifier"]


class Classifier(nn.Module):
    """A 1×1 convolution, pooling over all positions, and a small MLP.

    References:
        Perez et al., AAAI 2018, Section 3; normalisation as in the authors' code,
        which has one after the convolution and one after each hidden layer.
    """

    def __init__(self, config: ModelConfig, *, n_answers: int) -> None:
        super().__init__()
        settings = config.classifier
        self.pooling = settings.pooling
        self.uses_coordinates = config.coordinates is not Coordinates.NONE
        n_coordinates = 2 if self.uses_coordinates else 0
        groups = config.norm_groups
        self.conv = nn.Conv2d(config.width + n_coordinates, settings.projection, 1)
        self.conv_norm = norm_layer(settings.norm, settings.projection, groups=groups)
        self.hidden = nn.Sequential()
        inputs = settings.projection
        for width in settings.hidden:
            self.hidden.append(nn.Linear(inputs, width))
            self.hidden.append(
                norm_layer(settings.norm, width, groups=groups, spatial=False)
            )
            self.hidden.append(nn.ReLU())
            inputs = width
        self.answer = nn.Linear(inputs, n_answers)

    def locate(
        self, maps: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch projection height width"]:
        """Compute the maps that are pooled, which show what the model looks at.

        Args:
            maps: The last block's output.

        Returns:
            Non-negative maps (Figure 4 of the paper is made from these).
        """
        if self.uses_coordinates:
            maps = with_coordinates(maps)
        return nn.functional.relu(self.conv_norm(self.conv(maps)))

    def forward(
        self, maps: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch answers"]:
        """Score the answers.

        Args:
            maps: The last block's output.

        Returns:
            Logits.
        """
        maps = self.locate(maps)
        match self.pooling:
            case Pooling.MAX:
                pooled = maps.amax(dim=(2, 3))
            case Pooling.AVERAGE:
                pooled = maps.mean(dim=(2, 3))
        logits: Tensor = self.answer(self.hidden(pooled))
        return logits
