"""Rotary positions in torch: two fewer copies of the fused tensor each way than slices and concatenations."""

import torch
from torch import Tensor


def rotate(fused: Tensor, rotation: Tensor) -> Tensor:
    """Turn the first dimensions of queries and keys by their position, in place.

    fused [batch, positions, heads, (q, k, v), head size]; pairs are (i, i + rotary_width / 2), as in GPT-NeoX.
    """
    rotated: Tensor = _Rotation.apply(fused, rotation)  # type: ignore[no-untyped-call]
    return rotated


class _Rotation(torch.autograd.Function):
    """Two fewer copies of the fused tensor each way than slices and concatenations; the gradient turns back."""

    @staticmethod
    def forward(context, fused: Tensor, rotation: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        context.save_for_backward(rotation)
        context.mark_dirty(fused)
        _turn(fused, rotation[0], rotation[1])
        return fused

    @staticmethod
    def backward(context, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[no-untyped-def]
        (rotation,) = context.saved_tensors
        gradient = gradient.clone()
        _turn(gradient, rotation[0], -rotation[1])
        return gradient, None


def _turn(fused: Tensor, cosine: Tensor, sine: Tensor) -> None:
    half = cosine.shape[1]
    cosine, sine = cosine[:, None, None], sine[:, None, None]
    first, second = fused[..., :2, :half], fused[..., :2, half : 2 * half]
    turned = second * cosine + first * sine
    first.mul_(cosine).sub_(second * sine)
    second.copy_(turned)
