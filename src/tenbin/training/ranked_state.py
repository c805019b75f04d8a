"""A training state gathered from ranks and spread over them: the same named fp32 arrays as of a single process.

So a run goes on with another number of ranks, and what reads checkpoints knows nothing of ranks. DeepSpeed's own
functions for single parameters find each rank's share.
"""

from collections.abc import Callable

import numpy as np
import torch
import torch.distributed
from deepspeed.utils import (
    lazy_init_hp_params_optimizer_state,
    safe_get_full_fp32_param,
    safe_get_full_optimizer_state,
    safe_set_full_fp32_param,
    safe_set_full_optimizer_state,
)
from numpy.typing import NDArray
from torch import Tensor, nn

from tenbin.training.checkpoints import FIRST_MOMENTS, SECOND_MOMENTS, WEIGHTS, Checkpoint
from tenbin.training.network import Arrays
from tenbin.training.ranked_network import RankedNetwork

MOMENTS = {FIRST_MOMENTS: "exp_avg", SECOND_MOMENTS: "exp_avg_sq"}
"""Names of the moments in a state and in torch's AdamW."""
SCALING = "loss_scaling/"
SCALER = ("cur_scale", "cur_iter", "last_overflow_iter", "cur_hysteresis")
"""What of DeepSpeed's loss scaler changes from step to step; small whole numbers, exact in fp32."""
UPDATES = SCALING + "updates"


def gather_state(network: RankedNetwork) -> dict[str, NDArray[np.float32]] | None:
    """Return the whole state on rank 0, None on the others. To be called by all ranks."""
    state: dict[str, NDArray[np.float32]] = {}
    keep = torch.distributed.get_rank() == 0
    for prefix, gather in _gatherers().items():
        for name, parameter in network.parameters.items():
            whole = gather(parameter)
            if keep:
                state[prefix + name] = whole.cpu().numpy()
    return state | _describe_scaling(network) if keep else None


def load_weights(network: RankedNetwork, weights: Arrays) -> None:
    """Set the fp32 weights that updates are added to; the network's own were rounded to its numerics."""
    for name, parameter in network.parameters.items():
        safe_set_full_fp32_param(parameter, torch.from_numpy(weights[name]))


def make_moments(network: RankedNetwork) -> None:
    """Give AdamW its moments, zero, before its first update, and let DeepSpeed know of them.

    DeepSpeed alone would look for them when the first of several groups has been updated, and miss the others'.
    """
    described = network.optimizer.state_dict()
    shares = [group["params"][0] for group in network.optimizer.param_groups]
    described["state"] = {
        number: {"step": torch.tensor(float(network.updates))}
        | {key: torch.zeros_like(share) for key in MOMENTS.values()}
        for number, share in enumerate(shares)
    }
    network.optimizer.load_state_dict(described)
    for parameters, share in zip(network.groups, shares, strict=True):
        lazy_init_hp_params_optimizer_state(parameters, share, network.optimizer.state)


def load_optimizer(network: RankedNetwork, checkpoint: Checkpoint) -> None:
    """Set the moments, the number of updates and the loss scaling of a checkpoint."""
    scaling = {name.removeprefix(SCALING): float(array) for name, array in checkpoint.read(SCALING).items()}
    network.updates = int(scaling.get("updates", checkpoint.step))
    if network.scaler:
        for name in SCALER:
            setattr(network.scaler, name, scaling[name] if name == "cur_scale" else int(scaling[name]))
    make_moments(network)
    for prefix, key in MOMENTS.items():
        arrays = checkpoint.read(prefix)
        for name, parameter in network.parameters.items():
            safe_set_full_optimizer_state(parameter, torch.from_numpy(arrays[prefix + name]), key)


def _gatherers() -> dict[str, Callable[[nn.Parameter], Tensor]]:
    moments = {
        prefix: lambda parameter, key=key: safe_get_full_optimizer_state(parameter, key)
        for prefix, key in MOMENTS.items()
    }
    return {WEIGHTS: safe_get_full_fp32_param, **moments}


def _describe_scaling(network: RankedNetwork) -> dict[str, NDArray[np.float32]]:
    if network.scaler is None:
        return {}
    changing = {SCALING + name: getattr(network.scaler, name) for name in SCALER} | {UPDATES: network.updates}
    return {name: np.asarray(value, np.float32) for name, value in changing.items()}
