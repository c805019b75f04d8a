import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tenbin.errors import UserError
from tenbin.figures.loss_curves import RunLabel, lower_envelope, plot_loss_curves, smooth
from tenbin.files import record_file, write_json
from tenbin.study.style import FigureStyle

STYLE = FigureStyle(dpi=60)


def plot(inputs, folder: Path, rows=None) -> tuple[Path, Path]:
    histories, dones, labels = zip(*(rows or inputs.histories()), strict=True)
    runs = [RunLabel.model_validate_json(label) for label in labels]
    svg, png = folder / "loss_curves.svg", folder / "loss_curves.png"
    plot_loss_curves(histories=histories, dones=dones, runs=runs, mixes=inputs.mixes, style=STYLE, svg=svg, png=png)
    return svg, png


def test_the_same_histories_give_the_same_bytes(inputs, tmp_path: Path) -> None:
    first, second = plot(inputs, tmp_path / "a"), plot(inputs, tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_one_run_alone_is_drawn(inputs, tmp_path: Path) -> None:
    svg, png = plot(inputs, tmp_path, inputs.histories()[:1])
    assert svg.stat().st_size > 1000
    assert png.stat().st_size > 1000


def test_two_schedules_of_a_mix_are_told_apart(inputs, tmp_path: Path) -> None:
    first, second = inputs.histories()[:2]
    other = json.dumps({**json.loads(second[2]), "schedule": "long"})
    one = plot(inputs, tmp_path / "a", [first, second])[0].read_text()
    two = plot(inputs, tmp_path / "b", [first, (*second[:2], other)])[0].read_text()
    assert "stroke-dasharray" not in one
    assert "stroke-dasharray" in two


def test_smoothing_keeps_the_mean_of_constant_losses_and_loses_no_early_step() -> None:
    tokens = np.arange(1, 1001) * 1024
    means = smooth(pd.DataFrame({"x": tokens, "loss": np.full(1000, 4.0)}))
    assert np.allclose(means["loss"], 4.0)
    assert means["x"].iloc[0] == 1024
    assert means["x"].is_monotonic_increasing


def test_a_changed_history_is_refused(own_inputs, tmp_path: Path) -> None:
    history = own_inputs.histories()[0][0]
    history.write_text(history.read_text().replace('"loss"', '"LOSS"', 1))
    with pytest.raises(UserError, match=r"history.jsonl is damaged"):
        plot(own_inputs, tmp_path)
    assert not list(tmp_path.glob("*.svg"))


def test_lists_of_unequal_length_are_refused(inputs, tmp_path: Path) -> None:
    (history, done, _), *_ = inputs.histories()
    with pytest.raises(UserError, match="1 --history, 1 --done, 0 --run"):
        plot_loss_curves(
            histories=[history],
            dones=[done],
            runs=[],
            mixes=inputs.mixes,
            style=STYLE,
            svg=tmp_path / "f.svg",
            png=tmp_path / "f.png",
        )


def test_the_envelope_is_the_lowest_that_any_run_had_reached() -> None:
    small = pd.DataFrame({"x": [1.0, 10.0, 100.0], "loss": [8.0, 5.0, 4.5]})
    large = pd.DataFrame({"x": [10.0, 100.0, 1000.0], "loss": [8.0, 5.0, 3.0]})
    lowest = lower_envelope([small, large], points=4)
    assert np.allclose(lowest["x"], [1, 10, 100, 1000])
    assert np.allclose(lowest["loss"], [8.0, 5.0, 4.5, 3.0])


def plot_against_flops(inputs, folder: Path, change=lambda table: table) -> tuple[Path, Path]:
    table = change(pd.read_csv(inputs.losses).assign(flops=lambda rows: rows["tokens"] * rows["n_total"] * 6))
    table.to_csv(folder / "losses.csv", index=False)
    write_json(folder / "losses.json", {"files": {"table": record_file(folder / "losses.csv")}})
    histories, dones, labels = zip(*inputs.histories(), strict=True)
    svg, png = folder / "flops.svg", folder / "flops.png"
    plot_loss_curves(
        histories=histories,
        dones=dones,
        runs=[RunLabel.model_validate_json(label) for label in labels],
        mixes=inputs.mixes,
        costs=(folder / "losses.csv", folder / "losses.json"),
        style=STYLE,
        svg=svg,
        png=png,
    )
    return svg, png


def test_against_flops_the_lowest_of_all_runs_is_drawn_and_tokens_have_none(inputs, tmp_path: Path) -> None:
    assert "stroke-dasharray: 1.08" in plot_against_flops(inputs, tmp_path)[0].read_text()
    assert "stroke-dasharray" not in plot(inputs, tmp_path)[0].read_text()


def test_a_run_without_flops_is_refused(inputs, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lacks the FLOPs of a run"):
        plot_against_flops(inputs, tmp_path, lambda table: table[table["size"] != table["size"].iloc[0]])
    with pytest.raises(UserError, match="no column flops"):
        plot_against_flops(inputs, tmp_path, lambda table: table.drop(columns="flops"))
