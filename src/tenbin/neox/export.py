"""The trained weights out of a checkpoint of GPT-NeoX, by their Hugging Face names.

The weights are those that the network computes with, as GPT-NeoX's own converter takes them; of a run in 16 bits they
are rounded to 16 bits. No checkout is needed.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tenbin.errors import UserError
from tenbin.neox.names import hugging_face_shapes, neox_names
from tenbin.neox.saves import MODEL_STATES, save_name
from tenbin.training.checkpoints import Checkpoint
from tenbin.training.spec import RunSpec


def read_weights(checkpoint: Checkpoint, spec: RunSpec) -> dict[str, NDArray[np.float32]]:
    """Return every parameter as float32, by its Hugging Face name; `checkpoint` must have been verified.

    Raises UserError if names, shapes or the number of parameters differ from the spec's network.
    """
    path = checkpoint.folder / save_name(checkpoint.step) / MODEL_STATES
    # It holds random states as pickled objects; it is this project's own file, and checksummed.
    module: dict[str, Any] = torch.load(path, map_location="cpu", mmap=True, weights_only=False)["module"]
    shapes, names = hugging_face_shapes(spec.architecture), neox_names(spec.architecture)
    found = {name: tuple(value.shape) for name, value in module.items()}
    expected = {names[ours]: shape for ours, shape in shapes.items()}
    if found != expected:
        wrong = min(name for name, _ in set(found.items()) ^ set(expected.items()))
        raise UserError(f"{path} holds another network than the spec describes: {wrong} is missing, extra or misshapen")
    weights = {ours: module[theirs].to(torch.float32).numpy() for ours, theirs in names.items()}
    assert sum(value.size for value in weights.values()) == spec.architecture.n_total
    return weights
