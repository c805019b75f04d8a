"""Figures of how sure the fits are: what each view shows, and what it leaves out."""

import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from matplotlib.figure import Figure

from tenbin.errors import UserError
from tenbin.figures import evidence
from tenbin.figures.evidence import View, plot_evidence
from tenbin.files import read_json, write_json
from tenbin.study.style import FigureStyle

STYLE = FigureStyle(dpi=60)
VIEWS = get_args(View)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Collect the figures that are saved, to ask them what they show."""
    figures: list[Figure] = []
    save = evidence.save_figure

    def keep(figure: Figure, *rest: Any) -> None:
        figures.append(figure)
        save(figure, *rest)

    monkeypatch.setattr(evidence, "save_figure", keep)
    return figures


@pytest.fixture
def scaling(inputs: Any, tmp_path: Path) -> list[Path]:
    """Return the scaling files in domain, with losses by script as tables of documents would give them."""
    paths = []
    for valid, own in (("tatoebaen", "latin"), ("tatoebaja", "japanese")):
        content = read_json(inputs.root / "scaling" / f"{valid}.json") if inputs.scaling else {}
        for curve in content["curves"]:
            sizes = [point | {"bits_per_byte": point["loss_nats_per_token"] / 2} for point in curve["points"]]
            curve["scripts"] = [
                {"script": script, "share_of_targets": share, "sizes": sizes, "exponent": {}}
                for script, share in ((own, 0.9), ("other", 0.1))
            ]
        content.pop("sha256", None)
        paths.append(tmp_path / f"{valid}.json")
        write_json(paths[-1], content)
    return paths


def plot(view: Any, inputs: Any, scaling: list[Path], folder: Path) -> list[Path]:
    svg, png = folder / f"{view}.svg", folder / f"{view}.png"
    given = {"losses": inputs.losses, "losses_record": inputs.losses_record, "mixes": inputs.mixes}
    plot_evidence(view, **given, scaling=scaling, style=STYLE, svg=svg, png=png)
    return [svg, png]


@pytest.mark.parametrize("view", VIEWS)
def test_a_row_a_text_and_a_column_a_view(
    view: View, inputs: Any, scaling: list[Path], tmp_path: Path, drawn: list[Figure]
) -> None:
    plot(view, inputs, scaling, tmp_path)
    titles = [axes.get_title().split("\n")[0] for axes in drawn[0].axes]
    assert titles == ["English held-out text"] * 2 + ["Japanese held-out text (日本語)"] * 2
    assert all(axes.get_xlabel() and axes.get_ylabel() and axes.lines for axes in drawn[0].axes)
    labels = {text.get_text() for text in drawn[0].legends[0].get_texts()}
    assert labels == {"English only", "Japanese only", "English + Japanese"}


@pytest.mark.parametrize("view", VIEWS)
def test_the_same_input_gives_the_same_bytes(view: View, inputs: Any, scaling: list[Path], tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for one, other in zip(plot(view, inputs, scaling, first), plot(view, inputs, scaling, second), strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_the_profile_crosses_its_limit_at_the_interval_that_is_told(
    inputs: Any, scaling: list[Path], tmp_path: Path, drawn: list[Figure]
) -> None:
    plot("profiles", inputs, scaling, tmp_path)
    law = read_json(scaling[0])["curves"][0]["fits"]["n_nonembedding"]["forms"]["power_law_with_constant"]
    exponent = drawn[0].axes[1]
    limits = {line.get_ydata()[0] for line in exponent.lines if line.get_linestyle() == ":"}
    assert law["profile_limit"] in limits
    assert law["parameters"]["exponent"] in [x for line in exponent.lines for x in line.get_xdata()]


def test_what_is_not_identified_is_not_drawn_and_that_is_said(
    inputs: Any, scaling: list[Path], tmp_path: Path, drawn: list[Figure]
) -> None:
    content = read_json(scaling[0])
    for curve in content["curves"]:
        curve["fits"]["n_nonembedding"]["forms"]["power_law_with_constant"]["identified"]["constant"] = False
    content.pop("sha256", None)
    write_json(scaling[0], content)
    plot("profiles", inputs, scaling, tmp_path)
    constant = drawn[0].axes[0]
    assert [text.get_text() for text in constant.texts] == ["not identified for any curve"]
    assert [text.get_text() for text in drawn[0].axes[1].texts] == []


def test_without_a_trained_language_there_is_no_figure(inputs: Any, scaling: list[Path], tmp_path: Path) -> None:
    content = read_json(scaling[0])
    content.pop("sha256", None)
    write_json(scaling[0], content | {"language": "fr"})
    with pytest.raises(UserError, match="leave this figure out"):
        plot("slopes", inputs, scaling[:1], tmp_path)


def test_the_program_draws_it(inputs: Any, scaling: list[Path], tmp_path: Path, repository: Path) -> None:
    command = [sys.executable, str(repository / "scripts" / "plot_evidence.py"), "--view", "residuals"]
    command += ["--losses", str(inputs.losses), "--losses-record", str(inputs.losses_record)]
    command += ["--scaling", *map(str, scaling), "--mixes", *map(str, inputs.mixes)]
    command += ["--out-svg", str(tmp_path / "f.svg"), "--out-png", str(tmp_path / "f.png")]
    subprocess.run(command, check=True)
    assert (tmp_path / "f.svg").stat().st_size > 1000
