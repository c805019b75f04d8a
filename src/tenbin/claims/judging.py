"""Each claim confirmed, refuted or undecided, with the number that decides and what it would take to decide.

A claim is confirmed where the interval of every number in its scope lies wholly where the claim says (all must pass, so
no number of looks makes this easier), refuted where one interval lies wholly outside, and undecided otherwise: an
interval that straddles a threshold decides nothing, and a number without an interval neither. With k numbers, each of a
95 % interval, a true claim is refuted by chance with a probability of up to k times 2.5 %; the row tells k.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any, Literal

from tenbin.claims.cells import Cell, Results, find_cells
from tenbin.claims.model import Claim
from tenbin.claims.reading import read_claims
from tenbin.claims.scoring import score_first_forecast
from tenbin.errors import UserError
from tenbin.files import read_json, record_file, verify_file, write_bytes, write_json

Verdict = Literal["confirmed", "refuted", "undecided"]
ORDER: tuple[Verdict, ...] = ("refuted", "undecided", "confirmed")
HOPELESS = 100
"""More than so many times the runs are not worth naming."""


def judge_claims(
    *,
    claims: Path,
    comparison: Path,
    scaling: Sequence[Path],
    losses: Path,
    losses_record: Path,
    forecasts: Path | None,
    languages: Mapping[str, Sequence[str]],
    margin: float,
    table: Path,
    record: Path,
) -> None:
    """Judge all claims and score the first forecast of the largest size; write a CSV and a JSON.

    `languages` are those of each mix, `margin` is a share of the loss.
    Raises UserError if the claims are malformed or a file is damaged.
    """
    rows = _read_losses(losses, losses_record)
    results = Results(
        comparisons=read_json(comparison)["comparisons"],
        fits=[read_json(path) for path in scaling],
        in_domain={row["valid"]: row["in_domain"].lower() == "true" for row in rows},
        languages=languages,
        margin=margin,
    )
    judged = [judge(claim, results) for claim in read_claims(claims)]
    write_bytes(table, _spell(judged))
    forecast = score_first_forecast(forecasts, rows, languages) if forecasts else None
    write_json(
        record, {"margin": margin, "claims": judged, "forecast": forecast, "files": {"table": record_file(table)}}
    )


def judge(claim: Claim, results: Results) -> dict[str, Any]:
    """Return a claim's row: its verdict, the number that decides, the range of sizes, and what would decide it."""
    cells = [cell for assertion in claim.assertions for cell in find_cells(claim, assertion, results)]
    missing = [assertion for assertion in claim.assertions if not find_cells(claim, assertion, results)]
    head = {"id": claim.id, "statement": claim.statement, "statement_ja": claim.statement_ja}
    if missing and not any(_verdict(cell) == "refuted" for cell in cells):
        return head | _nothing_to_judge(missing[0].quantity.file)
    worst = min(cells, key=lambda cell: (ORDER.index(_verdict(cell)), _room(cell)))
    verdict, sizes = _verdict(worst), _sizes(cells)
    beyond = verdict == "confirmed" and not all(_covers(cell.sizes, claim.claimed_sizes) for cell in cells)
    return head | {
        "verdict": "undecided" if beyond else verdict,
        **_describe(worst),
        "smallest_n": sizes[0] if sizes else None,
        "largest_n": sizes[1] if sizes else None,
        "numbers": len(cells),
        "numbers_that_hold": sum(_verdict(cell) == "confirmed" for cell in cells),
        "to_decide": _sizes_needed(claim.claimed_sizes, sizes) if beyond else _to_decide(worst, verdict),
        "caveat": worst.caveat,
    }


def _verdict(cell: Cell) -> Verdict:
    if cell.interval is None:
        return "undecided"
    (low, high), (above, below) = cell.interval, cell.bounds
    if (above is None or low > above) and (below is None or high < below):
        return "confirmed"
    outside = (above is not None and high < above) or (below is not None and low > below)
    return "refuted" if outside else "undecided"


