"""What the parent of a job on many processes tells them, in a file of the generation's folder, and where they meet.

Ranks may run on other nodes, where no signal of the parent's reaches them: the parent asks them to stop by a file.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from tenbin.files import read_json, write_json
from tenbin.training.generations import Generation
from tenbin.training.segment import SegmentJob

FILE, LOG, STOP = "ranks.json", "ranks.log", "stop"


@dataclass(frozen=True)
class RankedJob:
    """A training job and the generation that its ranks write as."""

    job: SegmentJob
    fingerprint: str
    generation: Generation

    @property
    def file(self) -> Path:
        """Return where this description lies."""
        return self.generation.folder / FILE

    @property
    def log(self) -> Path:
        """Return where all ranks print."""
        return self.generation.folder / LOG

    @property
    def stop(self) -> Path:
        """Return the file that asks the ranks to save their state and leave after the current step."""
        return self.generation.folder / STOP

    @property
    def threads(self) -> int:
        """Return the CPU threads of each rank: an even share of the job's on a node."""
        return max(1, self.job.threads // self.job.placement.ranks_per_node)

    def write(self) -> None:
        """Write the description for the ranks."""
        described: dict[str, Any] = TypeAdapter(RankedJob).dump_python(self, mode="json")
        write_json(self.file, described)


def read_ranked_job(path: Path) -> RankedJob:
    """Read what `RankedJob.write` wrote."""
    return TypeAdapter(RankedJob).validate_python(read_json(path))
