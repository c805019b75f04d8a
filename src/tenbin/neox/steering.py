"""What every rank does around GPT-NeoX's own steps, from outside its files.

Each hook replaces one function that `megatron.training` calls by name. After each step all ranks agree, by what rank 0
says, whether to save or to save and leave; GPT-NeoX's own `extra_save_iters` and `exit_interval` then do it. Rank 0
writes a line for the step and one for each checkpoint that all ranks have written.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from tenbin.errors import UserError
from tenbin.neox.log import Event, StateSaved, StepDone, spell_event
from tenbin.neox.settings import RankSettings

SAVE, LEAVE = 1, 2
DIVERGED = 3
"""Exit status of ranks whose loss or gradient is not finite any more."""


def steer(training: ModuleType, settings: RankSettings) -> None:
    """Put the hooks in place."""
    hooks: Any = training
    hooks.train_step = Steering(settings, hooks.train_step)
    hooks.save_checkpoint = partial(_save, hooks.save_checkpoint)
    hooks.shift_and_wrap_data_loaders = partial(_wrap_loaders, hooks.shift_and_wrap_data_loaders, settings)
    hooks.setup_model_and_optimizer = partial(_set_up, hooks.setup_model_and_optimizer, settings)


class Steering:
    """GPT-NeoX's `train_step`, with an agreement and a line of the log after it."""

    def __init__(self, settings: RankSettings, train_step: Callable[..., Any]) -> None:
        self._settings, self._train_step = settings, train_step
        self._saved = time.monotonic()

    def __call__(self, *, neox_args: Any, model: Any, optimizer: Any, **others: Any) -> Any:
        """Take a step; exit if it diverged, before anything is saved."""
        started, rate = time.perf_counter(), optimizer.param_groups[0]["lr"]
        scale = float(optimizer.cur_scale) if neox_args.precision == "fp16" else None
        metrics, skipped = self._train_step(neox_args=neox_args, model=model, optimizer=optimizer, **others)
        norm = None if skipped else float(model.get_global_grad_norm())
        step = neox_args.iteration + 1
        wish = self._agree(step, neox_args.train_iters, model.device)
        done = StepDone(step, float(metrics["lm_loss"]), norm, rate, time.perf_counter() - started, scale)
        say(done)
        if not done.is_finite:
            sys.exit(DIVERGED)
        if wish & SAVE:
            neox_args.extra_save_iters = [step]
        if wish & LEAVE:
            neox_args.exit_interval = step
        return metrics, skipped

    def _agree(self, step: int, last: int, device: torch.device) -> int:
        """Return what rank 0 wishes, on every rank."""
        wish = torch.zeros(1, dtype=torch.int32, device=device)
        if torch.distributed.get_rank() == 0:
            wish += self._wish(step, last)
        torch.distributed.broadcast(wish, 0)
        return int(wish)

    def _wish(self, step: int, last: int) -> int:
        if step == last:
            return 0  # GPT-NeoX saves and ends by itself
        if step == self._settings.end_step or Path(self._settings.stop_file).exists():
            return SAVE | LEAVE
        if time.monotonic() - self._saved < self._settings.checkpoint_interval_s:
            return 0
        self._saved = time.monotonic()
        return SAVE


def say(event: Event) -> None:
    """Write an event into the log, on rank 0, in one piece."""
    if torch.distributed.get_rank() == 0:
        sys.stdout.write(spell_event(event))
        sys.stdout.flush()


def _save(save_checkpoint: Callable[..., None], *, iteration: int, **others: Any) -> None:
    """Save and say so: GPT-NeoX returns after all ranks have written their part."""
    save_checkpoint(iteration=iteration, **others)
    say(StateSaved(iteration))


def _wrap_loaders(wrap: Callable[..., Any], settings: RankSettings, *, neox_args: Any, data_loaders: Any) -> Any:
    """Take each batch once, and no other order than ours.

    GPT-NeoX would cycle over its loader with itertools.cycle, which keeps a copy of every batch that it ever read:
    hundreds of GB in a run of 100,000 steps.
    """
    order = np.load(settings.blend, mmap_mode="r")
    found = data_loaders["train"].dataset.dataset_index[: len(order)]
    if not np.array_equal(found, order):
        raise UserError(
            f"GPT-NeoX blends the corpora in another order than {settings.blend}; this is a defect: report it"
        )
    return wrap(neox_args=neox_args, data_loaders=data_loaders, loop=False)


def _set_up(set_up: Callable[..., Any], settings: RankSettings, **arguments: Any) -> Any:
    """Give a fresh run of 16 bits master copies that are not rounded to 16 bits."""
    built = set_up(**arguments)
    if settings.master_weights and arguments["neox_args"].iteration == 0:
        from tenbin.neox.masters import set_master_weights  # noqa: PLC0415  # it needs DeepSpeed

        set_master_weights(built[0], Path(settings.master_weights), arguments["neox_args"].num_layers)
    return built
