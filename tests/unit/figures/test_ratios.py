"""The figures of the mixing ratio show what ratio.json holds."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from sweeps import SHARES, write_sweep

from tenbin.figures import ratio_frontier, ratio_losses
from tenbin.figures.ratio_files import SweepFile, read_sweeps
from tenbin.scaling.ratios.fitting import fit_ratios
from tenbin.study.style import FigureStyle

STYLE = FigureStyle(dpi=60)


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory: pytest.TempPathFactory) -> list[SweepFile]:
    folder = tmp_path_factory.mktemp("sweep")
    study, table, record = write_sweep(folder, noise=0.003), folder / "frontier.csv", folder / "ratio.json"
    fit_ratios(study.table, None, mixes=study.mixes, valids=["en", "ja"], documents=[], table=table, record=record)
    return read_sweeps(record, table)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Collect the figures that are saved."""
    figures: list[Figure] = []
    save = ratio_losses.save_figure

    def keep(figure: Figure, *rest) -> None:
        figures.append(figure)
        save(figure, *rest)

    for module in (ratio_losses, ratio_frontier):
        monkeypatch.setattr(module, "save_figure", keep)
    return figures


@pytest.mark.parametrize("plot", [ratio_losses.plot_losses, ratio_frontier.plot_frontier])
def test_the_same_input_gives_the_same_bytes(plot, sweeps: list[SweepFile], tmp_path: Path) -> None:
    for name in "ab":
        plot(sweeps, STYLE, tmp_path / f"{name}.svg", tmp_path / f"{name}.png")
    for ending in ("svg", "png"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_a_panel_a_language_shows_every_size(sweeps: list[SweepFile], tmp_path: Path, drawn: list[Figure]) -> None:
    ratio_losses.plot_losses(sweeps, STYLE, tmp_path / "a.svg", tmp_path / "a.png")
    titles = [axes.get_title() for axes in drawn[0].axes]
    assert titles == ["English held-out text", "Japanese held-out text (日本語)"]
    labels = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert labels[:3] == ["3,312 parameters", "50,112 parameters", "198,528 parameters"]


def test_a_panel_a_size_marks_the_mixes_and_the_choices(
    sweeps: list[SweepFile], tmp_path: Path, drawn: list[Figure]
) -> None:
    ratio_frontier.plot_frontier(sweeps, STYLE, tmp_path / "a.svg", tmp_path / "a.png")
    panels = drawn[0].axes
    assert [axes.get_title() for axes in panels] == ["3.31k parameters", "50.1k parameters", "199k parameters"]
    assert [text.get_text() for text in panels[0].texts] == [f"{share:g}" for share in SHARES[1:-1]]
    assert panels[0].get_xlabel() == "English (bits per byte)"
