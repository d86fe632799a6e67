"""The process that plans a sweep, and then drives it, never touches CUDA itself."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.errors import LaunchError
from runner.planning.forecast import device_name, forecast
from runner.planning.graphics import Gpu, first_gpu
from runner.planning.probing import probe
from runner.planning.request import Choice, Request
from runner.store.workspace import Workspace
from runner.sweeping.workers import Workers

ON_A_GPU = Workers(jobs=1, device="cuda", n_gpus=1, gpus_per_trial=1.0)
TORCH = """
class cuda:
    @staticmethod
    def mem_get_info(): return 3 << 30, 4 << 30
    @staticmethod
    def get_device_name(): return "a GPU"
"""


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    first_gpu.cache_clear()
    yield
    first_gpu.cache_clear()


@pytest.fixture
def torch_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Give other processes, and them alone, another torch."""

    def is_now(text: str) -> None:
        (tmp_path / "path").mkdir()
        (tmp_path / "path/torch.py").write_text(text)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"))

    return is_now


def refuse(*_: object, **__: object) -> Any:
    pytest.fail("the driver's own process asks CUDA")


def test_a_forecast_asks_for_the_gpu_in_another_process(
    torch_is: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    study_file: Path,
    data: Path,
    workspace: Workspace,
) -> None:
    torch_is(TORCH)
    for name in ("mem_get_info", "get_device_name", "_lazy_init"):
        monkeypatch.setattr(f"torch.cuda.{name}", refuse)
    request = Request.of(str(study_file), Choice(), data, workspace)
    expected = forecast(request, request.plan_of({}), ON_A_GPU)
    assert expected is not None
    assert expected.gpu_memory_free == 3 << 30
    assert device_name(ON_A_GPU) == "a GPU"


def test_it_is_asked_once(
    torch_is: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch_is(TORCH)
    assert first_gpu() == Gpu(name="a GPU", free_bytes=3 << 30)
    monkeypatch.setattr(subprocess, "run", refuse)
    assert first_gpu() == Gpu(name="a GPU", free_bytes=3 << 30)


@pytest.mark.parametrize(
    "text",
    ["raise RuntimeError('no driver')", "import sys; sys.exit(0)", "cuda = None"],
)
def test_a_gpu_that_cannot_be_asked_is_not_known(
    torch_is: Callable[[str], None], text: str
) -> None:
    torch_is(text)
    assert first_gpu() is None
    assert device_name(ON_A_GPU) is None


def test_a_probe_on_a_gpu_that_does_not_answer_is_refused(
    torch_is: Callable[[str], None], study_file: Path, data: Path, workspace: Workspace
) -> None:
    torch_is("cuda = None")
    request = Request.of(str(study_file), Choice(), data, workspace)
    with pytest.raises(LaunchError, match=r"the GPU does not answer; `film doctor`"):
        next(probe(request, ON_A_GPU))


def test_a_driver_that_never_answers_is_left_alone(
    torch_is: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch_is("import time; time.sleep(60)")
    monkeypatch.setattr("runner.planning.graphics._PATIENCE_S", 0.2)
    assert first_gpu() is None
