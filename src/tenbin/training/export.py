"""The trained model as a Hugging Face GPTNeoX folder, which transformers loads with equal logits.

The folder is a config.json, a safetensors file and the tokenizer; it is written without torch and
without transformers. The config names the rotary settings twice: `rotary_pct` and `rotary_emb_base`
for transformers 4, `rope_parameters` for 5.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenbin.arrays import write_safetensors
from tenbin.errors import UserError
from tenbin.files import atomic_directory, record_file
from tenbin.study.catalogue import ROTARY_SHARE
from tenbin.training.spec import RunSpec

WEIGHTS_FILE = "model.safetensors"
LAYER_NORM_EPSILON = 1e-5
ROTARY_BASE = 10_000.0


def write_model(
    folder: Path, spec: RunSpec, weights: Mapping[str, NDArray[np.float32]], tokenizer: Path
) -> dict[str, Any]:
    """Write the folder, whole or not at all; return the record of each of its files, by name."""
    text = tokenizer.read_text(encoding="utf-8")
    end_of_text = token_content(json.loads(text), spec.end_of_text_id, tokenizer)
    with atomic_directory(folder) as partial:
        write_safetensors(partial / WEIGHTS_FILE, weights, metadata={"format": "pt"})
        _write_json(partial / "config.json", describe_model(spec))
        (partial / "tokenizer.json").write_text(text, encoding="utf-8", newline="")
        _write_json(partial / "tokenizer_config.json", describe_tokenizer(end_of_text, spec))
    return {path.name: record_file(path) for path in sorted(folder.iterdir())}


def describe_model(spec: RunSpec) -> dict[str, Any]:
    """Return config.json."""
    shape = spec.architecture
    return {
        "architectures": ["GPTNeoXForCausalLM"],
        "model_type": "gpt_neox",
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden_size,
        "intermediate_size": 4 * shape.hidden_size,
        "num_hidden_layers": shape.num_layers,
        "num_attention_heads": shape.num_heads,
        "max_position_embeddings": shape.sequence_length,
        "hidden_act": "gelu",
        "layer_norm_eps": LAYER_NORM_EPSILON,
        "attention_bias": True,
        "use_parallel_residual": True,
        "tie_word_embeddings": False,
        "attention_dropout": 0.0,
        "hidden_dropout": 0.0,
        "rotary_pct": ROTARY_SHARE,
        "rotary_emb_base": ROTARY_BASE,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": ROTARY_BASE,
            "partial_rotary_factor": ROTARY_SHARE,
        },
        "bos_token_id": spec.end_of_text_id,
        "eos_token_id": spec.end_of_text_id,
        "dtype": "float32",
    }


def describe_tokenizer(end_of_text: str, spec: RunSpec) -> dict[str, Any]:
    """Return tokenizer_config.json: the tokenizer is tokenizer.json as it stands, nothing is added to a text."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": end_of_text,
        "eos_token": end_of_text,
        "model_max_length": spec.architecture.sequence_length,
        "clean_up_tokenization_spaces": False,
    }


def token_content(tokenizer: dict[str, Any], token_id: int, path: Path) -> str:
    """Return the text of a special token of tokenizer.json, by its id."""
    for token in tokenizer.get("added_tokens", []):
        if token["id"] == token_id:
            return str(token["content"])
    raise UserError(f"{path} has no added token with id {token_id}, the end of text; use the tokenizer of the spec")


def _write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a plain JSON file: foreign readers know nothing of seals."""
    path.write_text(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
