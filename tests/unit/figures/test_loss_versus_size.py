import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.figure import Figure

from tenbin.errors import UserError
from tenbin.figures import loss_versus_size
from tenbin.figures.loss_versus_size import plot_loss_versus_size
from tenbin.files import read_json, record_file, write_json
from tenbin.study.style import FigureStyle

STYLE = FigureStyle(dpi=60)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Collect the figures that are saved, to ask them what they show."""
    figures: list[Figure] = []
    save = loss_versus_size.save_figure

    def keep(figure: Figure, *rest) -> None:
        figures.append(figure)
        save(figure, *rest)

    monkeypatch.setattr(loss_versus_size, "save_figure", keep)
    return figures


def plot(inputs, folder: Path, **options) -> list[Path]:
    svg, png = folder / "f.svg", folder / "f.png"
    given = {
        "losses": inputs.losses,
        "losses_record": inputs.losses_record,
        "scaling": inputs.scaling,
        "mixes": inputs.mixes,
        "style": STYLE,
    }
    plot_loss_versus_size(**(given | options), svg=svg, png=png)
    return [svg, png]


def labels(figure: Figure) -> list[list[str]]:
    return [[text.get_text() for text in axes.get_legend().get_texts()] for axes in figure.axes]


def replace_losses(inputs, table: pd.DataFrame) -> None:
    table.to_csv(inputs.losses, index=False)
    write_json(inputs.losses_record, {"recipe": 1, "files": {"table": record_file(inputs.losses)}})


def test_the_same_input_gives_the_same_bytes(inputs, tmp_path: Path) -> None:
    first, second = plot(inputs, tmp_path / "a"), plot(inputs, tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_each_language_has_a_panel_with_the_models_that_saw_it(inputs, tmp_path: Path, drawn: list[Figure]) -> None:
    plot(inputs, tmp_path)
    assert [axes.get_title() for axes in drawn[0].axes] == ["English held-out text", "Japanese held-out text (日本語)"]
    names = [[label.split("\n")[0] for label in panel] for panel in labels(drawn[0])]
    assert names == [["English only", "English + Japanese"], ["Japanese only", "English + Japanese"]]
    assert all(axes.get_ylim()[1] < 6 for axes in drawn[0].axes), "a model of the other language flattens the panel"


def test_the_legend_prints_the_fitted_exponent_with_its_interval(inputs, tmp_path: Path, drawn: list[Figure]) -> None:
    plot(inputs, tmp_path)
    curve = next(curve for curve in read_json(inputs.scaling[0])["curves"] if curve["mix"] == "en")
    fit = curve["fits"]["n_nonembedding"]
    chosen = fit["forms"][fit["chosen_form"]]
    low, high = chosen["profile_intervals"]["exponent"]
    assert f"exponent {chosen['parameters']['exponent']:.3f} [{low:.3f}, {high:.3f}]" in labels(drawn[0])[0][0]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("nonembedding", ("parameters without embeddings", 3_312)),
        ("total", ("parameters with embeddings", 3_312 + 2 * 4096 * 16)),
    ],
)
def test_both_counts_of_parameters_can_be_drawn(
    inputs, tmp_path: Path, drawn: list[Figure], parameters, expected
) -> None:
    plot(inputs, tmp_path, parameters=parameters)
    axes = drawn[0].axes[0]
    smallest = min(line.get_xdata().min() for line in axes.lines if len(line.get_xdata()))
    assert (axes.get_xlabel(), round(smallest)) == expected


def test_text_of_another_domain_is_a_figure_of_its_own(inputs, tmp_path: Path, drawn: list[Figure]) -> None:
    plot(inputs, tmp_path, out_of_domain=True)
    assert [axes.get_title() for axes in drawn[0].axes] == [
        "English text of another domain",
        "Japanese text of another domain (日本語)",
    ]


def test_the_same_mix_at_two_schedules_is_two_curves(inputs_with_controls, tmp_path: Path, drawn: list[Figure]) -> None:
    plot(inputs_with_controls, tmp_path)
    names = [label.split("\n")[0] for label in labels(drawn[0])[0]]
    assert names == ["English only (full)", "English only (half)", "English + Japanese (full)"]
    dashes = [line.get_linestyle() for line in drawn[0].axes[0].get_legend().get_lines()]
    assert dashes == ["-", "--", "-"], "dashes say the schedule"


def test_a_curve_of_too_few_sizes_is_shown_as_not_fitted(own_inputs, tmp_path: Path, drawn: list[Figure]) -> None:
    table = pd.read_csv(own_inputs.losses)
    replace_losses(own_inputs, table[table["n_nonembedding"] < 50_000])
    plot(own_inputs, tmp_path)
    assert {label.split("\n")[1] for panel in labels(drawn[0]) for label in panel} == {"not fitted"}


def test_one_seed_without_errors_has_a_band_of_no_width_and_the_intervals_of_its_misfit(
    own_inputs, tmp_path: Path, drawn: list[Figure]
) -> None:
    table = pd.read_csv(own_inputs.losses)
    replace_losses(own_inputs, table[table["seed"] == 1].drop(columns="loss_stderr"))
    plot(own_inputs, tmp_path)
    assert all("[" in label for panel in labels(drawn[0]) for label in panel)
    for band in (
        band for axes in drawn[0].axes for band in axes.collections if isinstance(band, FillBetweenPolyCollection)
    ):
        assert not np.isfinite(band.get_datalim(band.axes.transData).get_points()).all()


def test_the_largest_size_is_drawn_hollow_where_the_others_forecast_it(
    inputs, tmp_path: Path, drawn: list[Figure]
) -> None:
    plot(inputs, tmp_path)
    curve = next(curve for curve in read_json(inputs.scaling[0])["curves"] if curve["mix"] == "en")
    fit = curve["fits"]["n_nonembedding"]
    forecast = fit["forms"][fit["chosen_form"]]["forecast_of_largest"]
    hollow = [line for line in drawn[0].axes[0].lines if line.get_markerfacecolor() == "white"]
    assert len(hollow) == 2, "one a curve"
    assert hollow[0].get_ydata()[0] == pytest.approx(forecast["predicted"])
    assert hollow[0].get_xdata()[0] > forecast["n"]


def test_what_is_not_identified_has_no_digits(own_inputs, tmp_path: Path, drawn: list[Figure]) -> None:
    table = pd.read_csv(own_inputs.losses)
    is_english = (table["mix"] == "en") & (table["valid"] == "tatoebaen")
    table.loc[is_english, "loss_nats_per_token"] = 4 + 0.01 * (table["n_nonembedding"] % 7)
    replace_losses(own_inputs, table)
    plot(own_inputs, tmp_path)
    assert "exponent not identified" in labels(drawn[0])[0][0]


def test_nothing_drawn_lies_over_anything_else(inputs, tmp_path: Path, drawn: list[Figure]) -> None:
    plot(inputs, tmp_path)
    canvas = FigureCanvasAgg(drawn[0])
    canvas.draw()
    renderer = canvas.get_renderer()
    for axes in drawn[0].axes:
        legend, label = axes.get_legend().get_window_extent(renderer), axes.xaxis.label.get_window_extent(renderer)
        assert legend.y1 <= label.y0
        assert not legend.overlaps(axes.get_window_extent(renderer))


def test_a_table_that_changed_is_refused(own_inputs, tmp_path: Path) -> None:
    scaling = own_inputs.scaling
    own_inputs.losses.write_text(own_inputs.losses.read_text().replace("4.", "3."))
    with pytest.raises(UserError, match=r"losses.csv is damaged"):
        plot(own_inputs, tmp_path, scaling=scaling)
    assert not list(tmp_path.glob("f.*"))


def test_a_language_that_no_model_saw_gets_no_panel(own_inputs, tmp_path: Path, drawn: list[Figure]) -> None:
    table = pd.read_csv(own_inputs.losses)
    replace_losses(own_inputs, table[table["mix"] == "en"])
    plot(own_inputs, tmp_path)
    assert [axes.get_title() for axes in drawn[0].axes] == ["English held-out text"]


def test_no_set_of_the_asked_kind_is_a_user_error(inputs, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no validation set of --scaling is out of domain and"):
        plot(inputs, tmp_path, scaling=inputs.scaling[:2], out_of_domain=True)


def test_the_script_draws_from_the_command_line(inputs, tmp_path: Path, repository: Path) -> None:
    command = [sys.executable, repository / "scripts" / "plot_loss_versus_size.py"]
    command += ["--losses", inputs.losses, "--losses-record", inputs.losses_record, "--scaling", *inputs.scaling]
    command += ["--mixes", *inputs.mixes, "--style", '{"dpi": 60}', "--out-svg", tmp_path / "f.svg"]
    environment = {"PYTHONPATH": str(repository / "src")}
    command += ["--out-png", tmp_path / "f.png"]
    run = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert (tmp_path / "f.svg").read_bytes() == plot(inputs, tmp_path / "b")[0].read_bytes()
