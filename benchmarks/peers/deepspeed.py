"""The network of `nanogpt` under Microsoft's DeepSpeed: ZeRO stage 1 and its own Adam for CPUs, in one process.

In bf16 DeepSpeed keeps 16-bit weights and a master copy in 32 bits, in place of autocast; torch 2.13.0 fails to compile
that (two declarations of one name in the C++ that it writes).
"""

import os
from collections.abc import Iterator
from typing import Any

import torch
from settings import BATCH_SIZE, Setting, Work
from torch import Tensor

from peers.loop import BETAS, LARGEST_NORM, LEARNING_RATE, WEIGHT_DECAY, split
from peers.nanogpt import Transformer


def train(work: Work, setting: Setting, batches: Iterator[Tensor]) -> None:
    """Train it."""
    # Before the import, which looks for a GPU by itself; the ranks are those of a launcher.
    os.environ |= {"DS_ACCELERATOR": "cpu", "RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1"}
    import deepspeed

    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    deepspeed.init_distributed("gloo")
    model = Transformer(work, setting.loss)
    optimizer = deepspeed.ops.adam.DeepSpeedCPUAdam(
        model.parameters(), lr=LEARNING_RATE, betas=BETAS, weight_decay=WEIGHT_DECAY
    )
    engine, *_ = deepspeed.initialize(model=model, optimizer=optimizer, config=configuration(setting))
    if setting.compiled:
        engine.compile(compile_kwargs={"dynamic": False})
    for batch in batches:
        for piece in batch.split(setting.micro_batch):
            engine.backward(engine(*split(piece)))
            engine.step()


def configuration(setting: Setting) -> dict[str, Any]:
    """Return DeepSpeed's configuration."""
    return {
        "train_batch_size": BATCH_SIZE,
        "train_micro_batch_size_per_gpu": setting.micro_batch,
        "gradient_clipping": LARGEST_NORM,
        "zero_optimization": {"stage": 1},
        "bf16": {"enabled": setting.numerics == "bf16"},
    }
