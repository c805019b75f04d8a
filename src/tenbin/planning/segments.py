"""Where a run is cut into jobs.

A finished segment stays finished: boundaries on disk are kept whatever the segment length is now,
and new ones follow the last of them.
"""

from collections.abc import Sequence
from pathlib import Path


def segment_ends(
    folder: str, steps: int, segment_steps: int, *, start: int = 0, stops: Sequence[int] = ()
) -> list[int]:
    """Return the end steps of a run's segments, the last being `steps`.

    `start` is the step that the run begins after (0, or where a branch leaves its trunk), `stops` are steps that must
    be ends: where branches leave this run. Markers on disk above `steps` belong to nothing and are ignored.
    """
    ends = {end for end in _ends_on_disk(Path(folder)) if start < end <= steps}
    last = max(ends, default=start)
    ends |= {stop for stop in stops if stop < last}
    while last < steps:
        last = min([last + segment_steps, steps, *(stop for stop in stops if stop > last)])
        ends.add(last)
    return sorted(ends)


def _ends_on_disk(folder: Path) -> list[int]:
    return [int(marker.stem) for marker in folder.glob("*.json") if marker.stem.isdigit()]
