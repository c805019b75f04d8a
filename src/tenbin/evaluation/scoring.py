"""The loss of every token of a stream: forward passes over windows, and a softmax in chunks."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file

from tenbin.errors import UserError
from tenbin.evaluation.windows import batches_of_windows
from tenbin.kernels.linear_cross_entropy import token_losses
from tenbin.model import Architecture, GPTNeoX
from tenbin.training.spec import NetworkShape

TOKENS_PER_BATCH = 8192
"""Bounds the memory of a forward pass; one window at least."""


def scoring_device() -> str:
    """Return where to score: on a GPU if this job has one. fp32 on either, so that losses agree but for rounding."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def load_model(shape: NetworkShape, weights: Path, device: str = "cpu") -> GPTNeoX:
    """Return the network with weights from a safetensors file, in fp32, on a device.

    Raises UserError if the file holds other tensors than the network.
    """
    counts = {"n_nonembedding", "n_total"}
    # On the meta device no weights would be drawn, but its first use imports a second's worth of modules.
    model = GPTNeoX(Architecture(**shape.model_dump(exclude=counts)))
    try:
        model.load_state_dict(load_file(weights, device=device), assign=True)
    except (RuntimeError, SafetensorError) as error:
        raise UserError(f"{weights} does not fit the architecture of the run's spec: {error}") from None
    return model.eval()


@torch.inference_mode()
def score_tokens(model: GPTNeoX, stream: NDArray[np.integer], sequence_length: int) -> NDArray[np.float32]:
    """Return the cross-entropy (nats) of every token but the first, (tokens - 1,), softmax over the padded vocabulary.

    Logits are never held for more than a chunk of positions.
    """
    windows_per_batch = max(1, TOKENS_PER_BATCH // sequence_length)
    batches = batches_of_windows(stream, sequence_length, windows_per_batch)
    return np.concatenate([_score_windows(model, *batch) for batch in batches])


def _score_windows(model: GPTNeoX, inputs: NDArray[np.int64], targets: NDArray[np.int64]) -> NDArray[np.float32]:
    weight = model.embed_out.weight
    token_ids, words = (torch.from_numpy(ids).to(weight.device) for ids in (inputs, targets))
    losses = token_losses(model.hidden_states(token_ids).flatten(0, 1), weight, words.flatten())
    scored: NDArray[np.float32] = losses.cpu().numpy()
    return scored
