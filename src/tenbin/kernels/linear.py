"""Linear layers whose products in fp32 are oneDNN's on x86 processors.

There torch hands products of fp32 matrices to MKL, by which a core of AMD's Zen 5 reaches 100 GFLOP/s; by oneDNN, which
ships inside torch and makes its code for the processor it finds, it reaches 230. Elsewhere, in other types, in the
narrowest layers, and where TENBIN_KERNEL says so, torch chooses.
"""

import os
import platform
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from tenbin.kernels.linear_cross_entropy import FORCED, TORCH

NARROWEST = 32
"""Width from which oneDNN is ahead: at 16 it is even in the products with inputs and behind in those with gradients."""


class Linear(nn.Linear):
    """`torch.nn.Linear` with a bias, of the same parameters and, but for rounding, results."""

    def forward(self, rows: Tensor) -> Tensor:
        """Return rows @ weight.T + bias: [..., in] to [..., out]."""
        if min(self.weight.shape) < NARROWEST or not _is_onednns(rows):
            return functional.linear(rows, self.weight, self.bias)
        product: Tensor = _Linear.apply(rows.flatten(0, -2), self.weight, self.bias)  # type: ignore[no-untyped-call]
        return product.view(*rows.shape[:-1], -1)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(context, rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        context.save_for_backward(rows, weight)
        return _multiply(rows, weight.t(), bias)

    @staticmethod
    def backward(context, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # type: ignore[no-untyped-def]
        rows, weight = context.saved_tensors
        return _multiply(gradient, weight), _weight_gradient(gradient, rows), gradient.sum(0)


def _weight_gradient(gradient: Tensor, rows: Tensor) -> Tensor:
    """Return gradient.T @ rows, made with the wider of the two as columns: a quarter faster than the other way."""
    if gradient.shape[1] <= rows.shape[1]:
        return _multiply(gradient.t(), rows)
    return _multiply(rows.t(), gradient).t().contiguous()


def _multiply(left: Tensor, right: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return left @ right + bias by oneDNN."""
    product: Tensor = torch.ops.mkldnn._linear_pointwise(left, right.t(), bias, "none", [], "")
    return product


def _is_onednns(rows: Tensor) -> bool:
    on_cpu = rows.device.type == "cpu" and rows.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")
    return on_cpu and _has_onednn() and os.environ.get(FORCED) != TORCH


@cache
def _has_onednn() -> bool:
    """Whether this torch has oneDNN and would not take it by itself, as it does on other processors than x86."""
    return platform.machine() == "x86_64" and torch._C._has_mkldnn
