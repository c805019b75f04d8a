"""Float32 master copies of initial weights, for runs whose weights have 16 bits.

DeepSpeed makes the master copies from the network's weights, which are rounded by then. The weights that both engines
start from are float32: the master copies get them as they are.
"""

from pathlib import Path
from typing import Any

from deepspeed.utils import safe_set_full_fp32_param
from safetensors import safe_open

from tenbin.neox.names import neox_name


def set_master_weights(engine: Any, path: Path, num_layers: int) -> None:
    """Set the master copy of every parameter of a DeepSpeed engine from initial weights (safetensors)."""
    with safe_open(path, framework="pt") as file:
        ours = {neox_name(name, num_layers): name for name in file.keys()}  # noqa: SIM118  # it is no dict
        for name, parameter in engine.module.named_parameters():
            safe_set_full_fp32_param(parameter, file.get_tensor(ours[name]).to(parameter.device))
