"""Initial weights as a checkpoint of step 0, so that GPT-NeoX starts from the weights that every engine starts from.

GPT-NeoX loads it with `finetune: true`: the weights and nothing else, the optimiser fresh, the iteration 0. DeepSpeed
then makes its float32 master copies anew from these weights.
"""

from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import load_file

from tenbin.errors import UserError
from tenbin.neox.config import VOCABULARY_MULTIPLE
from tenbin.neox.names import hugging_face_shapes, neox_names
from tenbin.neox.saves import MODEL_STATES, save_name, write_latest
from tenbin.training.spec import NetworkShape


def write_initial(folder: Path, init: Path, shape: NetworkShape) -> Path:
    """Write initial weights (safetensors) as a checkpoint that GPT-NeoX loads.

    Raises UserError if they are not of this network.
    """
    weights, expected = load_file(init), hugging_face_shapes(shape)
    if {name: tuple(value.shape) for name, value in weights.items()} != expected:
        raise UserError(f"{init} holds no weights of this network: draw them anew")
    module = OrderedDict((theirs, weights[ours]) for ours, theirs in neox_names(shape).items())
    content = {"module": module, "dp_world_size": 1, "mp_world_size": 1, "iteration": 0, "args": _arguments(shape)}
    (folder / save_name(0)).mkdir(parents=True)
    torch.save(content, folder / save_name(0) / MODEL_STATES)
    write_latest(folder, 0)
    return folder


def _arguments(shape: NetworkShape) -> dict[str, int | str]:
    """Return what GPT-NeoX compares with its own settings when it loads a checkpoint."""
    return {
        "num_layers": shape.num_layers,
        "hidden_size": shape.hidden_size,
        "num_attention_heads": shape.num_heads,
        "max_position_embeddings": shape.sequence_length,
        "make_vocab_size_divisible_by": VOCABULARY_MULTIPLE,
        "padded_vocab_size": shape.vocabulary,
        "tokenizer_type": "HFTokenizer",
        "model_parallel_size": 1,
    }
