"""Drawing that comes out the same on every machine: fonts, theme and files of all figures.

Matplotlib's own font has no Japanese. IPAexGothic, out of the package `matplotlib-fontja`, stands
behind it for the glyphs it lacks; the package is located and not imported, since importing it
changes matplotlib's settings. Glyphs are drawn as outlines, so that an SVG needs no font.
"""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import seaborn as sns
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from tenbin.errors import UserError
from tenbin.files import atomic_path
from tenbin.study.style import FigureStyle

FONT_PACKAGE = "matplotlib_fontja"
JAPANESE_FONT = "IPAexGothic"
GRID_COLOUR = "#dddddd"
POINTS_PER_INCH = 72
LABEL_LINES = 3.9
"""Height of tick labels and axis label, in lines of text."""


@contextmanager
def drawing(style: FigureStyle) -> Iterator[None]:
    """Set matplotlib up for one figure and put everything back afterwards."""
    font_manager.fontManager.addfont(_japanese_font())
    with mpl.rc_context({**sns.axes_style("whitegrid"), **_settings(style)}):
        yield


Shared = Literal["none", "row", "all"]
"""Which panels share a y axis; those that do share the x axis with all."""


def panel_grid(
    panels: int, columns: int, style: FigureStyle, legend_inches: float = 0.0, shared: Shared = "none"
) -> tuple[Figure, list[Axes]]:
    """Return a figure of so many panels in rows of at most `columns`, with room (inches) for legends below."""
    rows, columns = -(-panels // columns), min(panels, columns)
    height = rows * (style.panel_height_inches + legend_inches)
    figure = Figure(figsize=(style.width_inches, height))
    grid = list(figure.subplots(rows, columns, squeeze=False, sharex=shared != "none", sharey=shared).flat)
    for axes in grid[panels:]:
        axes.remove()
    for axes in grid[:panels]:
        axes.tick_params(labelbottom=True)  # each has an x label too
    return figure, grid[:panels]


def add_legend_below(figure: Figure, axes: Axes, title: str, style: FigureStyle) -> None:
    """Put a panel's legend below its x label, where no data is."""
    below_labels = ScaledTranslation(0, -LABEL_LINES * style.font_size / POINTS_PER_INCH, figure.dpi_scale_trans)
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=axes.transAxes + below_labels,
        borderaxespad=0,
        handlelength=3,
        title=title,
        alignment="left",
    )


def save_figure(figure: Figure, svg: Path, png: Path, style: FigureStyle) -> None:
    """Write a figure as SVG and PNG; the same figure gives the same bytes."""
    with atomic_path(svg) as partial:
        figure.savefig(partial, format="svg", dpi=style.dpi, metadata={"Date": None})
    with atomic_path(png) as partial:
        figure.savefig(partial, format="png", dpi=style.dpi, metadata={"Software": None})


def _settings(style: FigureStyle) -> dict[Any, Any]:
    small = style.font_size - 1
    return {
        "font.family": ["DejaVu Sans", JAPANESE_FONT],
        "font.size": style.font_size,
        "axes.titlesize": style.font_size + 1,
        "axes.labelsize": style.font_size,
        "xtick.labelsize": small,
        "ytick.labelsize": small,
        "legend.fontsize": small,
        "legend.title_fontsize": small,
        "legend.frameon": False,
        "axes.edgecolor": "#555555",
        "grid.color": GRID_COLOUR,
        "grid.linewidth": 0.6,
        "axes.linewidth": 0.8,
        "xtick.bottom": True,
        "ytick.left": True,
        "figure.constrained_layout.use": True,
        "figure.constrained_layout.wspace": 0.05,
        "figure.constrained_layout.hspace": 0.05,
        "savefig.bbox": "tight",
        "svg.fonttype": "path",
        "svg.hashsalt": "tenbin",
    }


def _japanese_font() -> Path:
    package = importlib.util.find_spec(FONT_PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise UserError(f"no package {FONT_PACKAGE} (a Japanese font for the figures): install the pinned requirements")
    return Path(package.submodule_search_locations[0]) / "fonts" / "ipaexg.ttf"
