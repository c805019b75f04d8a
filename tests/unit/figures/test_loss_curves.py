import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tenbin.errors import UserError
from tenbin.figures.loss_curves import RunLabel, plot_loss_curves, smooth
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
    means = smooth(pd.DataFrame({"tokens": tokens, "loss": np.full(1000, 4.0)}))
    assert np.allclose(means["loss"], 4.0)
    assert means["tokens"].iloc[0] == 1024
    assert means["tokens"].is_monotonic_increasing


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
