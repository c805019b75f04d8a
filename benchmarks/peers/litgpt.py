"""Lightning's litgpt: its GPT as Pythia is configured there, under Fabric, step by step as its `pretrain` command.

`loss` chooses among litgpt's own: (default) its cross-entropy in chunks of 128 positions, as `pretrain` uses it;
"whole" without chunks; "head" with the output layer in chunks too, as its finetuning commands use it.
"""

from collections.abc import Iterator

import lightning
import torch
from litgpt.config import Config
from litgpt.model import GPT
from litgpt.utils import chunked_cross_entropy
from settings import SEQUENCE_LENGTH, Setting, Work
from torch import Tensor

from peers.loop import BETAS, LARGEST_NORM, LEARNING_RATE, WEIGHT_DECAY, split

PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed", "bf16 weights": "bf16-true"}
HEAD_CHUNK = 128


def train(work: Work, setting: Setting, batches: Iterator[Tensor]) -> None:
    """Train it."""
    fabric = lightning.Fabric(accelerator="cpu", devices=1, precision=PRECISIONS[setting.numerics])
    with fabric.init_module():
        model = GPT(configuration(work))
    model = fabric.setup(torch.compile(model, dynamic=False) if setting.compiled else model)
    optimizer = fabric.setup_optimizers(
        torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True)
    )
    for batch in batches:
        pieces = batch.split(setting.micro_batch)
        for piece in pieces:
            fabric.backward(loss(model, piece, setting) / len(pieces))
        fabric.clip_gradients(model, optimizer, max_norm=LARGEST_NORM)
        optimizer.step()
        optimizer.zero_grad()


def loss(model: torch.nn.Module, piece: Tensor, setting: Setting) -> Tensor:
    """Return the mean loss by the setting's way."""
    inputs, targets = split(piece)
    if setting.loss == "head":
        return chunked_cross_entropy(model(inputs, lm_head_chunk_size=HEAD_CHUNK), targets)
    if setting.loss == "whole":
        return chunked_cross_entropy(model(inputs), targets, chunk_size=0)
    return chunked_cross_entropy(model(inputs), targets)


def configuration(work: Work) -> Config:
    """Return litgpt's configuration of a GPT-NeoX network; biases, LayerNorm and parallel residual are its defaults."""
    return Config(
        block_size=SEQUENCE_LENGTH,
        vocab_size=work.vocabulary,
        padded_vocab_size=work.vocabulary,
        n_layer=work.num_layers,
        n_head=work.num_heads,
        n_embd=work.hidden_size,
    )
