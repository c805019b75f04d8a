"""Output layer and cross-entropy in pure torch, chunk by chunk, so that all logits are never stored.

This is what runs where no compiled kernel is: without a compiler at installation, or on a GPU. A chunk of logits is
made, exponentiated in place and used up at once for the loss and for both gradients. With e = exp(h W^T) and s its row
sums, for n counted rows with targets t:

    loss = mean(log s - h . w_t)
    dh   = (e W / s - w_t) / n
    dW   = (e^T (h / s) - sum of h over the rows of each target) / n

so that no pass over the logits divides or subtracts. Row sums come out of the product e [W | 1].
"""

import torch
from torch import Tensor

from tenbin.kernels.inputs import Sums

CHUNK_BYTES = 4 << 20
"""Logits held at a time: larger chunks leave the cache, smaller ones starve the matrix product."""
MIN_CHUNK_ROWS = 64
SAFE_LOGIT = 60.0
"""exp(+-60) and sums of 1e9 such terms are ordinary float32 numbers: no shift by the row maximum is needed."""


def path_name(numerics: str) -> str:
    """Return this path's name in logs and in the markers of trained segments."""
    return f"torch-chunked-{numerics}"


def token_losses(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """Return the loss in nats of every row [n], float32; 0 where the target is negative."""
    log_sums = hidden.new_empty(len(hidden))
    bounded = _logits_are_bounded(hidden, weight)
    for rows in _chunks(len(hidden), len(weight)):
        exponentials, shift = _exponentials(hidden[rows], weight, None, bounded)
        log_sums[rows] = exponentials.sum(dim=1).log_() + shift
    return _losses(log_sums, hidden, weight, targets)


def loss_and_gradients(hidden: Tensor, weight: Tensor, targets: Tensor) -> Sums:
    """Return the mean loss over rows whose target is not negative, every row's loss, and both gradients of the mean."""
    count, width = hidden.shape
    with_ones = torch.cat([weight, weight.new_ones(len(weight), 1)], dim=1)
    shares = _shares(targets, hidden)
    hidden_gradient, weight_gradient = torch.empty_like(hidden), torch.zeros_like(weight)
    log_sums = hidden.new_empty(count)
    bounded = _logits_are_bounded(hidden, weight)
    chunks = _chunks(count, len(weight))
    buffer = hidden.new_empty(chunks[0].stop, len(weight))
    for rows in chunks:
        exponentials, shift = _exponentials(hidden[rows], weight, buffer, bounded)
        products = exponentials @ with_ones
        sums = products[:, width:]
        torch.div(products[:, :width], sums, out=hidden_gradient[rows])
        log_sums[rows] = sums[:, 0].log() + shift
        weight_gradient.addmm_(exponentials.t(), hidden[rows] * (shares[rows] / sums))
    losses = _losses(log_sums, hidden, weight, targets)
    hidden_gradient.sub_(_target_weights(weight, targets)).mul_(shares)
    weight_gradient.index_add_(0, targets.clamp(min=0), hidden * shares, alpha=-1)
    mean = losses.sum(dtype=torch.float64) / (targets >= 0).sum()
    return Sums(mean, losses, hidden_gradient, weight_gradient)


def _exponentials(
    hidden: Tensor, weight: Tensor, buffer: Tensor | None, bounded: bool
) -> tuple[Tensor, Tensor | float]:
    """Return exp(logits - shift) [rows, vocabulary] and the shift of each row."""
    out = None if buffer is None else buffer[: len(hidden)]
    logits = torch.mm(hidden, weight.t(), out=out)
    if bounded:
        return logits.exp_(), 0.0
    shift = logits.amax(dim=1)
    return logits.sub_(shift[:, None]).exp_(), shift


def _logits_are_bounded(hidden: Tensor, weight: Tensor) -> bool:
    """Whether no logit can pass SAFE_LOGIT, by Cauchy and Schwarz."""
    return float(hidden.norm(dim=1).amax() * weight.norm(dim=1).amax()) <= SAFE_LOGIT


def _target_weights(weight: Tensor, targets: Tensor) -> Tensor:
    """Return the row of weight of each target, any row where the target is negative."""
    return weight[targets.clamp(min=0)]


def _losses(log_sums: Tensor, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    target_logits = (hidden * _target_weights(weight, targets)).sum(dim=1)
    return (log_sums - target_logits + _zero_or_nan(hidden, weight)).masked_fill_(targets < 0, 0.0)


def _zero_or_nan(hidden: Tensor, weight: Tensor) -> Tensor:
    """Return NaN for each row that is not finite, for all if weight is not: a logit of minus infinity hides it."""
    extremes = torch.stack([hidden.amax(dim=1), hidden.amin(dim=1)]).mul_(0.0).sum(dim=0)
    return extremes + torch.stack([weight.amax(), weight.amin()]).mul_(0.0).sum()


def _shares(targets: Tensor, hidden: Tensor) -> Tensor:
    """Return each row's share of the mean [n, 1], 0 where the target is negative."""
    counted = targets >= 0
    return (counted.to(hidden.dtype) / counted.sum())[:, None]


def _chunks(count: int, vocabulary: int) -> list[slice]:
    rows = max(MIN_CHUNK_ROWS, CHUNK_BYTES // (4 * vocabulary))
    return [slice(start, min(start + rows, count)) for start in range(0, count, rows)]
