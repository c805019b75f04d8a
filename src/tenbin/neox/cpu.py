"""GPT-NeoX on a machine without CUDA: what it asks of torch.cuda is answered by the CPU, from outside its files.

GPT-NeoX calls `torch.cuda` by name in many places and asserts that CUDA is there. Each call that training reaches is
given the meaning it would have if the CPU were the only device. Nothing of this runs where a GPU is used.
"""

import os
from functools import partial
from types import ModuleType
from typing import Any

import deepspeed
import torch

TENSOR_TYPES = ("Byte", "Double", "Float", "Half", "BFloat16", "Int", "Long")


def pretend_cuda() -> None:
    """Let `torch.cuda` and `.cuda()` mean the CPU in this process; one "device" for each rank of the node."""
    # An extension of DeepSpeed's for ranks of one machine would be compiled, too; gloo does without.
    deepspeed.ops.__compatible_ops__ = {}
    cuda: Any = torch.cuda
    for name in TENSOR_TYPES:
        setattr(cuda, f"{name}Tensor", getattr(torch, f"{name}Tensor"))
    cuda.current_device = lambda: torch.device("cpu")
    cuda.device_count = lambda: int(os.environ["LOCAL_WORLD_SIZE"])
    # One function each: torch refuses one under two names.
    cuda.set_device = lambda *_: None
    cuda.synchronize = lambda *_: None
    cuda.get_rng_state = lambda *_: torch.get_rng_state()
    cuda.set_rng_state = lambda state, *_: torch.set_rng_state(state)
    movable: tuple[Any, ...] = (torch.Tensor, torch.nn.Module)
    for kind in movable:
        kind.cuda = _itself


def allow_no_cuda(training: ModuleType) -> None:
    """Let `megatron.training` start without CUDA, as it does for other programs of its own."""
    training.initialize_megatron = partial(training.initialize_megatron, allow_no_cuda=True)  # type: ignore[attr-defined]


def _itself(moved: Any, *_arguments: object, **_options: object) -> Any:
    return moved