def _room(cell: Cell) -> float:
    """Return how far the interval keeps within the bounds, or sticks out (negative); minus infinity without one."""
    if cell.interval is None:
        return float("-inf")
    (low, high), (above, below) = cell.interval, cell.bounds
    rooms = [low - above if above is not None else None, below - high if below is not None else None]
    return min(room for room in rooms if room is not None)


def _describe(cell: Cell) -> dict[str, Any]:
    low, high = cell.interval or (None, None)
    names = {"quantity": cell.quantity, "place": cell.place, "value": cell.value, "low": low, "high": high}
    return names | {"above": cell.bounds[0], "below": cell.bounds[1]}


def _nothing_to_judge(file: str) -> dict[str, Any]:
    needed = {
        "comparison": "runs of a mix beside one of its languages alone, at the fairness that the claim names",
        "fits": "runs of a mix at three sizes or more",
        "strangers": "runs of a mix beside each of its languages alone",
    }
    empty = ("quantity", "place", "value", "low", "high", "above", "below", "smallest_n", "largest_n")
    row = {"verdict": "undecided", **dict.fromkeys(empty), "numbers": 0, "numbers_that_hold": 0}
    return row | {"to_decide": needed[file], "caveat": "this study has nothing that the claim speaks of"}


def _to_decide(cell: Cell, verdict: Verdict) -> str:
    """Return what would make an undecided cell decide: repeats, sizes, or how many times as many runs."""
    if verdict != "undecided":
        return ""
    if cell.interval is None:
        return f"an interval: {cell.missing}; more seeds, and for fits more sizes, give one"
    # They are of the two-sided test, which asks for more than a claim with one threshold does.
    if cell.seeds_needed is not None and None not in cell.bounds:
        return f"about {cell.seeds_needed} seeds on both sides (80 % power to show equivalence within the margin)"
    times = _times_as_many(cell)
    if times is None or times > HOPELESS:
        return f"the number lies too near its threshold: an interval more than {HOPELESS**0.5:.0f} times narrower"
    narrower = f"an interval {times**0.5:.1f} times narrower"
    if cell.of_curve:
        return f"{narrower}: more sizes, or losses that lie closer to the curve (seeds, learning rates)"
    return f"{narrower}: at most about {ceil(times)} times the seeds and validation documents"


def _times_as_many(cell: Cell) -> float | None:
    """Return by what factor repeats must grow until the interval, moved nowhere, lies on one side of a threshold."""
    assert cell.interval is not None
    assert cell.value is not None
    needed = []
    for bound in cell.bounds:
        if bound is not None and cell.interval[0] <= bound <= cell.interval[1]:
            reach = cell.value - cell.interval[0] if bound < cell.value else cell.interval[1] - cell.value
            distance = abs(cell.value - bound)
            needed.append((reach / distance) ** 2 if distance else None)
    return None if None in needed else max(filter(None, needed), default=None)


def _sizes(cells: Sequence[Cell]) -> tuple[float, float] | None:
    ranges = [cell.sizes for cell in cells if cell.sizes]
    return (min(low for low, _ in ranges), max(high for _, high in ranges)) if ranges else None


def _covers(sizes: tuple[float, float] | None, claimed: tuple[float, float] | None) -> bool:
    return claimed is None or (sizes is not None and sizes[0] <= claimed[0] and sizes[1] >= claimed[1])


def _sizes_needed(claimed: tuple[float, float] | None, sizes: tuple[float, float] | None) -> str:
    assert claimed is not None
    measured = f"it holds from {sizes[0]:,.0f} to {sizes[1]:,.0f} parameters" if sizes else "no size is measured"
    return f"runs over the whole range: {measured}, the claim speaks of {claimed[0]:,.0f} to {claimed[1]:,.0f}"


def _read_losses(table: Path, record: Path) -> list[dict[str, str]]:
    verify_file(table, read_json(record)["files"]["table"])
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if not rows:
        raise UserError(f"{table} has no row; there is nothing to judge")
    return rows


def _spell(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
