"""Loss of a mix over the loss of one language alone as a forest plot, with the margin of equivalence behind it.

One panel a validation set; in it one block a comparison, named by what was equal between the two sides, since equal
tokens of the language and equal steps exclude each other; in a block one row a size. Colour says the mix, as in every
figure; the marker's shape and filling say the verdict twice over, so that it reads in grey.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tenbin.errors import UserError
from tenbin.figures.canvas import drawing, save_figure
from tenbin.figures.inputs import read_losses, read_table, verify_against
from tenbin.figures.labels import MixLanguages, find_mix, panel_title, read_mixes, short_count
from tenbin.study.style import FigureStyle

COLUMNS = 2
INCHES_PER_ROW = 0.19
INCHES_PER_PANEL = 0.75
LEGEND_INCHES = 0.6
X_LABEL = "loss of the mix / loss of the language alone"
BAND_COLOUR = "#e4e4e4"
INK = "#333333"
MARKS = {
    "equivalent": ("o", True),
    "not shown": ("o", False),
    "beyond the margin": ("X", True),
    "untested": ("|", True),
}
"""Marker and whether it is filled, by verdict."""
BLOCK = ["at", "mix", "mono_schedule", "mix_schedule"]
ENDS = ("loss_ratio_low", "loss_ratio_high", "loss_ratio_low90", "loss_ratio_high90")
NEEDED = (*BLOCK, *ENDS, "language", "valid", "size", "n_nonembedding", "loss_ratio", "margin", "equivalence")


@dataclass(frozen=True)
class Block:
    """The rows of one comparison on one validation set."""

    label: str
    colour: str
    rows: pd.DataFrame
    """Smallest size first."""


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
    """Draw loss ratios, mix over language alone, with 95 and 90 % intervals, margin and verdicts of equivalence.

    Raises UserError if there is nothing to compare or a file is damaged.
    """
    rows = read_comparison(comparison, comparison_record)
    in_domain = read_losses(losses, losses_record).groupby("valid")["in_domain"].first()
    rows["out_of_domain"] = ~rows["valid"].map(in_domain).astype(bool)
    known = read_mixes(mixes)
    panels = [
        (_title(panel), find_blocks(panel, known, comparison, style))
        for _, panel in rows.groupby(["out_of_domain", "language", "valid"])
    ]
    with drawing(style):
        save_figure(_draw(panels, float(rows["margin"].iloc[0]), style), svg, png, style)


def read_comparison(table: Path, record: Path) -> pd.DataFrame:
    """Read comparison.csv, verified against its record; one row a comparison, validation set and size."""
    verify_against(record, table)
    if not table.stat().st_size:
        raise UserError(f"{table} holds no comparison: no mix of this study stands beside its language alone")
    return read_table(table, NEEDED)


def find_blocks(rows: pd.DataFrame, mixes: Mapping[str, MixLanguages], where: Path, style: FigureStyle) -> list[Block]:
    """Return the comparisons of one panel, mixes with most of its language first.

    A name tells only what differs between them beside what was equal. Raises UserError if a mix has no record.
    """
    shares = {mix: find_mix(mixes, mix, where).weights.get(rows["language"].iloc[0], 0.0) for mix in set(rows["mix"])}
    found = set(rows[BLOCK].astype(str).itertuples(index=False, name=None))
    keys = sorted(found, key=lambda key: (key[0], -shares[key[1]], key))
    has_several_mixes = rows["mix"].nunique() > 1
    blocks = []
    for key in keys:
        at, mix_id, mono_schedule, mix_schedule = key
        place = list(mixes).index(mix_id)
        label = at + (f", {mixes[mix_id].label}" if has_several_mixes else "")
        if sum(other[:2] == key[:2] for other in keys) > 1:
            label += f" ({mono_schedule} alone, {mix_schedule} mixed)"
        those = rows[(rows[BLOCK].astype(str) == list(key)).all(axis=1)].sort_values("n_nonembedding")
        blocks.append(Block(label, style.palette[place % len(style.palette)], those))
    return blocks


def _title(panel: pd.DataFrame) -> str:
    return panel_title(panel["language"].iloc[0], in_domain=not panel["out_of_domain"].iloc[0])


def _draw(panels: Sequence[tuple[str, list[Block]]], margin: float, style: FigureStyle) -> Figure:
    columns = min(COLUMNS, len(panels))
    lines = [max(map(_count_lines, panels[i : i + columns])) for i in range(0, len(panels), columns)]
    inches = [INCHES_PER_ROW * count * style.font_size / 9 + INCHES_PER_PANEL for count in lines]
    figure = Figure(figsize=(style.width_inches, sum(inches) + LEGEND_INCHES))
    grid = list(figure.subplots(len(lines), columns, squeeze=False, sharex="row", height_ratios=inches).flat)
    for axes in grid[len(panels) :]:
        axes.remove()
    for axes, (title, blocks) in zip(grid, panels, strict=False):
        axes.set_title(title)
        _draw_panel(axes, blocks, margin)
    shown = {str(verdict) for _, blocks in panels for block in blocks for verdict in block.rows["equivalence"]}
    figure.legend(
        handles=_legend(margin, shown), loc="outside lower center", ncols=3, title="below 1 the mix is better"
    )
    return figure


def _count_lines(panel: tuple[str, list[Block]]) -> int:
    return sum(len(block.rows) + 1 for block in panel[1])


def _draw_panel(axes: Axes, blocks: Sequence[Block], margin: float) -> None:
    axes.axvspan(1 / (1 + margin), 1 + margin, color=BAND_COLOUR, zorder=0)
    axes.axvline(1, color=INK, linewidth=0.9, zorder=1)
    labels: list[str] = []
    for block in blocks:
        _draw_heading(axes, len(labels), block.label)
        labels.append("")
        for _, row in block.rows.iterrows():
            _draw_row(axes, len(labels), row, block.colour)
            labels.append(short_count(row["n_nonembedding"]))
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set(ylabel="parameters without embeddings", xlabel=X_LABEL)
    axes.label_outer()
    axes.tick_params(labelleft=True, labelbottom=True)
    sns.despine(ax=axes, left=True)


def _draw_heading(axes: Axes, line: int, label: str) -> None:
    """Write what was equal above its rows, at the panel's left edge."""
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}
    where = axes.get_yaxis_transform()
    axes.text(0.0, line, label, transform=where, va="center", ha="left", fontsize="small", bbox=box)


