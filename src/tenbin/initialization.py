"""Initial weights by GPT-NeoX's law: small_init, and wang_init where a branch joins the residual stream.

`megatron/model/init_functions.py`: std = sqrt(2 / (5 d)) (Nguyen and Salazar 2019) for embeddings,
query_key_value and dense_h_to_4h; 2 / (L sqrt d) for dense and dense_4h_to_h; biases 0, LayerNorms 1.
Every matrix has a random stream of its own, told from the seed and its name, made by numpy's
RandomState, whose streams are frozen for ever: no thread count, no other matrix and no library
version moves it.
"""

import hashlib
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenbin import recipes
from tenbin.arrays import write_safetensors
from tenbin.files import atomic_path, read_json, record_file, write_json
from tenbin.study.catalogue import Size

JOINING = (".attention.dense.weight", ".mlp.dense_4h_to_h.weight")
"""Matrices whose output is added to the residual stream."""


def write_weights(size: Size, seed: int, tokenizer_record: Path, weights: Path, record: Path) -> None:
    """Draw the weights of a size for the tokenizer's padded vocabulary and write them with their record."""
    vocabulary = read_json(tokenizer_record)["padded_vocabulary"]
    with atomic_path(weights) as partial:
        write_safetensors(partial, draw_weights(size, vocabulary, seed), metadata={"format": "pt"})
    description = {
        "recipe": recipes.INIT,
        "size": size.model_dump(),
        "seed": seed,
        "padded_vocabulary": vocabulary,
        "n_nonembedding": size.count_nonembedding(),
        "n_total": size.count_total(vocabulary),
        "weights": record_file(weights),
    }
    write_json(record, description)


def draw_weights(size: Size, vocabulary: int, seed: int) -> dict[str, NDArray[np.float32]]:
    """Return all parameters by their Hugging Face names, float32."""
    return {name: _draw(name, shape, size, seed) for name, shape in parameter_shapes(size, vocabulary).items()}


def parameter_shapes(size: Size, vocabulary: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by its Hugging Face name."""
    d = size.hidden_size
    shapes: dict[str, tuple[int, ...]] = {"gpt_neox.embed_in.weight": (vocabulary, d)}
    for layer in range(size.num_layers):
        shapes |= {f"gpt_neox.layers.{layer}.{name}": shape for name, shape in _layer_shapes(d).items()}
    norm = "gpt_neox.final_layer_norm."
    return shapes | {norm + "weight": (d,), norm + "bias": (d,), "embed_out.weight": (vocabulary, d)}


def _layer_shapes(d: int) -> dict[str, tuple[int, ...]]:
    linear = {
        "attention.query_key_value": (3 * d, d),
        "attention.dense": (d, d),
        "mlp.dense_h_to_4h": (4 * d, d),
        "mlp.dense_4h_to_h": (d, 4 * d),
    }
    shapes: dict[str, tuple[int, ...]] = {}
    for norm in ("input_layernorm", "post_attention_layernorm"):
        shapes |= {f"{norm}.weight": (d,), f"{norm}.bias": (d,)}
    for name, shape in linear.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return shapes


def _draw(name: str, shape: tuple[int, ...], size: Size, seed: int) -> NDArray[np.float32]:
    if name.endswith(".bias"):
        return np.zeros(shape, np.float32)
    if len(shape) == 1:
        return np.ones(shape, np.float32)
    deviation = standard_deviation(name, size)
    return (_stream(name, seed).standard_normal(shape) * deviation).astype(np.float32)


def standard_deviation(name: str, size: Size) -> float:
    """Return the standard deviation that a matrix's elements are drawn with."""
    if name.endswith(JOINING):
        return 2.0 / (size.num_layers * math.sqrt(size.hidden_size))
    return math.sqrt(2.0 / (5.0 * size.hidden_size))


def _stream(name: str, seed: int) -> np.random.RandomState:
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return np.random.RandomState(np.frombuffer(digest, "<u4"))
