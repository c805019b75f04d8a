"""Output layer and cross-entropy in one pass, so that all logits are never stored; and which path computes it.

In a small model most of the time goes into the softmax over the vocabulary, and of that most into moving logits
through memory. A compiled kernel keeps them in registers and the nearest cache (`compiled`); where it is not installed,
or the tensors are on a GPU, torch makes them chunk by chunk (`chunked`).

Numerics are the caller's choice and never follow from the processor: `bf16` rounds hidden and weight to bfloat16 first,
on every path, and sums in fp32.
"""

import os

import torch
from torch import Tensor

from tenbin.errors import UserError
from tenbin.kernels import chunked, compiled
from tenbin.kernels.inputs import Sums, check_inputs

FORCED = "TENBIN_KERNEL"
"""Environment variable that names a path for measurements and tests: one that this processor has, or `torch`."""
TORCH = "torch"


def linear_cross_entropy(hidden: Tensor, weight: Tensor, targets: Tensor, numerics: str = "fp32") -> Tensor:
    """Return the mean cross-entropy in nats of `hidden @ weight.T` against `targets`, as a float64 scalar.

    hidden [n, d] float32, weight [vocabulary, d] float32, targets [n] int64; rows with a negative target are ignored.
    Differentiable in hidden and weight. If an input is not finite, so are the loss and its gradients.
    Raises what `inputs.check_inputs` does.
    """
    check_inputs(hidden, weight, targets)
    loss: Tensor = _LinearCrossEntropy.apply(hidden, weight, targets, numerics)  # type: ignore[no-untyped-call]
    return loss


@torch.no_grad()
def token_losses(hidden: Tensor, weight: Tensor, targets: Tensor, numerics: str = "fp32") -> Tensor:
    """Return the cross-entropy in nats of every target [n], float32, without gradients; shapes as above.

    It is 0 where the target is negative, NaN where the row, or any of weight, is not finite.
    """
    check_inputs(hidden, weight, targets)
    path = _compiled_path(hidden, numerics)
    if path is None:
        return chunked.token_losses(*_rounded(hidden, weight, numerics), targets)
    return compiled.token_losses(path, hidden, weight, targets)


def kernel_path(numerics: str = "fp32") -> str:
    """Return the name of the path that runs on this machine's CPU, for logs and markers.

    Raises UserError if TENBIN_KERNEL names one that cannot run here or has other numerics.
    """
    forced = os.environ.get(FORCED)
    here = [path for path in compiled.supported_paths() if path.endswith(f"-{numerics}")]
    if forced and forced not in {TORCH, *here}:
        raise UserError(
            f"{FORCED}={forced}: no path of that name runs here with numerics {numerics}; choose one of "
            f"{', '.join([*here, TORCH])}, or unset it"
        )
    return chunked.path_name(numerics) if forced == TORCH or not here else forced or here[0]


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(context, hidden: Tensor, weight: Tensor, targets: Tensor, numerics: str) -> Tensor:  # type: ignore[no-untyped-def]
        sums = _loss_and_gradients(hidden, weight, targets, numerics)
        context.save_for_backward(sums.hidden_gradient, sums.weight_gradient)
        return sums.mean

    @staticmethod
    def backward(context, upstream: Tensor) -> tuple[Tensor, Tensor, None, None]:  # type: ignore[no-untyped-def]
        hidden_gradient, weight_gradient = context.saved_tensors
        scale = float(upstream)
        if scale != 1.0:
            hidden_gradient, weight_gradient = hidden_gradient * scale, weight_gradient * scale
        return hidden_gradient, weight_gradient, None, None


def _loss_and_gradients(hidden: Tensor, weight: Tensor, targets: Tensor, numerics: str) -> Sums:
    path = _compiled_path(hidden, numerics)
    if path is None:
        return chunked.loss_and_gradients(*_rounded(hidden, weight, numerics), targets)
    return compiled.loss_and_gradients(path, hidden, weight, targets)


def _compiled_path(hidden: Tensor, numerics: str) -> str | None:
    """Return the compiled path for these tensors, None where torch computes."""
    path = kernel_path(numerics)
    return path if hidden.device.type == "cpu" and path in compiled.supported_paths() else None


def _rounded(hidden: Tensor, weight: Tensor, numerics: str) -> tuple[Tensor, Tensor]:
    return (hidden.bfloat16().float(), weight.bfloat16().float()) if numerics == "bf16" else (hidden, weight)
