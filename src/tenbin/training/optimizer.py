"""AdamW and clipping as GPT-NeoX applies them through DeepSpeed's FusedAdam, in plain tensor operations.

Decay is decoupled (Loshchilov and Hutter 2019) and applies to matrices, both embeddings among them, not to biases and
LayerNorms. `torch.optim` would do the same, but imports a compiler first: a second of every short job.
"""

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from tenbin.study.catalogue import Optimizer

CLIPPING_EPSILON = 1e-6


class AdamW:
    """Moments of every parameter, by the parameter's name, and the update."""

    def __init__(self, parameters: Mapping[str, Tensor], settings: Optimizer) -> None:
        self.parameters = dict(parameters)
        self.settings = settings
        self.first_moments = {name: torch.zeros_like(value) for name, value in self.parameters.items()}
        self.second_moments = {name: torch.zeros_like(value) for name, value in self.parameters.items()}

    @torch.no_grad()
    def update(self, step: int, learning_rate: float) -> None:
        """Apply the gradients of `step` (from 1): p -= rate * decay * p, then p -= rate * m / (sqrt(v) + eps)."""
        correction1 = 1.0 - self.settings.beta1**step
        root_correction2 = math.sqrt(1.0 - self.settings.beta2**step)
        for name, parameter in self.parameters.items():
            gradient, first, second = _gradient(parameter), self.first_moments[name], self.second_moments[name]
            if decays(parameter):
                parameter.mul_(1.0 - learning_rate * self.settings.weight_decay)
            first.lerp_(gradient, 1.0 - self.settings.beta1)
            second.mul_(self.settings.beta2).addcmul_(gradient, gradient, value=1.0 - self.settings.beta2)
            scale = second.sqrt().div_(root_correction2).add_(self.settings.epsilon)
            parameter.addcdiv_(first, scale, value=-learning_rate / correction1)


def decays(parameter: Tensor) -> bool:
    """Whether weight decay applies: to matrices only."""
    return parameter.dim() == 2


@torch.no_grad()
def clip_gradients(parameters: Iterable[Tensor], limit: float) -> float:
    """Scale gradients by 1 / max(1, (norm + 1e-6) / limit); return their global L2 norm before that."""
    gradients = [_gradient(parameter) for parameter in parameters]
    norm = float(torch.stack([gradient.norm() for gradient in gradients]).norm())
    excess = (norm + CLIPPING_EPSILON) / limit
    if excess > 1.0:
        for gradient in gradients:
            gradient.mul_(1.0 / excess)
    return norm


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad
