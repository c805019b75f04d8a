"""What each rank of a run on GPT-NeoX runs: `python -m tenbin.neox.rank_program SETTINGS.json`, under torchrun.

It only prepares the process and then hands over to `megatron.training.pretrain`: the checkout's files stay as they
are. On a machine with GPUs it adds nothing but the hooks of `steering`.
"""

import importlib.util
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from tenbin.errors import UserError, command
from tenbin.neox.cpu import allow_no_cuda, pretend_cuda
from tenbin.neox.importing import make_importable
from tenbin.neox.settings import RankSettings, read_settings
from tenbin.neox.steering import steer

HELPERS = "megatron.data.helpers"


def main() -> None:
    """Train as the settings say."""
    settings = read_settings(Path(sys.argv[1]))
    _require_gpus(settings.gpus_per_node)
    if not settings.gpus_per_node:
        pretend_cuda()
    make_importable(settings.home)
    training = import_module("megatron.training")
    if not settings.gpus_per_node:
        allow_no_cuda(training)
    _provide_helpers(settings.helpers)
    steer(training, settings)
    try:
        _pretrain(training, settings)
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def _pretrain(training: Any, settings: RankSettings) -> None:
    """As the checkout's train.py, without its detour over the command line."""
    neox_args = import_module("megatron.neox_arguments").NeoXArgs.from_ymls([settings.config])
    neox_args.configure_distributed_args()
    neox_args.build_tokenizer()
    training.pretrain(neox_args=neox_args)


def _require_gpus(wanted: int) -> None:
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if found < wanted:
        raise UserError(
            f"{wanted} GPUs are planned for each node, and torch {torch.__version__} can use {found} of this one; "
            "check the job's request for GPUs, the driver, and that torch was installed for CUDA"
        )


def _provide_helpers(path: str) -> None:
    """Load the helpers that were compiled for this run; GPT-NeoX would run `make` in its own tree at every start."""
    spec = importlib.util.spec_from_file_location(HELPERS, path)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[HELPERS] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    data_utils: Any = import_module("megatron.data.data_utils")
    data_utils.compile_helper = _compiled_already


def _compiled_already() -> None:
    pass


if __name__ == "__main__":
    command(main)
