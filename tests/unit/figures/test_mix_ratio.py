from pathlib import Path

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tenbin.errors import UserError
from tenbin.figures import mix_ratio
from tenbin.figures.labels import MixLanguages
from tenbin.figures.mix_ratio import find_blocks, plot_mix_ratio
from tenbin.files import record_file, write_bytes, write_json
from tenbin.study.style import FigureStyle


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Collect the figures that are saved, to ask them what they show."""
    figures: list[Figure] = []
    save = mix_ratio.save_figure

    def keep(figure: Figure, *rest) -> None:
        figures.append(figure)
        save(figure, *rest)

    monkeypatch.setattr(mix_ratio, "save_figure", keep)
    return figures


def plot(inputs, folder: Path) -> list[Path]:
    svg, png = folder / "mix_ratio.svg", folder / "mix_ratio.png"
    plot_mix_ratio(
        comparison=inputs.comparison,
        comparison_record=inputs.comparison_record,
        losses=inputs.losses,
        losses_record=inputs.losses_record,
        mixes=inputs.mixes,
        style=FigureStyle(dpi=60),
        svg=svg,
        png=png,
    )
    return [svg, png]


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def make_rows(*lines: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["at", "mix", "mono_schedule", "mix_schedule"]).assign(
        n_nonembedding=1000, language="en"
    )


def names(rows: pd.DataFrame) -> list[str]:
    mixes = {
        "enja": MixLanguages("enja", {"en": 0.5, "ja": 0.5}),
        "ja25": MixLanguages("ja25", {"en": 0.75, "ja": 0.25}),
    }
    return [block.label for block in find_blocks(rows, mixes, Path("comparison.csv"), FigureStyle())]


def marks(axes: Axes) -> list[tuple[float, str, bool]]:
    """Return each row's x, marker, and whether it is filled."""
    drawn = [line for line in axes.lines if line.get_marker() in "oX|"]
    return [(line.get_xdata()[0], line.get_marker(), line.get_markerfacecolor() != "white") for line in drawn]


def test_the_same_input_gives_the_same_bytes(inputs_with_controls, tmp_path: Path) -> None:
    first, second = plot(inputs_with_controls, tmp_path / "a"), plot(inputs_with_controls, tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_blocks_are_named_by_what_was_equal(inputs_with_controls, tmp_path: Path, drawn: list[Figure]) -> None:
    plot(inputs_with_controls, tmp_path)
    assert texts(drawn[0].axes[0]) == ["equal steps", "equal tokens of the language"]


def test_text_of_the_training_domain_comes_first(inputs, tmp_path: Path, drawn: list[Figure]) -> None:
    plot(inputs, tmp_path)
    assert [axes.get_title() for axes in drawn[0].axes] == [
        "English held-out text",
        "Japanese held-out text (日本語)",
        "English text of another domain",
        "Japanese text of another domain (日本語)",
    ]


def test_drawn_ratios_and_verdicts_are_those_of_the_table(inputs, tmp_path: Path, drawn: list[Figure]) -> None:
    plot(inputs, tmp_path)
    table = pd.read_csv(inputs.comparison)
    rows = table[table["valid"] == "tatoebaen"]
    shapes = {"equivalent": ("o", True), "not shown": ("o", False), "beyond the margin": ("X", True)}
    expected = [(row.loss_ratio, *shapes[row.equivalence]) for row in rows.itertuples()]
    assert marks(drawn[0].axes[0]) == expected


def test_rows_go_from_the_smallest_size_down(inputs, tmp_path: Path, drawn: list[Figure]) -> None:
    plot(inputs, tmp_path)
    axes = drawn[0].axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["", "3.31k", "12.8k", "50.1k", "100k", "397k"]
    assert axes.yaxis_inverted()


def test_the_band_is_the_margin(inputs, tmp_path: Path, drawn: list[Figure]) -> None:
    plot(inputs, tmp_path)
    (band,) = drawn[0].axes[0].patches
    assert band.get_x() == pytest.approx(1 / 1.005)
    assert band.get_x() + band.get_width() == pytest.approx(1.005)


def test_the_legend_names_only_verdicts_that_occur(own_inputs, tmp_path: Path, drawn: list[Figure]) -> None:
    table = pd.read_csv(own_inputs.losses)
    table[table["seed"] == 1].to_csv(own_inputs.losses, index=False)
    write_json(own_inputs.losses_record, {"recipe": 1, "files": {"table": record_file(own_inputs.losses)}})
    plot(own_inputs, tmp_path)
    named = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert named == ["one seed: not tested", "90 % interval", "95 % interval", "margin of equivalence, 0.5 %"]


def test_a_name_tells_no_more_than_differs() -> None:
    assert names(make_rows(("equal steps", "enja", "a", "a"))) == ["equal steps"]
    assert names(make_rows(("equal steps", "enja", "a", "a"), ("equal steps", "ja25", "a", "a"))) == [
        "equal steps, English 75% + Japanese 25%",
        "equal steps, English + Japanese",
    ]
    assert names(make_rows(("unequal", "enja", "a", "b"), ("unequal", "enja", "c", "b"))) == [
        "unequal (a alone, b mixed)",
        "unequal (c alone, b mixed)",
    ]


def test_ratios_without_intervals_are_drawn_too(own_inputs, tmp_path: Path) -> None:
    table = pd.read_csv(own_inputs.losses)
    table[table["seed"] == 1].drop(columns="loss_stderr").to_csv(own_inputs.losses, index=False)
    write_json(own_inputs.losses_record, {"recipe": 1, "files": {"table": record_file(own_inputs.losses)}})
    assert all(path.stat().st_size for path in plot(own_inputs, tmp_path))


def test_no_comparison_is_a_user_error(own_inputs, tmp_path: Path) -> None:
    write_bytes(own_inputs.comparison, b"")
    record = own_inputs.comparison.with_suffix(".json")
    write_json(record, {"comparisons": [], "files": {"table": record_file(own_inputs.comparison)}})
    with pytest.raises(UserError, match="holds no comparison"):
        plot(own_inputs, tmp_path)
