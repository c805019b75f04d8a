"""What GPT-NeoX saves, turned into checkpoints of this project: whole, checksummed, under their final name or absent.

GPT-NeoX writes `global_step{N}` into a folder of its own, which no reader looks at. When all ranks have written, the
folder is moved into `step{N}`, with a `latest` beside it, so that GPT-NeoX can load from `step{N}` as it stands.
"""

from pathlib import Path

from tenbin.errors import UserError
from tenbin.files import atomic_directory, record_file, write_json
from tenbin.study.execution import Placement
from tenbin.training.checkpoints import DESCRIPTION, Checkpoint
from tenbin.training.generations import Generation

MODEL_STATES = "mp_rank_00_model_states.pt"
OPTIMIZER_STATES = "*zero_pp_rank_*_optim_states.pt"
"""One file for each rank."""
LATEST = "latest"


def save_name(step: int) -> str:
    """Return the name of the folder that GPT-NeoX saves a step in."""
    return f"global_step{step}"


def write_latest(folder: Path, step: int) -> None:
    """Tell GPT-NeoX which step to load from a folder."""
    (folder / LATEST).write_text(save_name(step), encoding="utf-8")


def publish_save(saves: Path, generation: Generation, step: int, fingerprint: str) -> Checkpoint:
    """Make a checkpoint of what GPT-NeoX saved, if this generation is still the newest.

    Raises UserError if it is not, or GPT-NeoX left no such save.
    """
    generation.require_newest()
    saved = saves / save_name(step)
    if not (saved / MODEL_STATES).is_file():
        raise UserError(f"GPT-NeoX said that it saved step {step}, but {saved} holds no {MODEL_STATES}; see its log")
    checkpoint = Checkpoint(generation, step)
    with atomic_directory(checkpoint.folder) as partial:
        saved.rename(partial / saved.name)
        write_latest(partial, step)
        files = sorted(path for path in partial.rglob("*") if path.is_file())
        records = {str(path.relative_to(partial)): record_file(path) for path in files}
        write_json(partial / DESCRIPTION, {"fingerprint": fingerprint, "step": step, "files": records})
    return checkpoint


def require_ranks(checkpoint: Checkpoint, placement: Placement) -> None:
    """Raise UserError if a checkpoint was saved by another number of ranks: GPT-NeoX can't divide it anew."""
    found = len(list((checkpoint.folder / save_name(checkpoint.step)).glob(OPTIMIZER_STATES)))
    if found != placement.ranks:
        raise UserError(
            f"{checkpoint.folder} was saved by {found} rank(s) of GPT-NeoX, the placement has {placement.ranks}: "
            f"GPT-NeoX resumes with the same number; set execution.share_gpus or execution.placements "
            f"back to {found} rank(s) for this run"
        )
