"""What is measured: a task of a size at a vocabulary, and a setting of a program that does it.

Light on purpose: the measured processes import it, and what they import counts in their memory.
"""

import json
from dataclasses import asdict, dataclass
from typing import Literal

SEQUENCE_LENGTH, BATCH_SIZE = 512, 16
TOKENS_PER_BATCH = SEQUENCE_LENGTH * BATCH_SIZE


@dataclass(frozen=True)
class Work:
    """Training on, or scoring of, batches of 16 x 512 tokens by a network of GPT-NeoX's kind."""

    task: Literal["train", "score"]
    size: str
    hidden_size: int
    num_layers: int
    num_heads: int
    vocabulary: int

    def __str__(self) -> str:
        return f"{self.size}, V = {self.vocabulary:,}"


@dataclass(frozen=True)
class Setting:
    """A program, by its module in `peers`, and how it is run."""

    program: str
    numerics: str = "fp32"
    compiled: bool = False
    micro_batch: int = BATCH_SIZE
    """Sequences of a forward and backward pass."""
    loss: str = ""
    """One of the program's own ways to compute the loss; its default if empty."""
    kernel: str = ""
    """A kernel path of ours by name (TENBIN_KERNEL); our own choice if empty."""

    def __str__(self) -> str:
        parts = [self.program, self.numerics, "compiled" if self.compiled else "", self.loss, self.kernel]
        if self.micro_batch != BATCH_SIZE:
            parts.append(f"{self.micro_batch * SEQUENCE_LENGTH:,} tokens a pass")
        return " ".join(part for part in parts if part)


def spell(work: Work, setting: Setting, tokens: str, cores: list[int]) -> str:
    """Return a request as the one argument of `probe.py`: token ids from a file, a thread on every core."""
    return json.dumps({"work": asdict(work), "setting": asdict(setting), "tokens": tokens, "cores": cores})
