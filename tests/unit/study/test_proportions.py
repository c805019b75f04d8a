"""Which studies sweep the proportion of two languages."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tenbin.study.comparisons import find_comparisons
from tenbin.study.proportions import sweeps_proportions
from tenbin.study.reading import read_study


def read(repository: Path, *, left_out: int = 0) -> Any:
    config, overlay = (
        yaml.safe_load((repository / name).read_text(encoding="utf-8")) for name in ("config.yaml", "config/ratio.yaml")
    )
    mixes = overlay["study"]["blocks"][0]["mixes"]
    overlay["study"]["blocks"][0]["mixes"] = mixes[left_out:]
    merged = config | {"mixes": config["mixes"] | overlay["mixes"], "study": config["study"] | overlay["study"]}
    return read_study(merged, [])


@pytest.mark.parametrize(("left_out", "sweeps"), [(0, True), (4, True), (5, False)])
def test_five_proportions_are_a_sweep(repository: Path, left_out: int, *, sweeps: bool) -> None:
    assert sweeps_proportions(read(repository, left_out=left_out)) is sweeps


def test_the_overlay_holds_nine_even_steps_of_three_sizes(repository: Path) -> None:
    study = read(repository)
    shares = sorted({study.mixes[run.mix].corpora.get("ja", 0.0) for run in study.runs()})
    assert shares == [i / 8 for i in range(9)]
    assert len(study.runs()) == 9 * 3 * 2


def test_only_the_even_mix_is_compared_in_a_sweep(repository: Path) -> None:
    assert {comparison.mix for comparison in find_comparisons(read(repository))} == {"enja"}


def test_the_embedded_study_sweeps_nothing(repository: Path) -> None:
    config = yaml.safe_load((repository / "config.yaml").read_text(encoding="utf-8"))
    assert not sweeps_proportions(read_study(config, []))
