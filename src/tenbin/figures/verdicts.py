"""The page that a reader sees first: each claim with its verdict, the forecast's score, an abstract in Japanese.

All of it is spelled out of `scaling/claims.json`; nothing is judged here.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tenbin.figures.html import Column, findings, page, paragraph, section, table
from tenbin.figures.japanese_abstract import japanese_abstract
from tenbin.files import read_json, write_bytes

ABSENT = "–"
VERDICTS_NOTE = (
    "A claim is confirmed where the interval of every number that it speaks of lies where the claim says, "
    "refuted where one lies wholly outside, undecided otherwise. The number shown is the one that decides. "
    "Intervals are 95 %; for equivalence 90 %, which is two one-sided tests at 5 %."
)
FORECAST_NOTE = (
    "The loss of the largest size, forecast from the smaller sizes, against what was then measured. A hit is a "
    "measured loss inside the 95 % interval; only the first forecast that was written counts. Intervals come from the "
    "scatter of a few sizes about the curve, so their widths differ by chance: read the error beside them."
)
TOO_LATE = "This forecast was written when runs of the largest size had trained already: it proves nothing."
NO_FORECAST = "A forecast needs at least three sizes below the largest; this study has none."


def write_verdicts(claims: Path, out: Path) -> None:
    """Write the page as one self-contained HTML file.

    Raises UserError if `claims`, the JSON of the claims stage, is damaged.
    """
    judged = read_json(claims)
    abstract = section("要旨", "", *map(paragraph, japanese_abstract(judged)))
    sections = [
        section("Verdicts", VERDICTS_NOTE, _verdicts(judged["claims"]), _to_decide(judged["claims"])),
        section("The largest size, forecast", FORECAST_NOTE, *_forecast(judged["forecast"])),
        f'<div lang="ja">{abstract}</div>',
    ]
    write_bytes(out, page("One model, several languages: verdicts", sections).encode())


def _verdicts(claims: Sequence[Mapping[str, Any]]) -> str:
    columns = [
        Column("claim", "prose"),
        Column("verdict"),
        Column("number", "number"),
        Column("interval", "number"),
        Column("must lie", "number"),
        Column("where, and over which sizes", "prose"),
    ]
    return table(columns, [_row(claim) for claim in claims])


def _row(claim: Mapping[str, Any]) -> list[str]:
    where = "; ".join(filter(None, [claim["place"], _sizes(claim), _count(claim), claim["caveat"]]))
    number = f"{_short(claim['quantity'])} {claim['value']:.4f}" if claim["value"] is not None else ABSENT
    return [claim["statement"], claim["verdict"], number, _interval(claim), _bounds(claim), where]


def _short(quantity: str) -> str:
    """Return the last word of each key: `a.predicted / a.measured` is `predicted / measured`."""
    return " / ".join(key.split(".")[-1].replace("_", " ") for key in quantity.split(" / "))


def _interval(claim: Mapping[str, Any]) -> str:
    return f"{claim['low']:.4f} to {claim['high']:.4f}" if claim["low"] is not None else ABSENT


def _bounds(claim: Mapping[str, Any]) -> str:
    above, below = claim["above"], claim["below"]
    if above is None and below is None:
        return ABSENT
    if below is None:
        return f"above {above:.4g}"
    return f"below {below:.4g}" if above is None else f"{above:.4g} to {below:.4g}"


def _sizes(claim: Mapping[str, Any]) -> str:
    low, high = claim["smallest_n"], claim["largest_n"]
    if low is None:
        return ""
    return f"at {high:,.0f} parameters" if low == high else f"{low:,.0f} to {high:,.0f} parameters, not beyond"


def _count(claim: Mapping[str, Any]) -> str:
    return f"{claim['numbers_that_hold']} of {claim['numbers']} numbers hold" if claim["numbers"] > 1 else ""


def _to_decide(claims: Sequence[Mapping[str, Any]]) -> str:
    open_ones = [f"{claim['statement']} It would take {claim['to_decide']}." for claim in claims if claim["to_decide"]]
    return paragraph("What it would take to decide the open ones:") + findings(open_ones) if open_ones else ""


def _forecast(forecast: Mapping[str, Any] | None) -> list[str]:
    if forecast is None:
        return [paragraph(NO_FORECAST)]
    late = [] if forecast["made_before_the_runs"] else [paragraph(TOO_LATE)]
    size = f"{forecast['size']}, {forecast['n_nonembedding']:,} parameters without embeddings; nats per token"
    columns = [
        *map(Column, ("validation set", "training mix", "schedule", "form")),
        *(Column(heading, "number") for heading in ("forecast", "95 % interval", "measured", "error")),
        Column("outcome"),
    ]
    return [*late, table(columns, [_forecast_row(row) for row in forecast["curves"]], size)]


def _forecast_row(row: Mapping[str, Any]) -> list[str]:
    ends, measured, error = row["interval"], row["measured"], row["relative_error"]
    return [
        row["valid"],
        row["mix"],
        row["schedule"],
        row["chosen_form"].replace("_", " "),
        f"{row['predicted']:.4f}",
        f"{ends[0]:.4f} to {ends[1]:.4f}" if ends else ABSENT,
        f"{measured:.4f}" if measured else ABSENT,
        f"{error:+.2%}".replace("%", " %") if error is not None else ABSENT,
        row["outcome"],
    ]
