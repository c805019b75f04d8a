"""Faults ordered for some of the next calls or jobs, each drawn from a seed so that a campaign can be repeated."""

import json
from typing import Any
from zlib import crc32

from emulators.pjm.store import Store


def draw(store: Store, name: str, subject: str = "") -> dict[str, Any] | None:
    """Return how a fault is to happen, or None if it does not. Within a transaction of the caller's.

    `subject` is the job's name for faults of jobs: the fault may be meant for some of them only.
    """
    for row in store.query("SELECT * FROM faults WHERE name = ? AND (remaining IS NULL OR remaining > 0)", name):
        how: dict[str, Any] = json.loads(row["how"])
        if how.get("match", "") not in subject:
            continue
        store.query("UPDATE faults SET draws = draws + 1 WHERE name = ?", name)
        if _chance(how.get("seed", 0), name, row["draws"]) < how.get("probability", 1.0):
            store.query("UPDATE faults SET remaining = remaining - 1 WHERE name = ?", name)
            return how
    return None


def _chance(seed: int, name: str, number: int) -> float:
    """Return a number from 0 to 1 that looks random; CRC alone is linear, hence the multiplication."""
    mixed = crc32(f"{seed} {name} {number}".encode()) * 0x9E3779B97F4A7C15 % 2**64
    return (mixed ^ mixed >> 29) * 0xBF58476D1CE4E5B9 % 2**64 / 2**64
