"""FiLM's layer works alone, on maps of any shape and for any vector."""

import re
from pathlib import Path

import pytest
import torch

from film.layer import FiLM, LinearGenerator, modulate

PAGE = Path(__file__).parents[2] / "docs" / "film-layer.md"
SHAPES = [(), (5,), (2, 3), (2, 3, 2)]


def examples() -> list[str]:
    return re.findall(
        r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )


def run(code: str, capsys: pytest.CaptureFixture[str]) -> str:
    exec(compile(code, str(PAGE), "exec"), {})  # noqa: S102 - ours, as a reader does
    return capsys.readouterr().out


def test_the_example_of_the_page_trains_and_prints_what_the_page_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    numbers = re.search(r"prints `(\d+)% are.*\snetwork gets (\d+)%", text, re.DOTALL)
    assert numbers is not None
    said, deaf = numbers.groups()
    code = examples()[0]
    without = code.replace(
        "layers[1](layers[0](signals), one_hot(asked, 4).float())", "layers[0](signals)"
    )
    assert without != code
    for wanted, program in ((said, code), (deaf, without)):
        found = re.fullmatch(r"(\d+)% are right\n", run(program, capsys))
        assert found is not None
        assert int(found[1]) == pytest.approx(int(wanted), abs=2)
    assert int(said) > int(deaf) + 20


def test_every_other_example_of_the_page_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert len(examples()) > 1
    for code in examples()[1:]:
        assert run(code, capsys) == ""


@pytest.mark.parametrize("places", SHAPES, ids=str)
def test_every_map_is_scaled_and_shifted_by_its_own_numbers(
    places: tuple[int, ...],
) -> None:
    torch.manual_seed(0)
    film, condition = FiLM(3, 4), torch.randn(2, 3)
    features = torch.randn(2, 4, *places)
    weight, bias = film.generator.linear.weight, film.generator.linear.bias
    with torch.no_grad():
        found = film(features, condition)
        for example in range(2):
            said = weight @ condition[example] + bias
            for channel in range(4):
                gamma, beta = 1 + said[channel], said[4 + channel]
                expected = gamma * features[example, channel] + beta
                torch.testing.assert_close(found[example, channel], expected)
    assert found.shape == features.shape


def test_a_generator_of_several_layers_gives_each_its_own() -> None:
    torch.manual_seed(0)
    generator, condition = LinearGenerator(3, [2, 5]), torch.randn(4, 3)
    raw = generator.linear(condition)
    (gamma1, beta1), (gamma2, beta2) = generator(condition)
    assert torch.equal(gamma1, 1 + raw[:, 0:2])
    assert torch.equal(beta1, raw[:, 2:4])
    assert torch.equal(gamma2, 1 + raw[:, 4:9])
    assert torch.equal(beta2, raw[:, 9:14])


def test_zeroed_weights_make_it_the_identity() -> None:
    film = FiLM(3, 4)
    for parameter in film.parameters():
        torch.nn.init.zeros_(parameter)
    features = torch.randn(2, 4, 6)
    assert torch.equal(film(features, torch.randn(2, 3)), features)


@pytest.mark.parametrize(
    ("gamma", "lowest", "highest"),
    [("sigmoid", 0, 1), ("tanh", -1, 1), ("exp", 0, float("inf")), ("one", 1, 1)],
)
def test_gamma_keeps_to_its_range(gamma: str, lowest: float, highest: float) -> None:
    torch.manual_seed(0)
    baseline = 1.0 if gamma == "one" else 0.0
    film = LinearGenerator(3, [50], gamma=gamma, gamma_baseline=baseline)
    with torch.no_grad():
        ((scale, _),) = film(torch.randn(20, 3))
    assert lowest <= float(scale.min()) <= float(scale.max()) <= highest


def test_beta_may_be_left_out() -> None:
    ((_, beta),) = LinearGenerator(3, [4], beta="zero")(torch.randn(2, 3))
    assert torch.equal(beta, torch.zeros(2, 4))


def test_the_condition_gets_a_gradient() -> None:
    condition = torch.randn(2, 3, requires_grad=True)
    FiLM(3, 4)(torch.randn(2, 4, 5), condition).square().sum().backward()
    assert condition.grad is not None
    assert bool((condition.grad != 0).all())


def test_what_does_not_fit_is_named() -> None:
    film = FiLM(3, 4)
    with pytest.raises(
        ValueError, match=r"shape \(2, 5, 6\) should be \(2, 4, \.\.\.\)"
    ):
        film(torch.zeros(2, 5, 6), torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"shape \(2, 4\) should be \(1, 4, \.\.\.\)"):
        film(torch.zeros(2, 4), torch.zeros(1, 3))
    with pytest.raises(ValueError, match=r"a vector of 3 and layers of \[4, 0\]"):
        LinearGenerator(3, [4, 0])
    with pytest.raises(ValueError, match="'relu' is not a valid GammaConstraint"):
        FiLM(3, 4, gamma="relu")


def test_modulating_a_vector_needs_no_places() -> None:
    found = modulate(torch.ones(1, 2), torch.tensor([[2.0, 3.0]]), torch.ones(1, 2))
    assert found.tolist() == [[3.0, 4.0]]
