"""Training loss against training tokens: did every run learn, and was it still falling at the end?

One panel a training mix, one colour a model size, one dash a schedule. Raw losses are faint; the
line over them is their mean in windows of equal width on the logarithmic axis, so that the early,
steep part is not smoothed away.
"""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pydantic import Field

from tenbin.errors import UserError
from tenbin.figures.axes import count_axis, loss_axis
from tenbin.figures.canvas import drawing, panel_grid, save_figure
from tenbin.figures.inputs import verify_against
from tenbin.figures.labels import MixLanguages, find_mix, read_mixes, short_count
from tenbin.figures.looks import DASHES, Dash
from tenbin.study.base import Entry
from tenbin.study.style import FigureStyle

WINDOWS = 48
COLUMNS = 3
LEGEND_INCHES = 0.5


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
    style: FigureStyle,
    svg: Path,
    png: Path,
) -> None:
    """Draw the training losses (nats per token) of all runs against tokens, one panel a mix.

    `histories`, `dones` (the JSON that describes each history) and `runs` are parallel lists.
    Raises UserError if their lengths differ or a history does not match its record.
    """
    if not len(histories) == len(dones) == len(runs):
        raise UserError(f"{len(histories)} --history, {len(dones)} --done, {len(runs)} --run: give one of each per run")
    named = read_mixes(mixes)
    used = {find_mix(named, run.mix, history).id for history, run in zip(histories, runs, strict=True)}
    losses = pd.concat([read_history(*row) for row in zip(histories, dones, runs, strict=True)], ignore_index=True)
    with drawing(style):
        save_figure(_draw(losses, [mix for mix in named.values() if mix.id in used], style), svg, png, style)


def read_history(history: Path, done: Path, run: RunLabel) -> pd.DataFrame:
    """Read a verified history.jsonl: columns tokens, loss (nats/token) and the fields of the run's label."""
    verify_against(done, history)
    lines = pd.read_json(history, lines=True)
    return lines[["tokens", "loss"]].assign(**run.model_dump())


def smooth(losses: pd.DataFrame, windows: int = WINDOWS) -> pd.DataFrame:
    """Return the mean tokens and mean loss of one run in windows of equal width in log tokens."""
    window = pd.cut(np.log(losses["tokens"]), bins=windows, labels=False)
    return losses.groupby(window)[["tokens", "loss"]].mean()


def _draw(losses: pd.DataFrame, mixes: Sequence[MixLanguages], style: FigureStyle) -> Figure:
    figure, panels = panel_grid(len(mixes), COLUMNS, style, LEGEND_INCHES, shared="all")
    colours = _size_colours(losses)
    dashes = _schedule_dashes(losses)
    for axes, mix in zip(panels, mixes, strict=True):
        axes.set(title=mix.label, xlabel="training tokens seen")
        for _, run in losses[losses["mix"] == mix.id].groupby(["n_nonembedding", "schedule", "seed"]):
            first = run.iloc[0]
            _draw_run(axes, run, colours[first["n_nonembedding"]], dashes.get(first["schedule"], "solid"))
        count_axis(axes, losses["tokens"].min(), losses["tokens"].max())
        loss_axis(axes, losses["loss"].min(), losses["loss"].max())
        sns.despine(ax=axes)
    figure.supylabel("training loss (nats per token)", fontsize=style.font_size)
    _add_legend(figure, colours, dashes)
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


def _draw_run(axes: Axes, run: pd.DataFrame, colour: str, dash: Dash) -> None:
    axes.plot(run["tokens"], run["loss"], color=colour, linewidth=0.4, alpha=0.3, rasterized=True)
    means = smooth(run)
    axes.plot(means["tokens"], means["loss"], color=colour, linestyle=dash, linewidth=1.3)


def _add_legend(figure: Figure, colours: dict[int, str], dashes: dict[str, Dash]) -> None:
    handles = [Line2D([], [], color=colour, label=short_count(size)) for size, colour in colours.items()]
    handles += [Line2D([], [], color="#444444", linestyle=dash, label=name) for name, dash in dashes.items()]
    title = "parameters without embeddings" + ("; schedule" if dashes else "")
    figure.legend(handles=handles, loc="outside lower center", ncols=8, title=title)
