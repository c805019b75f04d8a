"""Loss against the proportion of a language in the mix, with both laws: a panel a language, a line a size.

The ratio law is drawn down to the smallest proportion above 0 and no further, since it is infinite at 0. A language
that was never seen costs several times as much as one that was: that loss is written, since an axis that holds it would
flatten everything else.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from tenbin.figures.axes import loss_axis
from tenbin.figures.canvas import drawing, panel_grid, save_figure
from tenbin.figures.labels import panel_title
from tenbin.figures.looks import Look
from tenbin.figures.ratio_files import SweepFile, size_looks
from tenbin.study.style import FigureStyle

LEGEND_INCHES = 0.7
NUM_POINTS = 200


def plot_losses(sweeps: Sequence[SweepFile], style: FigureStyle, svg: Path, png: Path) -> None:
    """Draw the losses of all sweeps, two panels each."""
    with drawing(style):
        figure, grid = panel_grid(2 * len(sweeps), 2, style, LEGEND_INCHES)
        for number, sweep in enumerate(sweeps):
            looks = size_looks(sweep, style)
            for axes, side in zip(grid[2 * number :], sweep.entry["sides"], strict=False):
                _draw_panel(axes, side, looks, style)
        grid[0].set_ylabel("validation loss (nats per token)")
        handles = [*grid[0].get_legend_handles_labels()[0], *_law_handles()]
        figure.legend(handles=handles, loc="outside lower center", ncols=3)
        save_figure(figure, svg, png, style)


def _draw_panel(axes: Axes, side: Mapping[str, Any], looks: Mapping[str, Look], style: FigureStyle) -> None:
    for size in side["sizes"]:
        _draw_size(axes, size, looks[size["size"]], style)
    seen = [loss for point in _points(side, seen=True) for loss in point["losses_by_seed"]]
    loss_axis(axes, min(seen), max(seen))
    _write_unseen(axes, [point["loss_nats_per_token"] for point in _points(side, seen=False)], style)
    name = panel_title(side["language"], in_domain=True)
    axes.set(title=name, xlabel="share of this language in the training tokens", xlim=(-0.04, 1.04))
    sns.despine(ax=axes)


def _draw_size(axes: Axes, size: Mapping[str, Any], look: Look, style: FigureStyle) -> None:
    p, losses = (np.array([point[key] for point in size["points"]]) for key in ("p", "loss_nats_per_token"))
    seen = p > 0
    axes.plot(p[seen], losses[seen], look.marker, color=look.colour, markersize=5, label=look.label)
    if style.show_seeds:
        _draw_seeds(axes, size["points"])
    grid = np.linspace(p[seen].min(), 1, NUM_POINTS)
    ratio, mixing = (size["forms"][name]["parameters"] for name in ("ratio_law", "mixing_law"))
    axes.plot(grid, ratio["L1"] * grid ** -ratio["gamma"], color=look.colour, linewidth=1.2)
    whole = np.linspace(0, 1, NUM_POINTS)
    mixed = mixing["c"] + np.exp(mixing["b"] + mixing["k"] * whole)
    axes.plot(whole, mixed, color=look.colour, linewidth=1.2, linestyle=(0, (1.2, 1.2)))


def _points(side: Mapping[str, Any], *, seen: bool) -> list[Mapping[str, Any]]:
    return [point for size in side["sizes"] for point in size["points"] if (point["p"] > 0) == seen]


def _write_unseen(axes: Axes, losses: Sequence[float], style: FigureStyle) -> None:
    if losses:
        text = f"↑ at share 0: {min(losses):.1f} to {max(losses):.1f}, off the scale"
        axes.text(0.98, 0.97, text, transform=axes.transAxes, ha="right", va="top", fontsize=style.font_size - 1)


def _draw_seeds(axes: Axes, points: Sequence[Mapping[str, Any]]) -> None:
    seeds = [(point["p"], loss) for point in points if point["p"] > 0 for loss in point["losses_by_seed"]]
    axes.plot(*zip(*seeds, strict=True), ".", color="#333333", markersize=2.5, zorder=4)


def _law_handles() -> list[Line2D]:
    return [
        Line2D([], [], color="#333333", linewidth=1.2, label="ratio law"),
        Line2D([], [], color="#333333", linewidth=1.2, linestyle=(0, (1.2, 1.2)), label="exponential mixing law"),
    ]
