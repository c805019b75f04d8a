"""Training loss against training tokens or FLOPs: did every run learn, was it still falling, what did it cost?

One panel a training mix, one colour a model size, one dash a schedule. Raw losses are faint; the
line over them is their mean in windows of equal width on the logarithmic axis, so that the early,
steep part is not smoothed away. Against FLOPs a dotted line follows the lowest mean of all runs of a
panel: the least loss that any of them had reached for that compute.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pydantic import Field

from tenbin.errors import UserError
from tenbin.figures.axes import count_axis, loss_axis, power_axis
from tenbin.figures.canvas import drawing, panel_grid, save_figure
from tenbin.figures.inputs import read_losses, verify_against
from tenbin.figures.labels import MixLanguages, find_mix, read_mixes, short_count
from tenbin.figures.looks import DASHES, Dash
from tenbin.study.base import Entry
from tenbin.study.style import FigureStyle

WINDOWS = 48
COLUMNS = 3
LEGEND_INCHES = 0.5
ENVELOPE_POINTS = 200
ENVELOPE: dict[str, Any] = {"color": "black", "linewidth": 1.8, "linestyle": (0, (0.6, 1.2)), "zorder": 3}
RUN_KEYS = ["mix", "size", "schedule", "seed"]


@dataclass(frozen=True)
class CostAxis:
    """What stands on the x axis."""

    label: str
    scale: Callable[[Axes, float, float], None]
    has_envelope: bool


TOKENS = CostAxis("training tokens seen", count_axis, has_envelope=False)
FLOPS = CostAxis("training FLOPs", power_axis, has_envelope=True)


class RunLabel(Entry):
    """What a history is called in the figure."""

    mix: str
    """Mix id."""
    size: str
    """Size id."""
    schedule: str
    """Schedule id."""
    seed: int
    """Seed."""
    n_nonembedding: int = Field(gt=0)
    """Parameters without embeddings."""


def plot_loss_curves(
    *,
    histories: Sequence[Path],
    dones: Sequence[Path],
    runs: Sequence[RunLabel],
    mixes: Sequence[Path],
    costs: tuple[Path, Path] | None = None,
    style: FigureStyle,
    svg: Path,
    png: Path,
) -> None:
    """Draw the training losses (nats per token) of all runs against tokens, one panel a mix.

    `histories`, `dones` (the JSON that describes each history) and `runs` are parallel lists. With `costs`, losses.csv
    and its record, which tell the FLOPs of each run, they are drawn against training FLOPs.
    Raises UserError if the lists' lengths differ, a history does not match its record, or a run has no FLOPs.
    """
    if not len(histories) == len(dones) == len(runs):
        raise UserError(f"{len(histories)} --history, {len(dones)} --done, {len(runs)} --run: give one of each per run")
    named = read_mixes(mixes)
    used = {find_mix(named, run.mix, history).id for history, run in zip(histories, runs, strict=True)}
    losses = pd.concat([read_history(*row) for row in zip(histories, dones, runs, strict=True)], ignore_index=True)
    axis = TOKENS
    if costs is not None:
        losses, axis = _add_flops(losses, *costs), FLOPS
    with drawing(style):
        save_figure(_draw(losses, [mix for mix in named.values() if mix.id in used], axis, style), svg, png, style)


def read_history(history: Path, done: Path, run: RunLabel) -> pd.DataFrame:
    """Read a verified history.jsonl: columns tokens, x (the same), loss (nats/token), the run's label."""
    verify_against(done, history)
    lines = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()]
    tokens = [line["tokens"] for line in lines]
    return pd.DataFrame({"tokens": tokens, "loss": [line["loss"] for line in lines], "x": tokens, **run.model_dump()})


def smooth(losses: pd.DataFrame, windows: int = WINDOWS) -> pd.DataFrame:
    """Return the mean x and mean loss of one run in windows of equal width in log x."""
    log_x = np.log(losses["x"].to_numpy(float))
    edges = np.linspace(log_x.min(), log_x.max(), windows + 1)
    window = np.clip(np.searchsorted(edges, log_x) - 1, 0, windows - 1)
    counts = np.bincount(window, minlength=windows)
    sums = {name: np.bincount(window, losses[name], windows) for name in ("x", "loss")}
    return pd.DataFrame({name: total[counts > 0] / counts[counts > 0] for name, total in sums.items()})