def _draw_row(axes: Axes, line: int, row: "pd.Series[float]", colour: str) -> None:
    marker, is_filled = MARKS[str(row["equivalence"])]
    axes.hlines(line, row["loss_ratio_low"], row["loss_ratio_high"], color=colour, linewidth=1.0)
    axes.hlines(line, row["loss_ratio_low90"], row["loss_ratio_high90"], color=colour, linewidth=2.8)
    axes.plot(
        row["loss_ratio"],
        line,
        linestyle="none",
        marker=marker,
        markersize=9 if marker == "|" else 5,
        color=colour,
        markerfacecolor=colour if is_filled else "white",
        markeredgecolor=colour if marker == "o" else INK,
        markeredgewidth=0.6 if marker == "X" else 1.3,
        zorder=3,
    )


def _legend(margin: float, shown: set[str]) -> list[Line2D | Patch]:
    names = {
        "equivalent": "equivalent: 90 % interval within the margin",
        "not shown": "equivalence not shown",
        "beyond the margin": "beyond the margin",
        "untested": "one seed: not tested",
    }
    marks = [
        Line2D(
            [], [], linestyle="none", marker=marker, color=INK, markerfacecolor=INK if is_filled else "white",
            markersize=6, label=names[verdict],
        )
        for verdict, (marker, is_filled) in MARKS.items()
        if verdict in shown
    ]  # fmt: skip
    bars = [
        Line2D([], [], color=INK, linewidth=width, label=f"{level} % interval") for width, level in ((2.8, 90), (1, 95))
    ]
    return [*marks, *bars, Patch(color=BAND_COLOUR, label=f"margin of equivalence, {100 * margin:.3g} %")]
