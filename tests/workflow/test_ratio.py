"""The study of the mixing ratio as it is planned; nothing of it runs."""

from pathlib import Path

import pytest
from harness import Workflow

pytestmark = pytest.mark.slow


def test_the_sweep_is_planned_with_its_fits_and_figures(tmp_path: Path, repository: Path) -> None:
    study = Workflow(tmp_path, repository)
    study.overlay = repository / "config" / "ratio.yaml"
    planned = study.plan()
    assert planned["write_mix"] == 9
    assert planned["train_segment"] == 9 * 3 * 2
    assert planned["fit_ratios"] == planned["plot_ratios"] == planned["compare_mixes"] == 1
