"""Sweeps whose truth is known are recovered, and what cannot be fitted is refused."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sweeps import ALPHA, GAMMAS, SHARES, Study, write_sweep

from tenbin.errors import UserError
from tenbin.scaling.ratios.fitting import fit_ratios


def run(study: Study, folder: Path) -> dict[str, Any]:
    fit_ratios(
        study.table, None, mixes=study.mixes, valids=["en", "ja"], documents=[],
        table=folder / "frontier.csv", record=folder / "ratio.json",
    )  # fmt: skip
    found: dict[str, Any] = json.loads((folder / "ratio.json").read_bytes())["sweeps"][0]
    return found


def test_the_true_law_is_found(exact: Study, tmp_path: Path) -> None:
    sweep = run(exact, tmp_path)
    assert sweep["chosen_form"] == "ratio_law"
    for side in sweep["sides"]:
        assert side["gamma"]["one_for_all"]["value"] == pytest.approx(GAMMAS[side["language"]], rel=1e-9)
        assert side["largest_left_out"]["ratio_law"]["relative_error"] < 1e-9
        for size in side["sizes"]:
            assert size["forms"]["ratio_law"]["left_out_relative_error"]["edges"] < 1e-9
            assert size["at_zero"]["ratio_law"] is None


def test_choices_are_those_of_the_true_law(exact: Study, tmp_path: Path) -> None:
    sweep = run(exact, tmp_path)
    r = np.linspace(1 / 8, 7 / 8, 100_001)
    costs = np.log(1 - r) * -GAMMAS["en"] + np.log(r) * GAMMAS["ja"]
    equal = r[np.abs(costs).argmin()]
    mean = 0.75 * 12 * 0.5 * (1 - r) ** -GAMMAS["en"] + 0.25 * 14 * 0.4 * r ** -GAMMAS["ja"]
    for size in sweep["frontier"]:
        assert size["choices"]["equal_cost"]["r"] == pytest.approx(equal, abs=5e-4)
        assert size["choices"]["weight_0.75"]["r"] == pytest.approx(r[mean.argmin()], abs=5e-4)
        assert not size["choices"]["equal_cost"]["at_edge"]
    assert sweep["movement"]["equal_cost"]["logit_slope_per_ln_n"] == pytest.approx(0, abs=1e-6)


def test_movement_that_is_noise_cannot_be_told(tmp_path: Path) -> None:
    sweep = run(write_sweep(tmp_path, noise=0.002), tmp_path)
    assert {movement["verdict"] for movement in sweep["movement"].values()} == {"cannot be told"}


def test_sizes_may_have_unequal_seeds_and_five_shares(tmp_path: Path) -> None:
    sweep = run(write_sweep(tmp_path, shares=SHARES[::2], noise=0.001, seeds=(3, 3, 2)), tmp_path)
    assert any("2 to 3 seeds" in note for note in sweep["notes"])
    assert [size["forms"]["ratio_law"]["degrees_of_freedom"] for size in sweep["sides"][0]["sizes"]] == [2, 2, 2]


def test_the_table_holds_every_measured_mix(exact: Study, tmp_path: Path) -> None:
    run(exact, tmp_path)
    with (tmp_path / "frontier.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["r"]) for row in rows] == [*SHARES] * 3
    alone = next(row for row in rows if row["size"] == "small" and float(row["r"]) == 0)
    assert float(alone["first_bits_per_byte"]) == pytest.approx(12 * 3312**-ALPHA * 0.5)


def test_too_few_proportions_are_refused(tmp_path: Path) -> None:
    study = write_sweep(tmp_path, shares=(0, 0.25, 0.5, 1))
    with pytest.raises(UserError, match="5 proportions"):
        run(study, tmp_path)
    assert not (tmp_path / "ratio.json").exists()


def test_a_validation_set_that_was_not_scored_is_refused(exact: Study, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no validation set fr"):
        fit_ratios(
            exact.table,
            None,
            mixes=exact.mixes,
            valids=["fr"],
            documents=[],
            table=tmp_path / "f",
            record=tmp_path / "r",
        )


def test_two_mixes_of_the_same_shares_are_refused(tmp_path: Path) -> None:
    study = write_sweep(tmp_path, shares=(0, 0.25, 0.25, 0.5, 0.75, 1))
    with pytest.raises(UserError, match="hold the same shares"):
        run(study, tmp_path)
