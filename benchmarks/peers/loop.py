"""The plain training loop, as people write it: autocast, micro-batches, clipping, torch's fused AdamW."""

from collections.abc import Callable, Iterator

import torch
from settings import Setting
from torch import Tensor, nn

LEARNING_RATE, BETAS, WEIGHT_DECAY = 1e-3, (0.9, 0.95), 0.1
LARGEST_NORM = 1.0

Loss = Callable[[Tensor, Tensor], Tensor]
"""Inputs and targets [sequences, 512] to the mean loss."""


def train_plainly(loss: Loss, model: nn.Module, setting: Setting, batches: Iterator[Tensor]) -> None:
    """Take a step on every batch."""
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True
    )
    for batch in batches:
        pieces = batch.split(setting.micro_batch)
        for piece in pieces:
            with autocast(setting):
                share = loss(*split(piece)) / len(pieces)
            share.backward()
        nn.utils.clip_grad_norm_(model.parameters(), LARGEST_NORM)
        optimizer.step()
        optimizer.zero_grad()


def autocast(setting: Setting) -> torch.autocast:
    """Return torch's mixed precision, switched off for fp32."""
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=setting.numerics == "bf16")


@torch.inference_mode()
def score_plainly(losses: Loss, setting: Setting, batches: Iterator[Tensor]) -> None:
    """Compute the loss of every token of every batch."""
    for batch in batches:
        for piece in batch.split(setting.micro_batch):
            with autocast(setting):
                losses(*split(piece))


def split(piece: Tensor) -> tuple[Tensor, Tensor]:
    """Return inputs and targets."""
    return piece[:, :-1].contiguous(), piece[:, 1:].contiguous()
