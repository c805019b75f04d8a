"""GPUs that a placement counts on: absent, too few, enough."""

import pytest
import torch

from tenbin.errors import UserError
from tenbin.launching.gpus import require_gpus
from tenbin.study.execution import Placement


@pytest.mark.parametrize(
    ("found", "cuda", "message"),
    [(0, None, r"asks for 8 GPUs on each node, but torch .* is built without CUDA"), (4, "12.8", "sees 4 of them")],
)
def test_too_few_are_refused_with_what_is_there(monkeypatch, found, cuda, message):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: found)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    with pytest.raises(UserError, match=message):
        require_gpus(Placement(gpus_per_node=8))


def test_enough_or_none_wanted_are_taken(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 8)
    require_gpus(Placement(gpus_per_node=8))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    require_gpus(Placement())
