"""Hugging Face transformers' GPTNeoXForCausalLM in a plain loop, its loss from its `labels`."""

from collections.abc import Iterator

import torch
from settings import SEQUENCE_LENGTH, Setting, Work
from torch import Tensor
from torch.nn import functional
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

from peers.loop import score_plainly, train_plainly


def train(work: Work, setting: Setting, batches: Iterator[Tensor]) -> None:
    """Train it."""
    model = build(work)
    forward = torch.compile(model, dynamic=False) if setting.compiled else model
    train_plainly(
        lambda inputs, targets: forward(inputs, labels=targets, shift_labels=targets).loss, model, setting, batches
    )


def score(work: Work, setting: Setting, batches: Iterator[Tensor]) -> None:
    """Score with it: a forward pass, and the loss of every token from its logits."""
    model = build(work).eval()

    def losses(inputs: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(model(inputs).logits.flatten(0, 1), targets.flatten(), reduction="none")

    score_plainly(torch.compile(losses, dynamic=False) if setting.compiled else losses, setting, batches)


def build(work: Work) -> GPTNeoXForCausalLM:
    """Return the model of a size; rotary embeddings turn a quarter of each head by default."""
    return GPTNeoXForCausalLM(
        GPTNeoXConfig(
            vocab_size=work.vocabulary,
            hidden_size=work.hidden_size,
            num_hidden_layers=work.num_layers,
            num_attention_heads=work.num_heads,
            intermediate_size=4 * work.hidden_size,
            max_position_embeddings=SEQUENCE_LENGTH,
            use_cache=False,
        )
    )