def lower_envelope(runs: Sequence[pd.DataFrame], points: int = ENVELOPE_POINTS) -> pd.DataFrame:
    """Return the lowest loss that any run had reached at a cost or below; runs have columns x and loss."""
    grid = np.geomspace(min(run["x"].min() for run in runs), max(run["x"].max() for run in runs), points)
    heights = [
        np.interp(np.log(grid), np.log(run["x"]), run["loss"], left=np.inf, right=run["loss"].iloc[-1]) for run in runs
    ]
    return pd.DataFrame({"x": grid, "loss": np.minimum.accumulate(np.min(heights, axis=0))})


def _add_flops(losses: pd.DataFrame, table: Path, record: Path) -> pd.DataFrame:
    rows = read_losses(table, record)
    if "flops" not in rows:
        raise UserError(f"{table} has no column flops; delete it and run again")
    costs = rows[RUN_KEYS].assign(flops_per_token=rows["flops"] / rows["tokens"])
    joined = losses.merge(costs.drop_duplicates(RUN_KEYS), on=RUN_KEYS, how="left")
    if joined["flops_per_token"].isna().any():
        raise UserError(f"{table} lacks the FLOPs of a run that has a history; collect the losses again")
    return joined.assign(x=joined["tokens"] * joined["flops_per_token"])


def _draw(losses: pd.DataFrame, mixes: Sequence[MixLanguages], axis: CostAxis, style: FigureStyle) -> Figure:
    figure, panels = panel_grid(len(mixes), COLUMNS, style, LEGEND_INCHES, shared="all")
    colours = _size_colours(losses)
    dashes = _schedule_dashes(losses)
    for axes, mix in zip(panels, mixes, strict=True):
        axes.set(title=mix.label, xlabel=axis.label)
        runs = [run for _, run in losses[losses["mix"] == mix.id].groupby(["n_nonembedding", "schedule", "seed"])]
        _draw_raw(axes, runs, colours)
        for run in runs:
            first, means = run.iloc[0], smooth(run)
            dash = dashes.get(first["schedule"], "solid")
            axes.plot(means["x"], means["loss"], color=colours[first["n_nonembedding"]], linestyle=dash, linewidth=1.3)
        axis.scale(axes, losses["x"].min(), losses["x"].max())
        loss_axis(axes, losses["loss"].min(), losses["loss"].max())
        sns.despine(ax=axes)
        if axis.has_envelope:
            lowest = lower_envelope([smooth(run) for run in runs])
            axes.plot(lowest["x"], lowest["loss"], **ENVELOPE)
    figure.supylabel("training loss (nats per token)", fontsize=style.font_size)
    _add_legend(figure, colours, dashes, axis)
    return figure


def _size_colours(losses: pd.DataFrame) -> dict[int, str]:
    sizes = sorted(losses["n_nonembedding"].unique())
    shades = mpl.colormaps["viridis_r"](np.linspace(0.12, 1, len(sizes)))
    return {size: to_hex(shade) for size, shade in zip(sizes, shades, strict=True)}


def _schedule_dashes(losses: pd.DataFrame) -> dict[str, Dash]:
    """Return a dash a schedule, or none where no mix has two schedules to tell apart."""
    if losses.groupby("mix")["schedule"].nunique().max() == 1:
        return {}
    return dict(zip(sorted(losses["schedule"].unique()), cycle(DASHES), strict=False))


def _draw_raw(axes: Axes, runs: Sequence[pd.DataFrame], colours: dict[int, str]) -> None:
    """Draw every step as one image: a thousand runs are too many strokes for an SVG."""
    strokes = [run[["x", "loss"]].to_numpy(float) for run in runs]
    shades = [colours[run["n_nonembedding"].iloc[0]] for run in runs]
    axes.add_collection(LineCollection(strokes, colors=shades, linewidths=0.4, alpha=0.3, rasterized=True))


def _add_legend(figure: Figure, colours: dict[int, str], dashes: dict[str, Dash], axis: CostAxis) -> None:
    handles = [Line2D([], [], color=colour, label=short_count(size)) for size, colour in colours.items()]
    handles += [Line2D([], [], color="#444444", linestyle=dash, label=name) for name, dash in dashes.items()]
    handles += [Line2D([], [], label="lowest of all runs", **ENVELOPE)] if axis.has_envelope else []
    title = "parameters without embeddings" + ("; schedule" if dashes else "")
    figure.legend(handles=handles, loc="outside lower center", ncols=8, title=title)
