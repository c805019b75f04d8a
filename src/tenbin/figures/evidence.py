"""How far the fitted curves are to be believed, in four figures of one layout: a row a validation set, a column a view.

`residuals`: reducible loss, which is a straight line where the law holds, and what the law leaves. `slopes`: exponents
between neighbouring sizes in both counts of parameters. `profiles`: how much worse the fit gets as its constant or its
exponent is moved. `scripts`: bits per byte by script within the text. Models that never saw a text's language are left
out, as everywhere.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tenbin.errors import UserError
from tenbin.figures.axes import count_axis, plain_log_axis
from tenbin.figures.canvas import drawing, panel_grid, save_figure
from tenbin.figures.inputs import read_losses
from tenbin.figures.labels import panel_title, read_mixes
from tenbin.figures.looks import Look, mix_looks
from tenbin.files import read_json
from tenbin.study.style import FigureStyle

View = Literal["residuals", "slopes", "profiles", "scripts"]
WITHOUT, WITH = "parameters without embeddings", "parameters with embeddings"
LAW = "power_law_with_constant"
SCRIPT_NAMES = {"japanese": "kana and kanji", "latin": "Latin letters", "other": "all else"}


@dataclass(frozen=True)
class Drawn:
    """A fitted curve of a scaling file and how it looks."""

    look: Look
    content: Mapping[str, Any]

    def fit(self, definition: str = "n_nonembedding") -> Mapping[str, Any] | None:
        """Return the fit in a count of parameters, None where there is none."""
        found = self.content["fits"][definition]
        return found if found["fitted"] else None

    def law(self) -> Mapping[str, Any] | None:
        """Return the power law with a constant without embeddings, None where it could not be judged."""
        fit = self.fit()
        return fit["forms"][LAW] if fit and fit["forms"][LAW]["identified"] else None


@dataclass(frozen=True)
class Panel:
    """One view of one validation set."""

    title: str
    x_label: str
    y_label: str
    curves: Sequence[Drawn]
    draw: Callable[[Axes, Sequence[Drawn]], bool]
    """Draws the curves; returns whether there was anything to draw."""


def plot_evidence(
    view: View,
    *,
    losses: Path,
    losses_record: Path,
    scaling: Sequence[Path],
    mixes: Sequence[Path],
    style: FigureStyle,
    svg: Path,
    png: Path,
) -> None:
    """Draw one view of all validation sets in `scaling`.

    Raises UserError if no curve of a trained language is there or a file is damaged.
    """
    table = read_losses(losses, losses_record)
    looks = mix_looks(read_mixes(mixes), table, losses, style)
    in_domain = table.groupby("valid")["in_domain"].first()
    panels: list[Panel] = []
    for content in map(read_json, scaling):
        curves = _curves(content, looks)
        title = panel_title(content["language"], in_domain=bool(in_domain[content["valid"]]))
        panels += PANELS[view](title, curves) if curves else []
    if not panels:
        raise UserError("no validation set of --scaling is of a trained language: leave this figure out")
    with drawing(style):
        save_figure(_draw(panels, style), svg, png, style)


def _curves(content: Mapping[str, Any], looks: Mapping[tuple[str, str], Look]) -> list[Drawn]:
    by_id = {(curve["mix"], curve["schedule"]): curve for curve in content["curves"]}
    return [
        Drawn(look, by_id[id_]) for id_, look in looks.items() if id_ in by_id and content["language"] in look.languages
    ]


def _draw(panels: Sequence[Panel], style: FigureStyle) -> Figure:
    columns = len({panel.title for panel in panels}) and _columns(panels)
    figure, grid = panel_grid(len(panels), columns, style, shared="none")
    looks: dict[str, Look] = {}
    for axes, panel in zip(grid, panels, strict=True):
        axes.set_title(panel.title)
        axes.set(xlabel=panel.x_label, ylabel=panel.y_label)
        if not panel.draw(axes, panel.curves):
            axes.text(0.5, 0.5, "not identified for any curve", transform=axes.transAxes, ha="center", va="center")
            axes.set(xticks=[], yticks=[])
        looks |= {drawn.look.label: drawn.look for drawn in panel.curves}
        sns.despine(ax=axes)
    _add_legend(figure, list(looks.values()))
    return figure


def _columns(panels: Sequence[Panel]) -> int:
    """Return how many panels the first validation set has."""
    return sum(panel.title.split("\n")[0] == panels[0].title.split("\n")[0] for panel in panels)


def _add_legend(figure: Figure, looks: Sequence[Look]) -> None:
    axes = figure.axes[0]
    handles = [
        axes.plot([], [], color=look.colour, linestyle=look.dash, marker=look.marker, markerfacecolor="none")[0]
        for look in looks
    ]
    labels = [look.label for look in looks]
    figure.legend(handles, labels, loc="outside lower center", ncols=min(3, len(looks)), handlelength=3)


# Views: each returns the panels of one validation set.


def _residual_panels(title: str, curves: Sequence[Drawn]) -> list[Panel]:
    return [
        Panel(f"{title}\nreducible loss", WITHOUT, "loss - E (nats per token)", curves, _draw_reducible),
        Panel(f"{title}\nresiduals", WITHOUT, "loss / law - 1 (%)", curves, _draw_residuals),
    ]


def _slope_panels(title: str, curves: Sequence[Drawn]) -> list[Panel]:
    label = "local exponent"
    return [
        Panel(f"{title}\nwithout embeddings", WITHOUT, label, curves, _slope_drawer("n_nonembedding")),
        Panel(f"{title}\nwith embeddings", WITH, label, curves, _slope_drawer("n_total")),
    ]


def _profile_panels(title: str, curves: Sequence[Drawn]) -> list[Panel]:
    label = "squares / their least"
    return [
        Panel(f"{title}\nconstant", "E (nats per token)", label, curves, _profile_drawer("constant")),
        Panel(f"{title}\nexponent", "alpha", label, curves, _profile_drawer("exponent")),
    ]


def _script_panels(title: str, curves: Sequence[Drawn]) -> list[Panel]:
    """Return a panel for two scripts that the text has: kana and kanji before Latin letters before all else."""
    parts = {part["script"]: part["share_of_targets"] for drawn in curves for part in drawn.content["scripts"]}
    scripts = [script for script in SCRIPT_NAMES if script in parts][:2]
    return [
        Panel(
            f"{title}\n{SCRIPT_NAMES[script]}, {parts[script]:.0%} of the tokens",
            *(WITHOUT, "bits per byte of the script", curves, _script_drawer(script)),
        )
        for script in scripts
    ]


PANELS: dict[View, Callable[[str, Sequence[Drawn]], list[Panel]]] = {
    "residuals": _residual_panels,
    "slopes": _slope_panels,
    "profiles": _profile_panels,
    "scripts": _script_panels,
}


def _draw_reducible(axes: Axes, curves: Sequence[Drawn]) -> bool:
    drawn = [(curve, law) for curve in curves if (law := curve.law()) and law["identified"]["constant"]]
    drawn = [
        (curve, law) for curve, law in drawn if law["identified"]["exponent"] and law["parameters"]["constant"] > 0
    ]
    all_y: list[float] = []
    for curve, law in drawn:
        n, losses = _points(curve)
        y = losses - law["parameters"]["constant"]
        line = np.geomspace(n.min(), n.max(), 40)
        parameters = law["parameters"]
        axes.plot(line, parameters["amplitude_at_one_parameter"] * line ** -parameters["exponent"], **_line(curve.look))
        axes.plot(n[y > 0], y[y > 0], **_marks(curve.look))
        all_y += list(y[y > 0])
    if drawn:
        count_axis(axes, *_range(curves))
        plain_log_axis(axes, min(all_y), max(all_y))
    return bool(drawn)


def _draw_residuals(axes: Axes, curves: Sequence[Drawn]) -> bool:
    fitted = [(curve, fit) for curve in curves if (fit := curve.fit())]
    axes.axhline(0, color="#555555", linewidth=0.8)
    for curve, fit in fitted:
        residuals = np.array(fit["forms"][fit["chosen_form"]]["relative_residuals"])
        axes.plot(_points(curve)[0], 100 * residuals, **_line(curve.look), **_marker(curve.look))
    if fitted:
        count_axis(axes, *_range(curves))
    return bool(fitted)


def _slope_drawer(definition: str) -> Callable[[Axes, Sequence[Drawn]], bool]:
    def draw(axes: Axes, curves: Sequence[Drawn]) -> bool:
        fitted = [(curve, fit) for curve in curves if (fit := curve.fit(definition))]
        for curve, fit in fitted:
            slopes = fit["local_slopes"]
            n = [np.sqrt(slope["n_low"] * slope["n_high"]) for slope in slopes]
            values = np.array([slope["slope"] for slope in slopes])
            ends = np.array([slope["interval"] or [slope["slope"]] * 2 for slope in slopes])
            axes.vlines(n, ends[:, 0], ends[:, 1], color=curve.look.colour, linewidth=1)
            axes.plot(n, values, **_line(curve.look), **_marker(curve.look))
        if fitted:
            count_axis(axes, *_range(curves, definition))
        return bool(fitted)

    return draw


def _profile_drawer(name: str) -> Callable[[Axes, Sequence[Drawn]], bool]:
    def draw(axes: Axes, curves: Sequence[Drawn]) -> bool:
        drawn = [(curve, law) for curve in curves if (law := curve.law()) and law["identified"][name]]
        for curve, law in drawn:
            values = np.array(law["profiles"][name]["values"], float)
            ratio = np.array(law["profiles"][name]["objective_ratio"], float)
            axes.plot(values, ratio, **_line(curve.look))
            axes.plot(law["parameters"][name], 1, **_marks(curve.look))
            axes.axhline(law["profile_limit"], color="#555555", linestyle=":", linewidth=1)
            axes.set_ylim(0.5, 1.4 * law["profile_limit"])
        return bool(drawn)

    return draw


def _script_drawer(script: str) -> Callable[[Axes, Sequence[Drawn]], bool]:
    def draw(axes: Axes, curves: Sequence[Drawn]) -> bool:
        found: list[float] = []
        for curve in curves:
            for part in (part for part in curve.content["scripts"] if part["script"] == script):
                n = [size["n_nonembedding"] for size in part["sizes"]]
                bits = [size["bits_per_byte"] for size in part["sizes"]]
                axes.plot(n, bits, **_line(curve.look), **_marker(curve.look))
                found += bits
        count_axis(axes, *_range(curves))
        plain_log_axis(axes, min(found), max(found))
        return True

    return draw


def _points(curve: Drawn) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    points = curve.content["points"]
    return np.array([p["n_nonembedding"] for p in points], float), np.array([p["loss_nats_per_token"] for p in points])


def _range(curves: Sequence[Drawn], definition: str = "n_nonembedding") -> tuple[float, float]:
    n = [point[definition] for curve in curves for point in curve.content["points"]]
    return min(n), max(n)


def _line(look: Look) -> dict[str, Any]:
    return {"color": look.colour, "linestyle": look.dash, "linewidth": 1.3}


def _marker(look: Look) -> dict[str, Any]:
    return {"marker": look.marker, "markersize": 5, "markerfacecolor": "none"}


def _marks(look: Look) -> dict[str, Any]:
    return {"color": look.colour, "linestyle": "none", **_marker(look)}
