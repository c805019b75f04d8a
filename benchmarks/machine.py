"""The line above a table: what was measured, and on what."""

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("torch", "transformers", "accelerate", "litgpt", "lightning", "deepspeed", "tokenizers", "snakemake")
FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve", "bf16")


def describe_machine() -> str:
    """Return date, versions, processor, its flags, and threads in a line."""
    words = read_processor()
    flags = " ".join(flag for flag in FLAGS if flag in words.split())
    versions = ", ".join(f"{name} {find_version(name)}" for name in PACKAGES)
    cores = len(os.sched_getaffinity(0))
    return (
        f"{time.strftime('%Y-%m-%d %H:%M')}; Python {platform.python_version()}, {versions}; "
        f"{name_processor(words)} ({platform.machine()}), {cores} cores, {flags}; "
        f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'unset')} outside rows that state threads"
    )


def find_version(name: str) -> str:
    """Return a package's version."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def read_processor() -> str:
    """Return what the system says of its processors, if it does."""
    information = Path("/proc/cpuinfo")
    return information.read_text(encoding="utf-8") if information.is_file() else ""


def name_processor(words: str) -> str:
    """Return the model name, family and model of the first processor."""
    fields = dict(line.split(":", 1) for line in reversed(words.splitlines()) if ":" in line)
    facts = {key.strip(): value.strip() for key, value in fields.items()}
    family = f"family {facts['cpu family']} model {facts['model']}" if "cpu family" in facts else ""
    return f"{facts.get('model name', 'unnamed processor')} {family}".strip()
