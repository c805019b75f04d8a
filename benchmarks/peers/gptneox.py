"""EleutherAI's GPT-NeoX, the program of the published study, out of the checkout that TENBIN_NEOX_HOME names.

Its own model, optimiser and step (`megatron.training`); only data come from here, so that no index maps are built. It
asks for CUDA by name, which the package's own stand-in answers. In bf16 it keeps 16-bit weights and a 32-bit copy.
"""

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from settings import BATCH_SIZE, SEQUENCE_LENGTH, Setting, Work
from torch import Tensor

from peers.loop import BETAS, LARGEST_NORM, LEARNING_RATE, WEIGHT_DECAY

HOME = "TENBIN_NEOX_HOME"
ENDLESS = 1_000_000


def train(work: Work, setting: Setting, batches: Iterator[Tensor]) -> None:
    """Train it."""
    home = os.environ.get(HOME) or sys.exit(f"{HOME} names no checkout of GPT-NeoX")
    ranks = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "LOCAL_WORLD_SIZE": "1"}
    os.environ |= ranks | {"MASTER_ADDR": "localhost", "MASTER_PORT": "0", "DS_ACCELERATOR": "cpu"}
    training, arguments, model, optimizer, scheduler = build(home, work, setting)
    timers = import_module("megatron.utils").Timers(use_wandb=False, tensorboard_writer=None, comet_experiment=None)
    pieces = ({"text": piece} for batch in batches for piece in batch.split(setting.micro_batch))
    while True:
        training.train_step(arguments, timers, pieces, model, optimizer, scheduler)


def build(home: str, work: Work, setting: Setting) -> tuple[Any, ...]:
    """Return GPT-NeoX's module of training, its arguments, model, optimiser and scheduler."""
    from tenbin.neox.cpu import allow_no_cuda, pretend_cuda
    from tenbin.neox.importing import make_importable

    pretend_cuda()
    make_importable(home)
    training = import_module("megatron.training")
    allow_no_cuda(training)
    # It would compile its readers of index maps in its own tree; nothing here reads any.
    import_module("megatron.data.data_utils").compile_helper = lambda: None
    arguments = import_module("megatron.neox_arguments").NeoXArgs.from_dict(configuration(work, setting))
    arguments.configure_distributed_args()
    arguments.tokenizer = SimpleNamespace(eod=0)
    arguments.padded_vocab_size = work.vocabulary
    training.initialize_megatron(neox_args=arguments)
    model, optimizer, scheduler, _ = training.setup_model_and_optimizer(neox_args=arguments)
    model.train()
    return training, arguments, model, optimizer, scheduler


def configuration(work: Work, setting: Setting) -> dict[str, Any]:
    """Return GPT-NeoX's configuration."""
    adam = {"lr": LEARNING_RATE, "betas": list(BETAS), "eps": 1e-8}
    precision = {"precision": "bfloat16", "bf16": {"enabled": True}} if setting.numerics == "bf16" else {}
    return precision | {
        "pipe_parallel_size": 0,
        "model_parallel_size": 1,
        "num_layers": work.num_layers,
        "hidden_size": work.hidden_size,
        "num_attention_heads": work.num_heads,
        "seq_length": SEQUENCE_LENGTH,
        "max_position_embeddings": SEQUENCE_LENGTH,
        "pos_emb": "rotary",
        "rotary_pct": 0.25,
        "no_weight_tying": True,
        "gpt_j_residual": True,
        "output_layer_parallelism": "column",
        "hidden_dropout": 0,
        "attention_dropout": 0,
        "optimizer": {"type": "Adam", "params": adam},
        "weight_decay": WEIGHT_DECAY,
        "gradient_clipping": LARGEST_NORM,
        "zero_optimization": {"stage": 1},
        "train_batch_size": BATCH_SIZE,
        "train_micro_batch_size_per_gpu": setting.micro_batch,
        "gradient_accumulation_steps": BATCH_SIZE // setting.micro_batch,
        "global_num_gpus": 1,
        "distributed_backend": "gloo",
        "train_iters": ENDLESS,
        "lr_decay_iters": ENDLESS,
        "use_wandb": False,
    }
