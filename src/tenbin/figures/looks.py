"""What tells curves apart: colour and marker say the training mix, dashes the schedule where a mix has several.

Colour, marker and dash say the same thing twice on purpose: a figure must read in grey and without
colour vision.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from tenbin.figures.labels import MixLanguages, find_mix
from tenbin.study.style import FigureStyle

MARKERS = "osD^vP"

Dash = Literal["solid"] | tuple[float, tuple[float, ...]]
DASHES: tuple[Dash, ...] = (
    "solid",
    (0, (5, 1.6)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (3, 1.2, 1, 1.2, 1, 1.2)),
)


CurveId = tuple[str, str]
"""Training mix and schedule, by id."""


@dataclass(frozen=True)
class Look:
    """How one curve is drawn and what it is called."""

    colour: str
    marker: str
    dash: Dash
    label: str
    languages: frozenset[str]
    """Languages that the mix holds."""


def mix_looks(
    mixes: Mapping[str, MixLanguages], rows: pd.DataFrame, where: Path, style: FigureStyle
) -> dict[CurveId, Look]:
    """Return the look of each curve among the rows of a losses table (at `where`), in the order of the mixes.

    Colour and marker follow the mix's place among all mixes, so that they are the same in every figure; of schedules
    the shortest comes first. Raises UserError if a row's mix is not among the mixes.
    """
    curves = sorted(set(zip(rows["mix"], rows["schedule"], strict=True)))
    places = {find_mix(mixes, mix, where).id: list(mixes).index(mix) for mix, _ in curves}
    schedules = list(rows.sort_values(["steps", "schedule"])["schedule"].unique())
    has_controls = len(curves) > len(places)
    looks = {}
    for mix_id, schedule in sorted(curves, key=lambda curve: (places[curve[0]], schedules.index(curve[1]))):
        mix, place = mixes[mix_id], places[mix_id]
        looks[mix_id, schedule] = Look(
            colour=style.palette[place % len(style.palette)],
            marker=MARKERS[place % len(MARKERS)],
            dash=DASHES[(schedules.index(schedule) if has_controls else place) % len(DASHES)],
            label=f"{mix.label} ({schedule})" if has_controls else mix.label,
            languages=frozenset(mix.weights),
        )
    return looks
