"""The frontier between two languages: bits per byte in one against bits per byte in the other, a panel a size.

Panels have axes of their own: sizes differ by more than shares do. A mix that never saw one of the languages lies far
outside and is not drawn.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from tenbin.figures.canvas import drawing, panel_grid, save_figure
from tenbin.figures.labels import short_count
from tenbin.figures.ratio_files import FORM_NAMES, SweepFile
from tenbin.study.style import FigureStyle

COLUMNS = 3
LEGEND_INCHES = 0.75
CHOICE_MARKERS = {"weight_0.25": "v", "weight_0.5": "D", "weight_0.75": "^", "equal_cost": "*"}


def plot_frontier(sweeps: Sequence[SweepFile], style: FigureStyle, svg: Path, png: Path) -> None:
    """Draw the frontier of every sweep and size."""
    panels = [(sweep, size) for sweep in sweeps for size in sweep.entry["frontier"]]
    with drawing(style):
        figure, grid = panel_grid(len(panels), COLUMNS, style, LEGEND_INCHES)
        for axes, (sweep, size) in zip(grid, panels, strict=True):
            _draw_panel(axes, sweep, size, style)
        form = FORM_NAMES[sweeps[0].entry["chosen_form"]]
        title = f"line and band: {form} in both languages, 95 %; numbers: share of {sweeps[0].languages[1]}"
        figure.legend(handles=grid[0].get_legend_handles_labels()[0], loc="outside lower center", ncols=3, title=title)
        save_figure(figure, svg, png, style)


def choice_names(languages: tuple[str, str]) -> dict[str, str]:
    """Return what each choice is called."""
    first = languages[0]
    return {
        "weight_0.25": f"least mean, {first} counts 1/4",
        "weight_0.5": "least mean of both",
        "weight_0.75": f"least mean, {first} counts 3/4",
        "equal_cost": "both lose the same share",
    }


def _draw_panel(axes: Axes, sweep: SweepFile, size: Mapping[str, Any], style: FigureStyle) -> None:
    curve, (first, second) = size["curve"], sweep.languages
    _draw_curve(axes, curve, style)
    _draw_points(axes, sweep.points[sweep.points["size"] == size["size"]], style)
    for name, label in choice_names(sweep.languages).items():
        _draw_choice(axes, size, name, label, style)
    title = f"{short_count(size['n_nonembedding'])} parameters"
    axes.set(title=title, xlabel=f"{first} (bits per byte)", ylabel=f"{second} (bits per byte)")
    axes.margins(0.08)
    sns.despine(ax=axes)


def _draw_curve(axes: Axes, curve: Mapping[str, Any], style: FigureStyle) -> None:
    first, second = curve["first"], curve["second"]
    axes.plot(first["bits_per_byte"], second["bits_per_byte"], color=style.palette[0], linewidth=1.2)
    outline = [np.concatenate([side["low"], side["high"][::-1]]) for side in (first, second)]
    axes.fill(*outline, color=style.palette[0], alpha=style.band_opacity, linewidth=0)


def _draw_points(axes: Axes, points: pd.DataFrame, style: FigureStyle) -> None:
    seen = points[(points["r"] > 0) & (points["r"] < 1)]
    x, y = seen["first_bits_per_byte"], seen["second_bits_per_byte"]
    axes.plot(x, y, "o", color=style.palette[0], markersize=4, label="measured mixes")
    for r, at in zip(seen["r"], zip(x, y, strict=True), strict=True):
        axes.annotate(f"{r:g}", at, (7, 5), textcoords="offset points", fontsize=style.font_size - 2.5)


def _draw_choice(axes: Axes, size: Mapping[str, Any], name: str, label: str, style: FigureStyle) -> None:
    curve, r = size["curve"], size["choices"][name]["r"]
    x, y = (np.interp(r, curve["r"], curve[side]["bits_per_byte"]) for side in ("first", "second"))
    axes.plot(
        x, y, CHOICE_MARKERS[name], color=style.palette[1], markerfacecolor="none", markersize=8, zorder=5, label=label
    )
