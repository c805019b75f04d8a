"""What goes into the loss and comes out of it, whichever path computes it."""

from typing import NamedTuple

import torch
from torch import Tensor

from tenbin.errors import UserError


class Sums(NamedTuple):
    """A mean loss with what it is made of."""

    mean: Tensor
    """Nats per counted row, a float64 scalar."""
    losses: Tensor
    """[n] float32, nats."""
    hidden_gradient: Tensor
    """[n, width] float32, of the mean."""
    weight_gradient: Tensor
    """[vocabulary, width] float32, of the mean."""


def check_inputs(hidden: Tensor, weight: Tensor, targets: Tensor) -> None:
    """Hold shapes, types and targets against each other; a negative target is that of an ignored row.

    Raises ValueError or TypeError for tensors that do not fit, IndexError for targets outside the vocabulary, UserError
    if no row counts.
    """
    two_matrices = hidden.dim() == weight.dim() == 2
    if not two_matrices or hidden.shape[1] != weight.shape[1] or targets.shape != hidden.shape[:1]:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in (hidden, weight, targets))
        raise ValueError(f"hidden [n, width], weight [vocabulary, width], targets [n] expected, not {shapes}")
    if hidden.dtype != torch.float32 or weight.dtype != torch.float32 or targets.dtype != torch.int64:
        types = ", ".join(str(tensor.dtype) for tensor in (hidden, weight, targets))
        raise TypeError(f"hidden and weight must be float32 and targets int64, not {types}")
    highest = int(targets.max()) if len(targets) else -1
    if highest < 0:
        raise UserError("no token has a target, so there is no mean loss: check that the data are not all padding")
    if highest >= len(weight):
        raise IndexError(f"target {highest} is outside the vocabulary of {len(weight)}")


def describe_not_finite(hidden: Tensor, weight: Tensor) -> str | None:
    """Return which input holds the first NaN or infinity, and in which row; None if all are finite."""
    for name, values in (("weight", weight), ("hidden", hidden)):
        bad = values.isfinite().all(dim=1).logical_not_()
        if bad.any():
            return f"row {int(bad.to(torch.uint8).argmax())} of {name} holds a NaN or an infinity"
    return None
