"""plan.csv: one row a run, every number in full, units in the names of the columns."""

import csv
import io
from collections.abc import Sequence

from tenbin.pricing.rows import Row

Value = str | int | float | bool | None


def write_csv(rows: Sequence[Row]) -> str:
    """Return the rows as CSV; what is not known or does not apply is empty."""
    lines = [_values(row) for row in rows]
    # A run has columns for its own corpora only; every corpus of the study needs one.
    names = list(dict.fromkeys(name for line in lines for name in line))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return stream.getvalue()


def _values(row: Row) -> dict[str, Value]:
    return {**_identity(row), **_work(row), **_price(row), **_needs(row), **_packed(row), **_corpora(row)}


def _identity(row: Row) -> dict[str, Value]:
    return {
        "mix": row.run.mix,
        "size": row.run.size,
        "schedule": row.run.schedule,
        "seed": row.run.seed,
        "selected": row.state != "not selected",
        "state": row.state,
        "steps_left": row.steps_left,
    }


def _work(row: Row) -> dict[str, Value]:
    return {
        "n_nonembedding": row.n_nonembedding,
        "n_total": row.n_total,
        "steps": row.steps,
        "tokens": row.tokens,
        "flops": row.flops,
    }


def _price(row: Row) -> dict[str, Value]:
    return {
        "gpus": row.placement.gpus,
        "nodes": row.placement.nodes,
        "seconds_per_step": row.step_s,
        "speed_source": row.speed.source if row.speed else None,
        "days": row.price.days,
        "published_days": row.published_days,
        "gpu_hours": row.price.gpu_hours,
        "gpu_hours_left": row.left.gpu_hours,
        "gpu_hours_arithmetic_alone": row.floor_gpu_hours,
        "charge": row.charge,
    }


def _needs(row: Row) -> dict[str, Value]:
    return {
        "queue": row.placement.queue,
        "walltime_h": row.walltime_h,
        "segments": row.segments,
        "longest_segment_h": row.longest_segment_h,
        "memory_bytes": row.memory_bytes,
        "fits_memory": row.fits,
        "checkpoint_bytes": row.checkpoint_bytes,
        "data_bytes": row.data_bytes,
    }


def _packed(row: Row) -> dict[str, Value]:
    packed = row.packed
    return {
        "packed_queue": packed.queue if packed else None,
        "packed_days": packed.price.days if packed else None,
        "packed_gpu_hours": packed.price.gpu_hours if packed else None,
        "packed_segments": packed.segments if packed else None,
    }


def _corpora(row: Row) -> dict[str, Value]:
    tokens: dict[str, Value] = {f"tokens_{share.corpus}": share.tokens for share in row.corpora}
    return tokens | {f"epochs_{share.corpus}": share.epochs for share in row.corpora}
