"""From a table of losses to the laws of the proportion and the frontier: ratio.json and ratio_frontier.csv."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tenbin.files import record_file, write_bytes, write_json
from tenbin.scaling.intervals import SEED, DocumentTables, interval, read_document_tables, replicate_losses
from tenbin.scaling.laws.form import FloatArray
from tenbin.scaling.points import Point, read_points
from tenbin.scaling.ratios.forms import FORMS
from tenbin.scaling.ratios.frontier import CHOICES, WEIGHTS, describe_frontier, describe_movement
from tenbin.scaling.ratios.gamma import compare_gammas
from tenbin.scaling.ratios.laws import SizeFit, choose_form, describe_size, fit_size, largest_left_out
from tenbin.scaling.ratios.sweep import SizeLosses, Sweep, collect_sizes, find_sweeps

METHOD = (
    "fits: least squares of ln(fitted/loss) over means of seeds at proportions above 0; parameters: 95 % profiles "
    "with unknown variance; curves and choices: central 95 % of 1000 replicates of documents, seeds and the scatter "
    "about the law; none holds the error of the form"
)
FEW_SEEDS = 3
COLUMNS = (
    *("schedule", "size", "n_nonembedding", "mix", "first", "second", "r", "seeds"),
    *("first_bits_per_byte", "first_low", "first_high", "second_bits_per_byte", "second_low", "second_high"),
)


def fit_ratios(
    points_table: Path,
    points_record: Path | None,
    *,
    mixes: Sequence[Path],
    valids: Sequence[str],
    documents: Sequence[Path],
    table: Path,
    record: Path,
) -> None:
    """Fit every sweep of proportions of a losses table and write the frontier's table and its record.

    Raises UserError if no two corpora are mixed in at least five proportions at one schedule.
    """
    points = read_points(points_table, points_record)
    sweeps = find_sweeps(points, mixes, valids)
    measured = {side.valid for sweep in sweeps for side in sweep.sides}
    points = [point for point in points if point.valid in measured]
    tables = read_document_tables(documents, points)
    found = [(sweep, _collect(sweep, points, tables)) for sweep in sweeps]
    write_bytes(table, _write_table([row for sweep, sides in found for row in _rows(sweep, sides)]))
    content = {
        "method": METHOD,
        "random_seed": SEED,
        "weights": WEIGHTS,
        "points": record_file(points_table),
        "files": {"table": record_file(table)},
        "sweeps": [describe_sweep(sweep, sides) for sweep, sides in found],
    }
    write_json(record, content)


def describe_sweep(sweep: Sweep, sides: Sequence[Sequence[SizeLosses]]) -> dict[str, Any]:
    """Return the laws of both languages, the frontier of every size, and how its choices move with size."""
    fits = [[{form.name: fit_size(size, form) for form in FORMS} for size in sizes] for sizes in sides]
    form, reason = choose_form([fitted for language in fits for fitted in language])
    frontiers = [describe_frontier(pair, form) for pair in zip(*fits, strict=True)]
    n = [content["n_nonembedding"] for content, _ in frontiers]
    return {
        "schedule": sweep.schedule,
        "shares": dict(sweep.shares),
        "notes": _notes(sides),
        "chosen_form": form,
        "chosen_because": reason,
        "sides": [
            {"corpus": side.corpus, "language": side.language, "valid": side.valid} | _describe_side(sizes, fitted)
            for side, sizes, fitted in zip(sweep.sides, sides, fits, strict=True)
        ],
        "frontier": [content for content, _ in frontiers],
        "movement": {name: describe_movement(n, [chosen[name] for _, chosen in frontiers]) for name in CHOICES},
    }


def _collect(sweep: Sweep, points: Sequence[Point], tables: DocumentTables) -> list[list[SizeLosses]]:
    sides = []
    for number, side in enumerate(sweep.sides):
        there = [point for point in points if point.valid == side.valid]
        sides.append(collect_sizes(sweep, number, there, replicate_losses(there, tables)))
    return sides


def _describe_side(sizes: Sequence[SizeLosses], fits: Sequence[dict[str, SizeFit]]) -> dict[str, Any]:
    return {
        "bits_per_byte_of_one_nat_per_token": sizes[0].bits_per_byte,
        "sizes": [describe_size(size, fitted) for size, fitted in zip(sizes, fits, strict=True)],
        "gamma": compare_gammas(sizes),
        "largest_left_out": largest_left_out(sizes),
    }


def _notes(sides: Sequence[Sequence[SizeLosses]]) -> list[str]:
    notes = ["proportion 0 is in no fit: there the ratio law is infinite"]
    seeds = [len(by_seed) for sizes in sides for size in sizes for by_seed in size.losses]
    if min(seeds) < FEW_SEEDS:
        notes.append(f"as few as {min(seeds)} seeds: drawing them again understates their noise")
    if len(set(seeds)) > 1:
        notes.append(f"{min(seeds)} to {max(seeds)} seeds a point: points count alike")
    return notes


def _rows(sweep: Sweep, sides: Sequence[Sequence[SizeLosses]]) -> list[list[Any]]:
    return [
        [*_describe_run(sweep, first, i), *_in_bits(first, i), *_in_bits(second, i)]
        for first, second in zip(*sides, strict=True)
        for i in range(len(first.mixes))
    ]


def _describe_run(sweep: Sweep, size: SizeLosses, i: int) -> list[Any]:
    names = [side.language for side in sweep.sides]
    return [sweep.schedule, size.size, size.n_nonembedding, size.mixes[i], *names, size.r[i], len(size.losses[i])]


def _in_bits(size: SizeLosses, i: int) -> tuple[float | str, ...]:
    replicates: FloatArray = np.exp(size.replicates[:, i]) * size.bits_per_byte
    ends = interval(replicates)
    return float(np.exp(size.log_loss[i])) * size.bits_per_byte, *(ends or ("", ""))


def _write_table(rows: Sequence[Sequence[Any]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([COLUMNS, *rows])
    return stream.getvalue().encode()
