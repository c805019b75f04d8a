"""Loss of a mix over the loss of one language alone, by size: what the other language costs or gains.

One panel a validation set, one line a comparison. A line's name starts with what was equal between
the two sides, since equal tokens of the language and equal steps exclude each other. The y axis is
shared within a row, so by the languages of a domain: a ratio, unlike a loss, compares across them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tenbin.errors import UserError
from tenbin.figures.axes import count_axis
from tenbin.figures.canvas import drawing, panel_grid, save_figure
from tenbin.figures.inputs import read_losses, read_table, verify_against
from tenbin.figures.labels import MixLanguages, find_mix, panel_title, read_mixes
from tenbin.figures.looks import DASHES, MARKERS, Look
from tenbin.study.style import FigureStyle

COLUMNS = 2
LEGEND_INCHES = 0.35
DODGE = 1.08
"""Factor between the x of two lines at one size, so that their intervals do not hide each other."""
LINE = ["at", "mix", "mono_schedule", "mix_schedule"]
NEEDED = (*LINE, "language", "valid", "n_nonembedding", "loss_ratio", "loss_ratio_low", "loss_ratio_high")

LineId = tuple[str, ...]
"""Values of the columns LINE."""


def plot_mix_ratio(
    *,
    comparison: Path,
    comparison_record: Path,
    losses: Path,
    losses_record: Path,
    mixes: Sequence[Path],
    style: FigureStyle,
    svg: Path,
    png: Path,
) -> None:
    """Draw loss ratios, mix over language alone, with 95 % intervals against parameters without embeddings.

    Raises UserError if there is nothing to compare or a file is damaged.
    """
    rows = read_comparison(comparison, comparison_record)
    in_domain = read_losses(losses, losses_record).groupby("valid")["in_domain"].first()
    rows["out_of_domain"] = ~rows["valid"].map(in_domain).astype(bool)
    looks = line_looks(rows, read_mixes(mixes), comparison, style)
    with drawing(style):
        save_figure(_draw(rows, looks, style), svg, png, style)


def read_comparison(table: Path, record: Path) -> pd.DataFrame:
    """Read comparison.csv, verified against its record; one row a comparison, validation set and size."""
    verify_against(record, table)
    if not table.stat().st_size:
        raise UserError(f"{table} holds no comparison: no mix of this study stands beside its language alone")
    return read_table(table, NEEDED)


def line_looks(
    rows: pd.DataFrame, mixes: Mapping[str, MixLanguages], where: Path, style: FigureStyle
) -> dict[LineId, Look]:
    """Return the look of each line; its name tells only what differs between lines beside what was equal.

    Colour says the mix, as in every figure; marker and dash say what was equal.
    """
    lines = sorted({tuple(map(str, line)) for line in rows[LINE].itertuples(index=False)})
    kinds = sorted({line[:1] + line[2:] for line in lines})
    has_several_mixes = rows["mix"].nunique() > 1
    looks = {}
    for line in lines:
        at, mix_id, mono_schedule, mix_schedule = line
        mix, kind = find_mix(mixes, mix_id, where), kinds.index((at, mono_schedule, mix_schedule))
        has_several_schedules = sum(other[:2] == line[:2] for other in lines) > 1
        looks[line] = Look(
            colour=style.palette[list(mixes).index(mix_id) % len(style.palette)],
            marker=MARKERS[kind % len(MARKERS)],
            dash=DASHES[kind % len(DASHES)],
            label=at
            + (f", {mix.label}" if has_several_mixes else "")
            + (f" ({mono_schedule} alone, {mix_schedule} mixed)" if has_several_schedules else ""),
            languages=frozenset(mix.weights),
        )
    return looks


def _draw(rows: pd.DataFrame, looks: Mapping[LineId, Look], style: FigureStyle) -> Figure:
    panels = [panel for _, panel in rows.groupby(["out_of_domain", "language", "valid"])]
    figure, grid = panel_grid(len(panels), COLUMNS, style, LEGEND_INCHES, shared="row")
    for axes, panel in zip(grid, panels, strict=True):
        title = panel_title(panel["language"].iloc[0], in_domain=not panel["out_of_domain"].iloc[0])
        axes.set(title=title, xlabel="parameters without embeddings")
        axes.label_outer()
        axes.axhline(1, color="#333333", linewidth=0.9)
        for place, (line, look) in enumerate(looks.items()):
            _draw_line(
                axes, panel[(panel[LINE] == list(line)).all(axis=1)], look, DODGE ** (place - (len(looks) - 1) / 2)
            )
        count_axis(axes, rows["n_nonembedding"].min(), rows["n_nonembedding"].max())
        sns.despine(ax=axes)
    figure.supylabel("loss of the mix / loss of the language alone", fontsize=style.font_size)
    title = "below 1 the mix is better; bars: 95 % intervals"
    figure.legend(handles=grid[0].get_legend_handles_labels()[0], loc="outside lower center", ncols=2, title=title)
    return figure


def _draw_line(axes: Axes, rows: pd.DataFrame, look: Look, dodge: float) -> None:
    rows = rows.sort_values("n_nonembedding")
    x, y = rows["n_nonembedding"] * dodge, rows["loss_ratio"]
    axes.vlines(x, rows["loss_ratio_low"], rows["loss_ratio_high"], color=look.colour, linewidth=1.4)
    axes.plot(
        x,
        y,
        color=look.colour,
        linestyle=look.dash,
        linewidth=1.2,
        marker=look.marker,
        markersize=5.5,
        markerfacecolor="white",
        label=look.label,
    )
