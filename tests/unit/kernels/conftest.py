"""Every test of the loss runs on every path that this processor has."""

from collections.abc import Callable, Iterator

import pytest
import torch

from tenbin.kernels import compiled
from tenbin.kernels.linear_cross_entropy import FORCED, TORCH

FP32_PATHS = [*(name for name in compiled.supported_paths() if name.endswith("-fp32")), TORCH]


@pytest.fixture(params=FP32_PATHS)
def fp32_path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(FORCED, request.param)
    return request.param


@pytest.fixture
def set_threads() -> Iterator[Callable[[int], None]]:
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)
