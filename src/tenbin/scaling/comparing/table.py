"""The comparison of one language alone with the mixes that hold it: a table by size, and a record with sentences.

Losses are compared in nats per token, which mean the same on both sides of a pair: one text, one tokenizer. Across
languages only the columns in bits per byte may be compared.
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tenbin.files import record_file, write_bytes, write_json
from tenbin.scaling.comparing.cells import with_ends
from tenbin.scaling.comparing.data import describe_data
from tenbin.scaling.comparing.equivalence import judge_all_sizes, judge_size
from tenbin.scaling.comparing.joint import fit_joint
from tenbin.scaling.comparing.noise import Estimate, estimate, pool
from tenbin.scaling.comparing.pairs import CurvePair, PairedSize, find_pairs
from tenbin.scaling.comparing.parameters import fit_worth
from tenbin.scaling.intervals import CONFIDENCE, ReplicatedLosses, read_document_tables, replicate_losses
from tenbin.scaling.points import DEFINITIONS, Point, read_points
from tenbin.scaling.wording import describe_comparison, describe_headlines
from tenbin.study.comparisons import Comparison

METHOD = (
    "ln(mix / alone) paired by seed; intervals: t distribution, noise between seeds plus noise of documents, sizes "
    "share the former unless Bartlett's test speaks against it; equivalence: two one-sided tests at 5 %"
)
UNITS = ("bits_per_byte", "bits_per_char")


def compare_mixes(
    points_table: Path,
    points_record: Path | None,
    *,
    comparisons: Sequence[Comparison],
    margin: float,
    documents: Sequence[Path],
    table: Path,
    record: Path,
) -> None:
    """Compare all pairs of curves on every validation set of their language; write a CSV and a JSON with sentences.

    The margin of equivalence is a share of the loss. Raises UserError if the table lacks a curve to be compared.
    """
    points = read_points(points_table, points_record)
    replicated = _replicate_by_valid(points, documents)
    results = [
        _compare(comparison, pair, replicated[pair.mono.valid], margin)
        for comparison in comparisons
        for pair in find_pairs(comparison, points, points_table)
    ]
    write_bytes(table, _spell([row for result in results for row in result["rows"]]))
    files = {"table": record_file(table)}
    headlines = describe_headlines(results)
    content = {"method": METHOD, "margin": margin, "headlines": headlines, "comparisons": results, "files": files}
    write_json(record, content)


def _replicate_by_valid(points: Sequence[Point], documents: Sequence[Path]) -> dict[str, ReplicatedLosses]:
    tables = read_document_tables(documents, points)
    by_valid = {point.valid: [p for p in points if p.valid == point.valid] for point in points}
    return {valid: replicate_losses(those, tables) for valid, those in by_valid.items()}


def _compare(comparison: Comparison, pair: CurvePair, replicated: ReplicatedLosses, margin: float) -> dict[str, Any]:
    said = comparison.model_dump(exclude={"language", "mono_schedules", "mix_schedules"})
    head = {"language": comparison.language, "valid": pair.mono.valid, **said}
    sizes = pair.sizes()
    worths = [fit_worth(pair.mono, definition, replicated) for definition in DEFINITIONS]
    ratios = _estimate_ratios(sizes, replicated)
    in_data = describe_data(comparison, pair, sizes, replicated)
    rows = [
        head
        | _describe_size(size, ratio, margin)
        | {key: value for worth in worths for key, value in worth.describe(size.mono, ratio, margin).items()}
        | of_data
        for size, ratio, of_data in zip(sizes, ratios, in_data, strict=True)
    ]
    result = {
        **head,
        "mono_steps": pair.mono.steps,
        "mix_steps": pair.mix.steps,
        "document_noise": replicated.source(pair.mono.points + pair.mix.points),
        "equivalence": judge_all_sizes(rows, margin),
        "joint": {definition: fit_joint(sizes, definition) for definition in DEFINITIONS},
        "rows": rows,
    }
    return result | {"sentence": describe_comparison(result)}


def _estimate_ratios(sizes: Sequence[PairedSize], replicated: ReplicatedLosses) -> list[Estimate]:
    """Return ln(mix / alone) of every size."""
    values = [size.log_ratios(lambda point: point.loss) for size in sizes]
    drawn = [size.log_ratios(lambda point: replicated.losses[point.run]) for size in sizes]
    single = [estimate(*both, replicated.num_documents) for both in zip(values, drawn, strict=True)]
    return pool(single, values)


def _describe_size(size: PairedSize, ratio: Estimate, margin: float) -> dict[str, Any]:
    ends = ratio.interval(CONFIDENCE)
    factors = [float(np.exp(end)) for end in ends] if ends else None
    return {
        "size": size.mono.size,
        **{definition: size.mono.n.get(definition) for definition in DEFINITIONS},
        "seeds": ratio.seeds,
        "compute_ratio": size.compute_ratio,
        "mono_loss_nats_per_token": size.mono.mean_loss,
        "mix_loss_nats_per_token": size.mix.mean_loss,
        **with_ends("loss_ratio", float(np.exp(ratio.mean)), factors),
        **_differences(size, float(np.exp(ratio.mean)), factors),
        "noise": ratio.holds,
        "seed_sd": ratio.seed_variance**0.5 if ratio.seeds > 1 else None,
        "seed_sd_pooled": ratio.pooled_sizes > 1,
        "verdict": _verdict(factors),
        **judge_size(ratio, margin),
    }


def _differences(size: PairedSize, ratio: float, factors: Sequence[float] | None) -> dict[str, float | None]:
    """Return mean differences in every unit; their intervals are the ratio's, moved to that unit."""
    alone = size.mono.mean_loss
    value = size.mix.mean_loss - alone
    ends = [value + alone * (factor - ratio) for factor in factors] if factors else None
    columns = with_ends("difference_nats_per_token", value, ends)
    for unit in UNITS:
        scale = _units_per_nat(size.mix.points[0], unit)
        scaled = [end * scale for end in ends] if ends and scale else None
        columns |= with_ends(f"difference_{unit}", value * scale if scale else None, scaled)
    return columns


def _units_per_nat(point: Point, unit: str) -> float | None:
    """Return what one nat/token is in a unit: a constant of tokenizer and text, so any run tells it."""
    measured: float | None = getattr(point, unit)
    return measured / point.loss if measured else None


def _verdict(factors: Sequence[float] | None) -> str:
    if factors is None:
        return "no interval"
    if factors[1] < 1:
        return "mix better"
    return "mix worse" if factors[0] > 1 else "undecided"


def _spell(rows: Sequence[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue().encode()
