"""A network in a page and its loss in one compiled graph, after the fashion of Andrej Karpathy's nanoGPT.

With the loss inside `torch.compile` the compiler fuses the passes over the logits, which nothing else on a CPU does:
this is what somebody who cares for speed writes today. It is GPT-NeoX's network, so that all programs do the same work.
`loss` chooses among what torch offers for it:

- (default) cross-entropy of all logits, fused by the compiler
- "chunked": a part of the positions at a time, recomputed in the backward pass
- "native": torch's own chunked `linear_cross_entropy`, which the compiler leaves as it is
"""

from collections.abc import Iterator

import torch
from settings import SEQUENCE_LENGTH, Setting, Work
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from peers.loop import score_plainly, train_plainly

ROTARY_SHARE = 0.25
CHUNK_ROWS = 1024


def train(work: Work, setting: Setting, batches: Iterator[Tensor]) -> None:
    """Train it."""
    model = Transformer(work, setting.loss)
    train_plainly(compiled(model, setting), model, setting, batches)


def score(work: Work, setting: Setting, batches: Iterator[Tensor]) -> None:
    """Score with it."""
    model = Transformer(work, "every token").eval()
    score_plainly(compiled(model, setting), setting, batches)


def compiled(model: nn.Module, setting: Setting) -> nn.Module:
    """Return the model, compiled for the shape of its first input if the setting says so."""
    return torch.compile(model, dynamic=False) if setting.compiled else model


class Transformer(nn.Module):
    """Inputs and targets [sequences, positions] to the mean loss, or to the loss of every token."""

    def __init__(self, work: Work, loss: str) -> None:
        super().__init__()
        self.loss = loss
        self.embedding = nn.Embedding(work.vocabulary, work.hidden_size)
        self.blocks = nn.ModuleList(Block(work.hidden_size, work.num_heads) for _ in range(work.num_layers))
        self.norm = nn.LayerNorm(work.hidden_size)
        self.head = nn.Linear(work.hidden_size, work.vocabulary, bias=False)
        self.apply(draw)

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss in nats."""
        hidden = self.embedding(inputs)
        for block in self.blocks:
            hidden = block(hidden)
        return self._loss(self.norm(hidden).flatten(0, 1), targets.flatten())

    def _loss(self, hidden: Tensor, targets: Tensor) -> Tensor:
        if self.loss == "native":
            return native_loss(hidden, self.head.weight, targets)
        if self.loss == "chunked":
            pieces = zip(hidden.split(CHUNK_ROWS), targets.split(CHUNK_ROWS), strict=True)
            parts = [checkpoint(self._sum, *piece, use_reentrant=False) for piece in pieces]
            return torch.stack(parts).sum() / len(targets)
        reduction = "none" if self.loss == "every token" else "mean"
        return functional.cross_entropy(self.head(hidden), targets, reduction=reduction)

    def _sum(self, hidden: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(self.head(hidden), targets, reduction="sum")


class Block(nn.Module):
    """x + attention(norm(x)) + mlp(norm'(x))."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.register_buffer("rotation", rotation(int(ROTARY_SHARE * width / heads)), persistent=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return the next residual stream."""
        return hidden + self._attend(self.norm_1(hidden)) + self.mlp(self.norm_2(hidden))

    def _attend(self, hidden: Tensor) -> Tensor:
        sequences, positions, width = hidden.shape
        split = self.qkv(hidden).view(sequences, positions, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        query, key = rotate(query, self.rotation), rotate(key, self.rotation)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.projection(mixed.transpose(1, 2).reshape(hidden.shape))


def native_loss(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """Return torch's own fused loss, in the numerics of the surrounding autocast."""
    options = nn.LinearCrossEntropyOptions(allow_retain_graph=True)
    if torch.is_autocast_enabled("cpu"):
        hidden, weight = hidden.bfloat16(), weight.bfloat16()
    return functional.linear_cross_entropy(hidden, weight, targets, options=options)


def rotation(width: int) -> Tensor:
    """Return cos and sin of the angles [2, positions, width / 2]."""
    frequencies = 10_000.0 ** -(torch.arange(0, width, 2) / width)
    angles = torch.outer(torch.arange(SEQUENCE_LENGTH).float(), frequencies)
    return torch.stack([angles.cos(), angles.sin()])


def rotate(states: Tensor, table: Tensor) -> Tensor:
    """Turn the first dimensions of queries or keys [..., positions, head width] by their position."""
    half = table.shape[-1]
    cosine, sine = table.to(states.dtype)
    first, second, rest = states.split([half, half, states.shape[-1] - 2 * half], dim=-1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine, rest], dim=-1)


def draw(module: nn.Module) -> None:
    """Draw a module's weights from N(0, 0.02), as GPT-2's."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
