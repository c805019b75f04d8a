"""Where a run is cut into jobs.

A finished segment stays finished: boundaries on disk are kept whatever the segment length is now,
and new ones follow the last of them.
"""

from pathlib import Path


def segment_ends(folder: str, steps: int, segment_steps: int) -> list[int]:
    """Return the end steps of a run's segments, the last being `steps`.

    Markers on disk above `steps` belong to nothing and are ignored.
    """
    ends = sorted(end for end in _ends_on_disk(Path(folder)) if end <= steps)
    last = ends[-1] if ends else 0
    while last < steps:
        last = min(last + segment_steps, steps)
        ends.append(last)
    return ends


def _ends_on_disk(folder: Path) -> list[int]:
    return [int(marker.stem) for marker in folder.glob("*.json") if marker.stem.isdigit()]
