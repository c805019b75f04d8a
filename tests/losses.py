"""Examples for the loss, and torch's own cross-entropy in float64 to hold every path against."""

import torch


def reference(hidden, weight, targets):
    """Return losses [n], 0 where the target is negative, and the gradients of their mean over the others."""
    hidden, weight = hidden.double().requires_grad_(), weight.double().requires_grad_()
    losses = torch.nn.functional.cross_entropy(
        hidden @ weight.T, targets.where(targets >= 0, -1), reduction="none", ignore_index=-1
    )
    (losses.sum() / (targets >= 0).sum()).backward()
    return losses.detach(), hidden.grad, weight.grad


def example(rows, width, vocabulary, spread, seed=0):
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(rows, width, generator=generator)
    weight = torch.randn(vocabulary, width, generator=generator) * spread
    return hidden, weight, torch.randint(0, vocabulary, (rows,), generator=generator)


def assert_close(found, expected, logits, magnitude=1.0):
    """Allow a few float32 roundings of a logit or of the result, times what the softmax multiplies them by."""
    rounding = 2**-23 * max(1.0, float(logits.abs().max()), float(expected.abs().max()))
    assert (found - expected).abs().max() <= 4 * rounding * max(1.0, magnitude)


def assert_agrees(compute, hidden, weight, targets):
    """Hold losses, mean and gradients of `compute` (a function of the kernel's public module) against float64."""
    losses, hidden_gradient, weight_gradient = reference(hidden, weight, targets)
    logits = hidden @ weight.T
    assert_close(compute.token_losses(hidden, weight, targets), losses, logits)
    loss, found_hidden, found_weight = gradients(compute, hidden, weight, targets)
    assert_close(loss, losses.sum() / (targets >= 0).sum(), logits)
    assert_close(found_hidden, hidden_gradient, logits, float(weight.abs().max()))
    assert_close(found_weight, weight_gradient, logits, float(hidden.abs().max()))


def gradients(compute, hidden, weight, targets):
    """Return the mean loss and its gradients in hidden and weight."""
    hidden, weight = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
    loss = compute.linear_cross_entropy(hidden, weight, targets)
    loss.backward()
    return loss.detach(), hidden.grad, weight.grad
