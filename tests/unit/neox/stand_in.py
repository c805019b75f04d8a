"""Stands for GPT-NeoX in tests that need no checkout: it takes the same settings and leaves the same files.

What it does besides training to the end is asked of it by $STAND_IN.
"""

import math
import os
import sys
import time
from pathlib import Path

import torch
import yaml

from tenbin.neox.log import StateSaved, StepDone, spell_event
from tenbin.neox.settings import read_settings

SLOW_S = 0.02


def main() -> None:
    settings, asked = read_settings(Path(sys.argv[1])), os.environ.get("STAND_IN", "")
    config = yaml.safe_load(Path(settings.config).read_text())
    load = Path(config["load"])
    state = torch.load(load / (load / "latest").read_text() / "mp_rank_00_model_states.pt")
    step, saved = state["iteration"], time.monotonic()
    assert config["finetune"] is (step == 0)
    while step < settings.end_step and not Path(settings.stop_file).exists():
        time.sleep(SLOW_S)
        step += 1
        obey(asked, step)
        say(StepDone(step, math.nan if asked == f"diverge {step}" else 1 / step, 0.5, 0.25, 0.125))
        if time.monotonic() - saved >= settings.checkpoint_interval_s:
            save(config, state, step)
            saved = time.monotonic()
    save(config, state, step)


def obey(asked: str, step: int) -> None:
    if asked == f"leave {step}":
        sys.exit(0)
    if asked == f"die {step}":
        raise RuntimeError("the fabric tore")


def save(config: dict[str, str], state: dict[str, object], step: int) -> None:
    folder = Path(config["save"]) / f"global_step{step}"
    folder.mkdir(parents=True)
    torch.save(state | {"iteration": step}, folder / "mp_rank_00_model_states.pt")
    (folder / "zero_pp_rank_0_mp_rank_00_optim_states.pt").write_bytes(b"moments")
    say(StateSaved(step))


def say(event: StepDone | StateSaved) -> None:
    sys.stdout.write(spell_event(event))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
