"""Output layer and cross-entropy in one pass, chunk by chunk, so that all logits are never stored.

In a small model most of the time goes into the softmax over the vocabulary, and of that most into
moving logits through memory. Here a chunk of logits is made, exponentiated in place and used up at once
for the loss and for both gradients. With e = exp(h W^T) and s its row sums, for n rows with targets t:

    loss = mean(log s - h . w_t)
    dh   = (e W / s - w_t) / n
    dW   = (e^T (h / s) - sum of h over the rows of each target) / n

so that no pass over the logits divides or subtracts. Row sums come out of the product e [W | 1].
"""

import torch
from torch import Tensor

CHUNK_BYTES = 4 << 20
"""Logits held at a time: larger chunks leave the cache, smaller ones starve the matrix product."""
MIN_CHUNK_ROWS = 64
SAFE_LOGIT = 60.0
"""exp(+-60) and sums of 1e9 such terms are ordinary float32 numbers: no shift by the row maximum is needed."""
KERNEL_PATH = "torch-chunked-fp32"
"""Name of this path in the markers of trained segments."""


def linear_cross_entropy(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross-entropy in nats of `hidden @ weight.T` against `targets`, as a float64 scalar.

    hidden [n, d] float32, weight [vocabulary, d] float32, targets [n] int64. Differentiable in hidden and weight.
    """
    loss: Tensor = _LinearCrossEntropy.apply(hidden, weight, targets)  # type: ignore[no-untyped-call]
    return loss


@torch.no_grad()
def token_losses(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """Return the cross-entropy in nats of every target [n], float32, without gradients; shapes as above."""
    log_sums = hidden.new_empty(len(hidden))
    bounded = _logits_are_bounded(hidden, weight)
    for rows in _chunks(len(hidden), len(weight)):
        exponentials, shift = _exponentials(hidden[rows], weight, None, bounded)
        log_sums[rows] = exponentials.sum(dim=1).log_() + shift
    return log_sums - _target_logits(hidden, weight[targets])


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(context, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        loss, hidden_gradient, weight_gradient = _loss_and_gradients(hidden, weight, targets)
        context.save_for_backward(hidden_gradient, weight_gradient)
        return loss

    @staticmethod
    def backward(context, upstream: Tensor) -> tuple[Tensor, Tensor, None]:  # type: ignore[no-untyped-def]
        hidden_gradient, weight_gradient = context.saved_tensors
        scale = float(upstream)
        if scale != 1.0:
            hidden_gradient, weight_gradient = hidden_gradient * scale, weight_gradient * scale
        return hidden_gradient, weight_gradient, None


def _loss_and_gradients(hidden: Tensor, weight: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    count, width = hidden.shape
    with_ones = torch.cat([weight, weight.new_ones(len(weight), 1)], dim=1)
    target_weights = weight[targets]
    hidden_gradient, weight_gradient = torch.empty_like(hidden), torch.zeros_like(weight)
    losses = hidden.new_empty(count)
    bounded = _logits_are_bounded(hidden, weight)
    chunks = _chunks(count, len(weight))
    buffer = hidden.new_empty(chunks[0].stop, len(weight))
    for rows in chunks:
        exponentials, shift = _exponentials(hidden[rows], weight, buffer, bounded)
        products = exponentials @ with_ones
        sums = products[:, width:]
        torch.div(products[:, :width], sums, out=hidden_gradient[rows])
        losses[rows] = sums[:, 0].log() + shift
        weight_gradient.addmm_(exponentials.t(), hidden[rows] / sums)
    losses -= _target_logits(hidden, target_weights)
    hidden_gradient.sub_(target_weights).div_(count)
    weight_gradient.index_add_(0, targets, hidden, alpha=-1).div_(count)
    return losses.mean(dtype=torch.float64), hidden_gradient, weight_gradient


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


def _target_logits(hidden: Tensor, target_weights: Tensor) -> Tensor:
    return (hidden * target_weights).sum(dim=1)


def _chunks(count: int, vocabulary: int) -> list[slice]:
    rows = max(MIN_CHUNK_ROWS, CHUNK_BYTES // (4 * vocabulary))
    return [slice(start, min(start + rows, count)) for start in range(0, count, rows)]
