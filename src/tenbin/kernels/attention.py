"""Causal attention with rotary positions, from the fused queries, keys and values to the mixed values.

At the head sizes and lengths of small models torch's attention on CPUs is slow: the compiled kernel beside the loss's
does a head of 8 at 512 positions eight times as fast, forward and backward, rotation and rearrangement included. Where
the library is not installed, and on GPUs, torch computes.
"""

import os

import torch
from torch import Tensor
from torch.nn import functional

from tenbin.kernels.compiled import ATTENTION, load_library, supported_paths
from tenbin.kernels.linear_cross_entropy import FORCED, TORCH
from tenbin.kernels.rotation import rotate


def causal_attention(fused: Tensor, rotation: Tensor) -> Tensor:
    """Return softmax(q k^T / sqrt(head size)) v over no later position, [batch, positions, heads * head size].

    fused [batch, positions, heads, (q, k, v), head size], not turned yet; rotation: cosines and sines [2, positions,
    pairs] by which the pairs (i, i + pairs) of queries and keys are turned (Su et al. 2021, as in GPT-NeoX). The result
    has fused's type; the compiled kernel computes in fp32.
    """
    path = attention_path() if fused.device.type == "cpu" else None
    if path is None:
        return _torch_attention(fused, rotation)
    mixed: Tensor = _Attention.apply(fused.float().contiguous(), rotation.contiguous(), path)  # type: ignore[no-untyped-call]
    return mixed.flatten(2).to(fused.dtype)


def attention_path() -> str | None:
    """Return the name of the compiled path that runs on this machine's CPU, None where torch computes.

    It belongs to the path of the loss if TENBIN_KERNEL names one in fp32.
    """
    forced = os.environ.get(FORCED, "")
    if forced == TORCH:
        return None
    processor, paths = forced.removesuffix("-fp32"), supported_paths(ATTENTION)
    return processor if processor in paths else next(iter(paths), None)


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(context, fused: Tensor, rotation: Tensor, path: str) -> Tensor:  # type: ignore[no-untyped-def]
        batch, positions, heads, _, head_size = fused.shape
        output = fused.new_empty(batch, positions, heads, head_size)
        log_sums = fused.new_empty(batch, heads, positions)
        _run(path, fused, rotation, (output, log_sums, None, None))
        context.save_for_backward(fused, rotation, output, log_sums)
        context.path = path
        return output

    @staticmethod
    def backward(context, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[no-untyped-def]
        fused, rotation, output, log_sums = context.saved_tensors
        fused_gradient = torch.empty_like(fused)
        _run(context.path, fused, rotation, (output, log_sums, gradient.contiguous(), fused_gradient))
        return fused_gradient, None, None


def _run(path: str, fused: Tensor, rotation: Tensor, results: tuple[Tensor | None, ...]) -> None:
    """Fill output and log_sums, the first two results; or, given the output's gradient, the fused one, the last.

    Threads are those of torch.
    """
    library = load_library()
    assert library is not None
    batch, positions, heads, _, head_size = fused.shape
    sizes = [batch, positions, heads, head_size, 2 * rotation.shape[2]]
    pointers = [None if tensor is None else tensor.data_ptr() for tensor in (fused, rotation, *results)]
    if library.attention_run(supported_paths(ATTENTION)[path], torch.get_num_threads(), *sizes, *pointers):
        raise MemoryError(f"no memory for the attention of {positions} positions: choose a smaller micro_batch")


def _torch_attention(fused: Tensor, rotation: Tensor) -> Tensor:
    query, key, value = rotate(fused, rotation).permute(3, 0, 2, 1, 4).unbind(0)
    mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    return mixed.transpose(1, 2).flatten(2)
