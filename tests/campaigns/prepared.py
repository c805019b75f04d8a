"""A study in which everything before training is done, to be trained many times over."""

import shutil
from pathlib import Path
from typing import Any

from harness import Workflow, lay_out
from pjm_runs import CHECKOUT

LOSSES = "results/tiny/losses.csv"
MIXES, SIZES = ("monoen", "both"), ("e3", "e4")
SEGMENT_STEPS = 700
"""A few seconds of training."""


def prepare(folder: Path) -> Workflow:
    """Make the study in a folder and run what comes before training, on this machine."""
    folder.mkdir(parents=True)
    study = lay_out(folder, CHECKOUT)
    study.edit(lengthen)
    runs = [f"{mix}/{size}/long/seed0" for mix in MIXES for size in SIZES]
    study.run(*(f"results/tiny/runs/{run}/spec.json" for run in runs))
    return study


def lengthen(config: dict[str, Any]) -> None:
    """Leave four runs of three segments."""
    config["schedules"] = {"long": config["schedules"]["it12"] | {"steps": 3 * SEGMENT_STEPS}}
    config["study"]["blocks"] = [{"mixes": [*MIXES], "sizes": [*SIZES], "schedule": "long"}]
    segments = dict.fromkeys(SIZES, SEGMENT_STEPS)
    config["execution"] = {"segment_steps": segments, "checkpoint_interval_s": 0.5}


def copy_of(study: Workflow, folder: Path) -> Workflow:
    """Return a copy of a study."""
    shutil.copytree(study.folder, folder, symlinks=True)
    return Workflow(folder, study.checkout)
