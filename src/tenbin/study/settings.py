"""What decides each stage's output, as the JSON that a stage's program takes.

Snakemake compares these strings: a stage is stale when its own settings change and not otherwise.
A schedule's learning rate, for instance, is no part of an order's settings.
"""

from functools import reduce
from operator import add
from typing import Any

from tenbin.files import canonical_json
from tenbin.study.base import Entry
from tenbin.study.comparisons import find_comparisons
from tenbin.study.corpora import PackageCorpus
from tenbin.study.model import Run, Study


def entry_settings(entry: Entry) -> str:
    """Return a catalogue entry as canonical JSON."""
    return _spell(entry.model_dump(mode="json"))


def corpus_settings(study: Study, corpus: str) -> str:
    """Return what decides how documents are extracted: the entry without the names of its source files."""
    entry = study.corpora[corpus]
    settings = entry.model_dump(mode="json")
    if not isinstance(entry, PackageCorpus):
        # Files are named one by one on the command line; another file in the list makes no other shard stale.
        settings |= {"train": ["*"], "valid": ["*"] if settings["valid"] else []}
    return _spell(settings)


def mix_settings(study: Study, mix: str) -> str:
    """Return the weights of a mix."""
    return _spell({"corpora": study.mixes[mix].corpora})


def order_settings(study: Study, mix: str, schedule: str, seed: int, corpus: str) -> str:
    """Return what decides the order of a corpus's samples in a run."""
    plan = study.schedules[schedule]
    weights = study.mixes[mix].corpora
    return _spell(
        {
            "samples": plan.samples,
            # GPT-NeoX divides by the sum; the config's weights may miss 1 by rounding.
            "weight": weights[corpus] / reduce(add, (weights[name] for name in sorted(weights))),
            "sequence_length": plan.sequence_length,
            "seed": seed,
        }
    )


def blend_settings(study: Study, mix: str, schedule: str) -> str:
    """Return what decides which corpus each sample comes from."""
    return _spell({"samples": study.schedules[schedule].samples, "weights": study.mixes[mix].corpora})


def run_settings(study: Study, run: Run) -> str:
    """Return what the config says of a run; `write_spec` adds the identity of the files it reads."""
    schedule = study.schedules[run.schedule].of_size(run.size)
    return _spell(
        {
            "engine": study.study.engine,
            "numerics": study.study.numerics,
            "mix": run.mix,
            "size": run.size,
            "schedule_id": run.schedule,
            "seed": run.seed,
            "shape": study.sizes[run.size].model_dump(mode="json"),
            "schedule": schedule.model_dump(mode="json", exclude_none=True, exclude={"learning_rate_factors"}),
        }
    )


def placement_settings(study: Study, size: str) -> str:
    """Return where, how long and how runs of a size train, as far as it is said; no part of their spec."""
    execution, walltime_h = study.execution, study.execution.walltime_h(size)
    said = {
        "placement": execution.placement(size).model_dump(mode="json", exclude_defaults=True) or None,
        "walltime_s": walltime_h and 3600 * walltime_h,
        "stop_margin_s": execution.stop_margin_s,
        "checkpoint_interval_s": execution.checkpoint_interval_s,
        "lease_s": execution.lease_s,
        "neox_home": study.neox and study.neox.home,
    }
    # It stands in every job's print.
    return _spell({key: value for key, value in said.items() if value is not None})


def comparison_settings(study: Study) -> str:
    """Return the pairs of curves, one language alone against a mix, that the study can compare."""
    return _spell([comparison.model_dump(mode="json") for comparison in find_comparisons(study)])


def _spell(value: Any) -> str:
    return canonical_json(value).decode()
