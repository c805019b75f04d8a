"""AdamW and clipping as GPT-NeoX applies them through DeepSpeed's FusedAdam.

Decay is decoupled (Loshchilov and Hutter 2019) and applies to matrices, both embeddings among them, not to biases and
LayerNorms. `torch.optim` does the same by the same operation, but imports a compiler first: a second of every job.
"""

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
        for matrices in (True, False):
            self._update(step, learning_rate, [name for name, p in self.parameters.items() if decays(p) is matrices])

    def _update(self, step: int, learning_rate: float, names: list[str]) -> None:
        parameters = [self.parameters[name] for name in names]
        # The operation behind torch.optim.AdamW(fused=True): one pass over memory where single operations take nine.
        torch._fused_adamw_(
            parameters,
            [_gradient(parameter) for parameter in parameters],
            [self.first_moments[name] for name in names],
            [self.second_moments[name] for name in names],
            [],
            [torch.tensor(float(step))] * len(names),
            lr=learning_rate,
            beta1=self.settings.beta1,
            beta2=self.settings.beta2,
            weight_decay=self.settings.weight_decay if decays(parameters[0]) else 0.0,
            eps=self.settings.epsilon,
            amsgrad=False,
            maximize=False,
        )


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
