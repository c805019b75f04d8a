"""Validation loss against model size, in the published layout: the study's main figure.

One panel a validation set, both axes logarithmic, one line a training mix: each seed a small point,
their mean a filled marker, the fitted law a curve with its 95 % band of seeds and documents. A hollow marker
with a bar is what the same law, fitted to all smaller sizes, says of the largest: a law is judged by that
and not by how it goes through all points. Models that never saw a panel's language are left out: their
losses are far above and would flatten the rest; the summary lists them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tenbin.errors import UserError
from tenbin.figures.axes import count_axis, loss_axis
from tenbin.figures.canvas import add_legend_below, drawing, panel_grid, save_figure
from tenbin.figures.fits import Fit, Parameters, ScalingFile, read_scaling
from tenbin.figures.inputs import read_losses
from tenbin.figures.labels import panel_title, read_mixes
from tenbin.figures.looks import CurveId, Look, mix_looks
from tenbin.study.style import FigureStyle

COLUMNS = 2
FORECAST_SHIFT = 1.25
LEGEND_TITLE_INCHES = 0.35
LEGEND_TITLE = "fitted curve, 95 % intervals in brackets;\nhollow: forecast of the largest size from the others"
LEGEND_ENTRY_INCHES = 0.33
X_LABELS: dict[Parameters, str] = {
    "nonembedding": "parameters without embeddings",
    "total": "parameters with embeddings",
}


@dataclass(frozen=True)
class DrawnCurve:
    """One training mix at one schedule: its runs' sizes `n` and losses, and the law fitted to them."""

    look: Look
    runs: pd.DataFrame
    fit: Fit | None

    @property
    def label(self) -> str:
        """Return the legend's two lines: who, and by which law."""
        return f"{self.look.label}\n{self.fit.describe() if self.fit else 'not fitted'}"


@dataclass(frozen=True)
class Panel:
    """One validation set and the curves of the models that saw its language."""

    title: str
    curves: Sequence[DrawnCurve]


def plot_loss_versus_size(
    *,
    losses: Path,
    losses_record: Path,
    scaling: Sequence[Path],
    mixes: Sequence[Path],
    style: FigureStyle,
    svg: Path,
    png: Path,
    out_of_domain: bool = False,
    parameters: Parameters = "nonembedding",
) -> None:
    """Draw validation loss (nats per token) against parameters, one panel a validation set.

    Of the validation sets in `scaling`, those in domain are drawn, or else those out of domain.
    Raises UserError if none is left or a file is damaged.
    """
    table = read_losses(losses, losses_record)
    looks = mix_looks(read_mixes(mixes), table, losses, style)
    files = [read_scaling(path) for path in scaling]
    chosen = [file for file in files if _in_domain(table, file, losses) is not out_of_domain]
    panels = [panel for file in chosen if (panel := _make_panel(table, file, looks, parameters)).curves]
    if not panels:
        kind = "out of domain" if out_of_domain else "in domain"
        raise UserError(f"no validation set of --scaling is {kind} and of a trained language: leave this figure out")
    with drawing(style):
        save_figure(_draw(panels, X_LABELS[parameters], style), svg, png, style)


def _in_domain(table: pd.DataFrame, file: ScalingFile, losses: Path) -> bool:
    rows = table[table["valid"] == file.valid]
    if rows.empty:
        raise UserError(f"{losses} has no losses on validation set {file.valid}; delete its scaling file and run again")
    return bool(rows["in_domain"].iloc[0])


def _make_panel(table: pd.DataFrame, file: ScalingFile, looks: Mapping[CurveId, Look], parameters: Parameters) -> Panel:
    rows = table[table["valid"] == file.valid]
    runs = rows.rename(columns={f"n_{parameters}": "n", "loss_nats_per_token": "loss"}).groupby(["mix", "schedule"])
    fits = {(curve.mix, curve.schedule): curve.fits.get(parameters) for curve in file.curves}
    curves = [
        DrawnCurve(look, runs.get_group(id_)[["n", "loss"]], fits[id_])
        for id_, look in looks.items()
        if id_ in runs.groups and file.language in look.languages
    ]
    return Panel(panel_title(file.language, in_domain=bool(rows["in_domain"].iloc[0])), curves)


def _draw(panels: Sequence[Panel], x_label: str, style: FigureStyle) -> Figure:
    most_curves = max(len(panel.curves) for panel in panels)
    figure, grid = panel_grid(len(panels), COLUMNS, style, LEGEND_TITLE_INCHES + LEGEND_ENTRY_INCHES * most_curves)
    for axes, panel in zip(grid, panels, strict=True):
        axes.set(title=panel.title, xlabel=x_label, ylabel="validation loss (nats per token)")
        for curve in panel.curves:
            _draw_curve(axes, curve, style)
        runs, forecasts = pd.concat([curve.runs for curve in panel.curves]), _draw_forecasts(axes, panel.curves)
        count_axis(axes, runs["n"].min(), max([runs["n"].max(), *(n for n, _ in forecasts)]))
        losses = [*runs["loss"], *(loss for _, loss in forecasts)]
        loss_axis(axes, min(losses), max(losses))
        sns.despine(ax=axes)
        add_legend_below(figure, axes, LEGEND_TITLE, style)
    return figure


def _draw_curve(axes: Axes, curve: DrawnCurve, style: FigureStyle) -> None:
    look, runs = curve.look, curve.runs
    means = runs.groupby("n")["loss"].mean()
    if curve.fit:
        n, loss, low, high = (np.array(curve.fit.curve[name], float) for name in ("n", "loss", "low", "high"))
        axes.fill_between(n, low, high, color=look.colour, alpha=style.band_opacity, linewidth=0)
        axes.plot(n, loss, color=look.colour, linestyle=look.dash, linewidth=1.4)
    if style.show_seeds:
        axes.plot(runs["n"], runs["loss"], "_", color=look.colour, markersize=8, markeredgewidth=0.8)
    axes.plot(means.index, means, look.marker, color=look.colour, markersize=4.5)
    # Only for the legend: the curve and its marker as one entry.
    dash, marker = look.dash, look.marker
    axes.plot([], [], color=look.colour, linestyle=dash, marker=marker, markersize=5, label=curve.label)


def _draw_forecasts(axes: Axes, curves: Sequence[DrawnCurve]) -> list[tuple[float, float]]:
    """Draw forecasts to the right of their size, beside each other; return where their markers are."""
    drawn = [(curve.look, curve.fit.forecast) for curve in curves if curve.fit and curve.fit.forecast]
    places = []
    for number, (look, forecast) in enumerate(drawn, 1):
        n, loss = forecast["n"] * FORECAST_SHIFT**number, forecast["predicted"]
        if forecast["interval"]:
            axes.vlines(n, *forecast["interval"], color=look.colour, linewidth=0.9)
        axes.plot(n, loss, look.marker, color=look.colour, markersize=5, markerfacecolor="white")
        places.append((n, loss))
    return places
