"""What a rank does before GPT-NeoX takes over."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tenbin.errors import UserError
from tenbin.neox import rank_program

ON_THE_CPU = """
import os, sys
os.environ |= {"LOCAL_WORLD_SIZE": "3", "DS_ACCELERATOR": "cpu"}
import torch
from tenbin.neox.cpu import pretend_cuda
from tenbin.neox.importing import make_importable
pretend_cuda()
assert torch.cuda.LongTensor([1, 2]).dtype == torch.int64
assert torch.cuda.current_device() == torch.device("cpu")
assert torch.cuda.device_count() == 3
assert torch.cuda.set_device(1) is None and torch.cuda.synchronize() is None
state = torch.cuda.get_rng_state()
drawn = torch.rand(3)
torch.cuda.set_rng_state(state)
assert torch.equal(torch.rand(3), drawn)
assert torch.ones(2).cuda(0).device.type == "cpu"
assert next(torch.nn.Linear(2, 2).cuda().parameters()).device.type == "cpu"
make_importable("/checkout")
assert sys.path[0] == "/checkout"
from pkg_resources import packaging
assert packaging.version.Version("2.3.0") < packaging.version.Version("2.10")
"""


@pytest.mark.slow
def test_torch_cuda_means_the_cpu_where_there_is_no_gpu(repository: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(repository / "src")}
    done = subprocess.run(
        [sys.executable, "-c", ON_THE_CPU], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_fewer_gpus_than_planned_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rank_program._require_gpus(0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    rank_program._require_gpus(4)
    with pytest.raises(UserError, match=r"8 GPUs are planned for each node, and torch .* can use 4 of this one"):
        rank_program._require_gpus(8)


def test_a_torch_without_cuda_has_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="can use 0 of this one"):
        rank_program._require_gpus(1)
