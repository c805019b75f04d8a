"""What tests of prices share: changes of the published study, planned jobs, and the records that a run leaves."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tenbin.files import seal_of, write_json
from tenbin.pricing.counts import results_folder, run_folder
from tenbin.pricing.identities import PlannedJob
from tenbin.specs import write_spec
from tenbin.study.model import Run, Study
from tenbin.study.settings import run_settings
from tenbin.training.generations import Generation, Start, claim_generation, newest_generation
from tenbin.training.markers import marker_copy

Config = dict[str, Any]
MakeStudy = Callable[..., Study]
PINNED: Config = {
    "corpora": {
        "pile": {"file_bytes": 11_160_000_000, "expected_tokens": {"train": 249_000_000_000}},
        "mc4ja": {"file_bytes": 430_000_000, "expected_tokens": {"train": 314_000_000_000, "valid": 314_000_000}},
    },
    "study": {"seeds": [1234]},
    "execution": {
        "stop_margin_s": 900,
        "download_window": 32,
        "discard_documents": True,
        "disk_budget_gb": 4000,
        "budget_gpu_hours": 15_000,
        "segment_steps": {"e3": 100_000, "e4": 100_000, "e5": 100_000, "e6": 100_000, "e7": 50_000, "e8": 50_000},
        "shared": {"segment_steps": {"e3": 15_000, "e4": 15_000, "e5": 15_000, "e6": 12_000}},
        "site": {"gpu": "A100-40GB", "gpu_memory_gb": 40, "charge_per_gpu_hour": 3.0, "charge_unit": "token"},
    },
}
"""What of config/published.yaml a user may well change: numbers in tests must not follow."""
MIX_E3 = Run("pilemc4ja", "e3", "it200k", 1234)
MIX_E8 = Run("pilemc4ja", "e8", "it200k", 1234)
MONO_E3 = Run("pile", "e3", "it100k", 1234)


def merge(base: Config, overlay: Config) -> Config:
    """Merge as Snakemake merges config files."""
    both = {key: merge(base[key], overlay[key]) for key in base.keys() & overlay if isinstance(base[key], dict)}
    return base | overlay | both


def sharing(config: Config) -> None:
    """Train the small sizes on shared GPUs."""
    config["execution"]["share_gpus"] = True


def on_torch(config: Config) -> None:
    """Let the engine `torch` train in fp32 on one CPU process, with segments of a hundred steps at most."""
    config["study"] |= {"engine": "torch", "numerics": "fp32"}
    config["execution"] |= {"placements": {}, "segment_steps": {"e3": 100}, "also_price": [], "shared": {}}
    config["schedules"]["it100k"]["steps"], config["schedules"]["it200k"]["steps"] = 100, 200


def planned(rule: str, run: Run | None = None, **wildcards: str) -> PlannedJob:
    """Return a job of a dry run."""
    of_run = {key: str(value) for key, value in vars(run).items()} if run else {}
    return PlannedJob(rule, of_run | wildcards)


def segments(run: Run, *ends: int) -> list[PlannedJob]:
    """Return planned training jobs of a run."""
    return [planned("train_segment", run, end_step=str(end)) for end in ends]


def lay_out_records(study: Study, run: Run) -> None:
    """Write the records that a run's spec is made from."""
    results, schedule = results_folder(study), study.order_schedule(run.schedule)
    order = results / "orders" / run.mix / schedule / f"seed{run.seed}"
    corpora = study.mixes[run.mix].corpora
    described = {
        corpus: {"weight": weight, "language": "en", "bin_sha256": "1" * 64, "idx_sha256": "2" * 64}
        for corpus, weight in corpora.items()
    }
    tokenizer = {"padded_vocabulary": 50_304, "end_of_text_id": 0, "files": {"tokenizer": {"sha256": "3" * 64}}}
    write_json(results / "mixes" / f"{run.mix}.json", {"corpora": described})
    for corpus in corpora:
        write_json(order / corpus / "index.json", {"corpus": corpus})
    write_json(order / "blend.json", {"blend": 1})
    write_json(results / "init" / run.size / f"seed{run.seed}.json", {"weights": {"sha256": "4" * 64}})
    write_json(results / "tokenizers" / f"{study.study.tokenizer}.json", tokenizer)


def lay_out_spec(study: Study, run: Run) -> str:
    """Write a run's records and its spec, as the rule does; return the fingerprint."""
    lay_out_records(study, run)
    results, order = results_folder(study), results_folder(study) / "orders" / run.mix / run.schedule
    path = run_folder(study, run) / "spec.json"
    write_spec(
        run_settings(study, run),
        path,
        mix=results / "mixes" / f"{run.mix}.json",
        orders={c: order / f"seed{run.seed}" / c / "index.json" for c in study.mixes[run.mix].corpora},
        blend=order / f"seed{run.seed}" / "blend.json",
        init=results / "init" / run.size / f"seed{run.seed}.json",
        tokenizer=results / "tokenizers" / f"{study.study.tokenizer}.json",
    )
    return seal_of(path)


def lay_out_generation(
    study: Study, fingerprint: str, steps: Iterable[int], finished: Iterable[int] = ()
) -> Generation:
    """Make the next generation of a run with checkpoints at some steps and markers of finished segments."""
    folder = Path(study.execution.work) / fingerprint
    generation = claim_generation(folder, newest_generation(folder) + 1, Start())
    assert generation
    for step in steps:
        (generation.folder / f"step{step}").mkdir()
    for end in finished:
        write_json(marker_copy(generation, end), {"generation": generation.number, "steps": end})
    return generation


def lay_out_segment(study: Study, run: Run, end: int, seconds: Iterable[float], **more: object) -> Generation:
    """Write what a finished segment leaves: spec, marker, checkpoint, live history."""
    fingerprint = lay_out_spec(study, run)
    generation = lay_out_generation(study, fingerprint, [end], [end])
    marker = {"fingerprint": fingerprint, "generation": generation.number, "steps": end}
    write_json(run_folder(study, run) / "segments" / f"{end}.json", marker | more)
    lines = [json.dumps({"step": step, "seconds": value}) for step, value in enumerate(seconds, 1)]
    (generation.folder / "history.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return generation


def lay_out_tokens(study: Study, corpus: str, tokens: int, split: str = "train") -> None:
    """Write the record of counted tokens."""
    path = results_folder(study) / "tokens" / study.study.tokenizer / corpus / f"{split}.json"
    write_json(path, {"tokens": tokens, "documents": max(1, tokens // 2000)})
