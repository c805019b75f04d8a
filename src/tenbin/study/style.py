"""How figures look: the `figures` section of a study.

It lies beside the rest of the study's data, since planning must read it without importing a
plotting library. A change here makes figures and the report anew, and nothing else.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from tenbin.study.base import Entry

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]


class FigureStyle(Entry):
    """Colours and measures of the figures."""

    palette: tuple[Colour, ...] = Field(
        default=("#1d2f6f", "#b4472e", "#dd9d1c", "#3f9b86", "#8d6cab", "#7a7a7a"), min_length=1
    )
    """Colours (#rrggbb) of the training mixes in order: mixes of one language first, then by id. The default ones
    differ in lightness as well, so that they stay apart in grey and for colour-blind readers."""
    width_inches: float = Field(default=7.5, ge=4, le=40)
    """Width of a figure in inches."""
    panel_height_inches: float = Field(default=2.9, ge=1.5, le=40)
    """Height of a row of panels in inches, legends apart."""
    font_size: float = Field(default=9, ge=4, le=40)
    """Size of axis labels in points; ticks and legends are a point smaller."""
    dpi: int = Field(default=200, ge=50, le=1200)
    """Pixels an inch of the PNG files."""
    band_opacity: float = Field(default=0.18, ge=0, le=1)
    """Opacity of the 95 % bands."""
    show_seeds: bool = True
    """Whether each seed is drawn as a small point beside the mean of the seeds."""
