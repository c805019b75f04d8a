"""Everything that one start of GPT-NeoX reads, written into a folder of the generation."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tenbin.errors import UserError
from tenbin.files import sha256_file, write_bytes
from tenbin.launching.gpus import require_gpus
from tenbin.neox.checkout import require_checkout
from tenbin.neox.config import RunPaths, render, spell
from tenbin.neox.extensions import KERNELS, PLACE, copy_operations, helpers_file, prepare_extensions
from tenbin.neox.initial import write_initial
from tenbin.neox.links import read_links
from tenbin.neox.saves import require_ranks
from tenbin.neox.settings import RankSettings
from tenbin.training.checkpoints import Checkpoint
from tenbin.training.generations import Generation
from tenbin.training.ranked_job import STOP
from tenbin.training.segment import SegmentJob
from tenbin.training.spec import RunSpec

PROGRAM = ("-m", "tenbin.neox.rank_program")
CONFIG, SETTINGS, LOG = "run.yml", "settings.json", "log.txt"
INITIAL, SAVES, OPERATIONS = "initial", "saves", "operations"
"""Parts of the folder that are of no use after the start they were made for."""


@dataclass(frozen=True)
class Start:
    """One start of GPT-NeoX: where it works, what each rank runs, and with which environment."""

    folder: Path
    program: list[str]
    environment: dict[str, str]

    @property
    def log(self) -> Path:
        """Return where all ranks print."""
        return self.folder / LOG

    @property
    def saves(self) -> Path:
        """Return where GPT-NeoX saves, before anything of it counts as a checkpoint."""
        return self.folder / SAVES


def prepare_start(job: SegmentJob, spec: RunSpec, generation: Generation, origin: Checkpoint | None) -> Start:
    """Write what the ranks read: from initial weights if `origin` is None, else going on from it.

    Raises UserError if checkout, data, tokenizer or placement can't be used for this run.
    """
    require_gpus(job.placement)
    commit = require_checkout(job.neox_home)
    assert job.neox_home is not None
    folder = neox_folder(generation)
    data, tokenizer = read_links(job.neox_data, spec), _require_tokenizer(job, spec)
    if origin:
        require_ranks(origin, job.placement)
    # What the config or the batch can't be is said before minutes of compiling.
    environment = _environment(job)
    paths = RunPaths(
        save=folder / SAVES,
        load=origin.folder.absolute() if origin else folder / INITIAL,
        fresh=origin is None,
        tokenizer=tokenizer,
        kernels=folder / OPERATIONS / KERNELS,
    )
    config = spell(render(spec, job.placement, data, paths))
    built = prepare_extensions(job.neox_home, commit, job.work, job.placement.gpus_per_node, environment)
    write_bytes(folder / CONFIG, config.encode())
    if origin is None:
        write_initial(folder / INITIAL, job.init, spec.architecture)
    _settings(job, spec, generation, built, fresh=origin is None).write(folder / SETTINGS)
    copy_operations(built, folder / OPERATIONS)
    return Start(folder, [*PROGRAM, str(folder / SETTINGS)], environment | {PLACE: str(folder / OPERATIONS)})


def neox_folder(generation: Generation) -> Path:
    """Return where GPT-NeoX works in a generation."""
    return generation.folder.absolute() / "neox"


def clear_passing(run_folder: Path) -> None:
    """Delete what earlier starts left that no later one needs: unpublished saves among it."""
    for folder in _passing(run_folder):
        shutil.rmtree(folder, ignore_errors=True)


def _passing(run_folder: Path) -> Iterator[Path]:
    for name in (INITIAL, SAVES, OPERATIONS):
        yield from run_folder.glob(f"[0-9]*/neox/{name}")


def _settings(job: SegmentJob, spec: RunSpec, generation: Generation, built: Path, *, fresh: bool) -> RankSettings:
    assert job.neox_home is not None
    return RankSettings(
        home=str(job.neox_home.absolute()),
        config=str(neox_folder(generation) / CONFIG),
        helpers=str(helpers_file(built.absolute())),
        blend=str((job.orders / "blend.npy").absolute()),
        master_weights=str(job.init.absolute()) if fresh and spec.numerics != "fp32" else None,
        gpus_per_node=job.placement.gpus_per_node,
        end_step=job.end_step,
        stop_file=str((generation.folder / STOP).absolute()),
        checkpoint_interval_s=job.checkpoint_interval_s,
    )


def _environment(job: SegmentJob) -> dict[str, str]:
    """Return what the ranks need: compilers' helpers on PATH, and DeepSpeed told where it computes."""
    programs = str(Path(sys.executable).parent)
    return {
        "PATH": os.pathsep.join(filter(None, (programs, os.environ.get("PATH")))),
        "DS_ACCELERATOR": "cuda" if job.placement.gpus else "cpu",
        "OMP_NUM_THREADS": str(max(1, job.threads // job.placement.ranks_per_node)),
    }


def _require_tokenizer(job: SegmentJob, spec: RunSpec) -> Path:
    if job.tokenizer is None:
        raise UserError("engine neox: no tokenizer is given; pass --tokenizer")
    if sha256_file(job.tokenizer) != spec.tokenizer_sha256:
        raise UserError(f"{job.tokenizer} is another tokenizer than {job.spec} names; give the one of the spec")
    return job.tokenizer.absolute()
