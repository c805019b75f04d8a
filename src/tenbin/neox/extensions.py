"""Compiled parts of GPT-NeoX and DeepSpeed: built once on a kind of machine, and copied for each start.

By themselves GPT-NeoX runs `make` in its own tree at every start, and DeepSpeed compiles its optimiser into a folder
that all runs share, behind a lock file that a killed process leaves there for ever. Here both are built into a folder
with a name of its own and renamed when whole, so that of several starts one wins and none waits; each start gets a
copy of DeepSpeed's part, so that a lock left behind dies with the generation it was made in. The checkout stays as it
is and may be read-only.
"""

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import tenbin
from tenbin.errors import UserError
from tenbin.files import sha256_json
from tenbin.neox.log import last_words
from tenbin.training import log
from tenbin.training.markers import cpu_model

PLACE = "TORCH_EXTENSIONS_DIR"
"""Environment variable that names where built parts are kept; by default a folder of the work folder."""
BUILD_LOG = "build.log"
OPERATIONS = "operations"
KERNELS = "kernels"


def helpers_file(built: Path) -> Path:
    """Return GPT-NeoX's data helpers in a folder of built parts."""
    return built / f"helpers{sysconfig.get_config_var('EXT_SUFFIX')}"


def prepare_extensions(home: Path, commit: str, work: Path, gpus: int, environment: dict[str, str]) -> Path:
    """Return the folder of built parts for this machine, building them first if need be.

    Raises UserError with the compiler's words if a build fails.
    """
    place = Path(os.environ.get(PLACE) or work / "extensions").absolute()
    key = f"neox-{commit[:12]}-{_machine(gpus)}"
    folder = place / key
    if folder.is_dir():
        return folder
    log.notice(f"compiling parts of GPT-NeoX and DeepSpeed into {folder}; this takes some minutes, once")
    partial = place / f".{key}.{platform.node()}.{os.getpid()}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    (partial / OPERATIONS).mkdir(parents=True)
    try:
        _build(home, partial, environment)
        _publish(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def copy_operations(built: Path, folder: Path) -> Path:
    """Copy DeepSpeed's compiled operations, with their times, so that they count as up to date."""
    shutil.rmtree(folder, ignore_errors=True)
    # The folder is empty where DeepSpeed was installed with its operations compiled.
    shutil.copytree(built / OPERATIONS, folder)
    return folder


def _machine(gpus: int) -> str:
    """Return a short name of all that the compiled files depend on; DeepSpeed compiles for the very processor."""
    parts = [sysconfig.get_config_var("EXT_SUFFIX"), cpu_model(), _gpu_name() if gpus else "cpu"]
    parts += [_version("torch"), _version("deepspeed")]
    return sha256_json(parts)[:12]


def _gpu_name() -> str:
    """Return the GPU and CUDA's version, asked in a child: this process must not take memory on a GPU."""
    question = "import torch; print(torch.cuda.get_device_name(), torch.version.cuda)"
    return subprocess.run([sys.executable, "-c", question], check=True, capture_output=True, text=True).stdout.strip()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        raise UserError(f"engine neox: {package} is not installed; install the environment envs/neox.yaml") from None


def _build(home: Path, folder: Path, environment: dict[str, str]) -> None:
    output = folder / BUILD_LOG
    with output.open("wb") as stream:
        done = subprocess.run(
            [sys.executable, "-m", "tenbin.neox.build_program", str(home), str(folder)],
            env=os.environ | environment | {PLACE: str(folder / OPERATIONS), "PYTHONPATH": _python_path()},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            check=False,
        )
    if done.returncode:
        words = last_words(output.read_text(encoding="utf-8", errors="replace"))
        kept = folder.parent / BUILD_LOG
        output.replace(kept)
        raise UserError(
            f"compiling parts of GPT-NeoX and DeepSpeed failed: {words}. A C++ compiler, ninja and pybind11 are needed "
            f"(and nvcc for GPUs); the compiler's output is in {kept}"
        )


def _python_path() -> str:
    """Return a search path on which a child finds this very package, installed or not."""
    source = str(Path(tenbin.__file__).parents[1])
    return os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH"))))


def _publish(partial: Path, folder: Path) -> None:
    try:
        partial.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process built the same first
            raise
