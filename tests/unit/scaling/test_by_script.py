"""Losses by script add up to the whole, and their intervals move with the same documents and seeds."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tenbin.files import read_json
from tenbin.scaling.curves import fit_curves

Writer = Callable[..., Any]


def law(n: float) -> float:
    return float(9 * n**-0.07)


@pytest.fixture
def curve(write_table: Writer, tmp_path: Path) -> dict[str, Any]:
    table = write_table({"en": law}, seeds=3)
    fit_curves(table.csv, table.record, "en", table.documents, tmp_path / "en.json")
    return read_json(tmp_path / "en.json")["curves"][0]  # type: ignore[no-any-return]


def test_scripts_add_up_to_the_whole(curve: dict[str, Any]) -> None:
    latin, other = curve["scripts"]
    assert (latin["script"], other["script"]) == ("latin", "other")
    assert (latin["share_of_targets"], other["share_of_targets"]) == (pytest.approx(0.8), pytest.approx(0.2))
    for whole, *parts in zip(curve["points"], latin["sizes"], other["sizes"], strict=True):
        losses = [part["loss_nats_per_token"] for part in parts]
        assert 0.8 * losses[0] + 0.2 * losses[1] == pytest.approx(whole["loss_nats_per_token"])
        assert parts[0]["bits_per_byte"] == pytest.approx(losses[0] / 3 / math.log(2), rel=1e-4)


def test_intervals_are_those_of_the_whole_where_scripts_are_alike(curve: dict[str, Any]) -> None:
    """In this table all documents have the same mixture, so that a script's loss is a multiple of the whole's."""
    latin = curve["scripts"][0]
    for whole, part in zip(curve["points"], latin["sizes"], strict=True):
        assert part["interval"] == pytest.approx([end * 0.9 / 0.8 for end in whole["interval"]])
    fit = curve["fits"]["n_nonembedding"]["forms"]["power_law"]
    assert latin["exponent"]["n_nonembedding"]["value"] == pytest.approx(fit["parameters"]["exponent"])
    assert latin["exponent"]["n_nonembedding"]["interval"] == pytest.approx(fit["intervals"]["exponent"])


def test_without_documents_there_are_no_scripts(write_table: Writer, tmp_path: Path) -> None:
    table = write_table({"en": law})
    fit_curves(table.csv, table.record, "en", [], tmp_path / "en.json")
    assert read_json(tmp_path / "en.json")["curves"][0]["scripts"] == []
