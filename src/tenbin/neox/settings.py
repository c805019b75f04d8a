"""What the starting process tells every rank, as one JSON file."""

from dataclasses import asdict, dataclass
from pathlib import Path

from tenbin.files import read_json, write_json


@dataclass(frozen=True)
class RankSettings:
    """The files and limits of a rank's work."""

    home: str
    """Checkout of GPT-NeoX."""
    config: str
    """The rendered run.yml."""
    helpers: str
    """GPT-NeoX's compiled data helpers."""
    blend: str
    """The order of corpora that GPT-NeoX must arrive at by itself (blend.npy)."""
    master_weights: str | None
    """Initial weights for the float32 master copies of a fresh run of 16 bits (safetensors)."""
    gpus_per_node: int
    end_step: int
    """Last step of the segment."""
    stop_file: str
    """When this file is there, the state is saved after the current step."""
    checkpoint_interval_s: float

    def write(self, path: Path) -> None:
        """Write them."""
        write_json(path, asdict(self))


def read_settings(path: Path) -> RankSettings:
    """Read them."""
    return RankSettings(**read_json(path))
