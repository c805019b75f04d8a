"""AdamW and clipping against torch's own."""

import pytest
import torch

from tenbin.study.catalogue import Optimizer
from tenbin.training.optimizer import AdamW, clip_gradients

SETTINGS = Optimizer(weight_decay=0.1)


def test_updates_are_those_of_torch_with_decay_on_matrices_only():
    generator = torch.Generator().manual_seed(3)
    ours = {name: torch.randn(shape, generator=generator) for name, shape in {"w": (5, 7), "b": (7,)}.items()}
    theirs = {name: value.clone().requires_grad_() for name, value in ours.items()}
    groups = [{"params": [theirs["w"]], "weight_decay": 0.1}, {"params": [theirs["b"]], "weight_decay": 0.0}]
    reference = torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.95), eps=1e-8)
    optimizer = AdamW(ours, SETTINGS)
    for step in range(1, 20):
        for name, value in ours.items():
            value.grad = torch.randn(value.shape, generator=generator)
            theirs[name].grad = value.grad.clone()
        optimizer.update(step, 0.01)
        reference.step()
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name].detach(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("limit", "scale"), [(10.0, 1.0), (1.0, 1.0 / (5.0 + 1e-6))])
def test_gradients_are_scaled_to_the_limit_over_all_parameters_together(limit, scale):
    parameters = [torch.zeros(1), torch.zeros(2)]
    parameters[0].grad, parameters[1].grad = torch.tensor([3.0]), torch.tensor([0.0, 4.0])
    assert clip_gradients(parameters, limit) == pytest.approx(5.0)
    torch.testing.assert_close(parameters[1].grad, torch.tensor([0.0, 4.0 * scale]))
