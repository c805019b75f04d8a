from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from tenbin.errors import UserError
from tenbin.figures import canvas
from tenbin.figures.canvas import drawing, panel_grid, save_figure
from tenbin.figures.labels import OWN_NAMES, panel_title
from tenbin.study.style import FigureStyle


def draw(folder: Path, text: str) -> tuple[bytes, bytes]:
    style = FigureStyle(dpi=60)
    with drawing(style):
        figure = Figure(figsize=(4, 2))
        figure.subplots().set_title(text)
        save_figure(figure, folder / "f.svg", folder / "f.png", style)
    return (folder / "f.svg").read_bytes(), (folder / "f.png").read_bytes()


@pytest.mark.parametrize("language", sorted(OWN_NAMES))
def test_the_fonts_have_every_own_name_of_a_language(tmp_path: Path, language: str) -> None:
    """A missing glyph is a warning of matplotlib, and warnings are errors here."""
    draw(tmp_path, panel_title(language, in_domain=True))


def test_a_missing_glyph_would_be_noticed(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="missing from font"):
        draw(tmp_path, "한국어")


def test_the_same_figure_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = draw(tmp_path / "a", "日本語"), draw(tmp_path / "b", "日本語")
    assert first == second
    assert b"<dc:date>" not in first[0]
    assert b"<text" not in first[0], "text must be outlines: the reader's machine may lack the font"


def test_settings_are_put_back(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    draw(tmp_path, "x")
    assert dict(mpl.rcParams) == before


def test_no_font_package_is_a_user_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "FONT_PACKAGE", "no_such_package_here")
    with pytest.raises(UserError, match="no package no_such_package_here"):
        draw(tmp_path, "x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("panels", [1, 2, 3, 4, 5])
def test_a_grid_has_exactly_the_panels_asked_for(panels: int) -> None:
    figure, grid = panel_grid(panels, 2, FigureStyle())
    assert len(grid) == len(figure.axes) == panels


def test_the_first_three_colours_stay_apart_in_grey(grey: Callable[[str], float]) -> None:
    lightness = [grey(colour) for colour in FigureStyle().palette[:3]]
    assert all(abs(one - other) >= 20 for one, other in combinations(lightness, 2)), lightness


def test_every_panel_of_shared_axes_has_numbers_at_its_own() -> None:
    """They all have a label there, and panels of a last row that is not full stand below some of them."""
    _, grid = panel_grid(5, 3, FigureStyle(), shared="all")
    assert [axes.xaxis.get_tick_params()["labelbottom"] for axes in grid] == [True] * 5
