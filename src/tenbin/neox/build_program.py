"""Compile what GPT-NeoX needs: `python -m tenbin.neox.build_program CHECKOUT FOLDER`, in a process of its own.

The data helpers are compiled from the checkout's source as its Makefile would; DeepSpeed's operations by DeepSpeed, and
on GPUs GPT-NeoX's kernels by GPT-NeoX, each into the folder.
"""

import os
import subprocess
import sys
import sysconfig
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pybind11
from torch.utils.cpp_extension import CUDA_HOME

from tenbin.errors import UserError, command
from tenbin.neox.extensions import KERNELS, OPERATIONS, helpers_file
from tenbin.neox.importing import make_importable

SOURCE = Path("megatron", "data", "helpers.cpp")
FLAGS = ("-O3", "-Wall", "-shared", "-std=c++11", "-fPIC")


def main() -> None:
    """Parse arguments and compile."""
    home, folder = map(Path, sys.argv[1:])
    _build_helpers(home / SOURCE, helpers_file(folder))
    accelerator = import_module("deepspeed.accelerator").get_accelerator()
    if accelerator.device_name() != "cpu":
        _build_kernels(home, folder / OPERATIONS / KERNELS)
    accelerator.create_op_builder("FusedAdamBuilder").load()


def _build_helpers(source: Path, target: Path) -> None:
    compiler = os.environ.get("CXX", "g++")
    includes = [f"-I{path}" for path in (sysconfig.get_path("include"), pybind11.get_include())]
    done = subprocess.run([compiler, *FLAGS, *includes, str(source), "-o", str(target)], check=False)
    if done.returncode:
        raise UserError(f"{compiler} could not compile {source}")


def _build_kernels(home: Path, folder: Path) -> None:
    if CUDA_HOME is None:
        raise UserError("CUDA's compiler nvcc was not found; load the module of torch's CUDA version, or set CUDA_HOME")
    make_importable(str(home))
    kernels = import_module("megatron.fused_kernels")
    kernels.load(SimpleNamespace(rank=0, fused_kernels_build_path=str(folder)))


if __name__ == "__main__":
    command(main)
