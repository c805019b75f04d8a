"""Recorded runs of GPT-NeoX, prepared anew on disk by this project's own stages, for either engine."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from harness import skip_or_fail
from recordings import document_starts, schedule_of, shape_of
from safetensors.numpy import save_file

from tenbin.files import read_json, sha256_file, write_json
from tenbin.initialization import draw_weights
from tenbin.mixing.blend import BlendSettings, blend_corpora
from tenbin.mixing.mixes import write_mix
from tenbin.mixing.order import OrderSettings, order_corpus
from tenbin.neox.links import link_neox_data
from tenbin.specs import describe_architecture, write_spec
from tenbin.study.catalogue import Mix, Schedule, Size
from tenbin.study.execution import Placement
from tenbin.tokens.mmap import pair_paths, write_index
from tenbin.tokens.records import TextCounts, record_pair, write_pair_record
from tenbin.training.history import assemble_history
from tenbin.training.segment import SegmentJob, train_segment
from tenbin.training.spec import RunSpec, read_spec

MICRO_BATCH = 4


@dataclass(frozen=True)
class NeoxRun:
    """The inputs of a run on disk."""

    folder: Path
    tokens: dict[str, Path]
    init: Path
    tokenizer: Path
    home: Path | None

    @property
    def spec(self) -> RunSpec:
        return read_spec(self.folder / "spec.json")[0]

    @property
    def run_folder(self) -> Path:
        return self.folder / "work" / read_spec(self.folder / "spec.json")[1]

    @property
    def data(self) -> Path:
        return self.folder / "neox" / "data"

    def job(self, end_step: int, **changes: Any) -> SegmentJob:
        job = SegmentJob(
            spec=self.folder / "spec.json",
            tokens=self.tokens,
            orders=self.folder / "orders",
            init=self.init,
            end_step=end_step,
            work=self.folder / "work",
            threads=1,
            previous=None,
            marker=self.folder / "segments" / f"{end_step}.json",
            checkpoint_interval_s=600.0,
            placement=Placement(micro_batch=MICRO_BATCH),
            neox_home=self.home,
            neox_data=self.data,
            tokenizer=self.tokenizer,
        )
        return replace(job, **changes)

    def train(self, end_step: int, **changes: Any) -> list[dict[str, Any]]:
        """Train through the program's own entry and return the history up to the step."""
        train_segment(self.job(end_step, **changes))
        return self.history(end_step)

    def branch(self, branch_step: int, **schedule: Any) -> "NeoxRun":
        """Return a decay branch of this run, which follows it up to a step and lies in the same work folder."""
        folder = self.folder / "branch"
        spec = read_json(self.folder / "spec.json")
        leaving = {"branch_of": "trunk", "branch_step": branch_step} | schedule
        trunk = {"fingerprint": self.run_folder.name, "step": branch_step}
        write_json(folder / "spec.json", spec | {"trunk": trunk, "schedule": spec["schedule"] | leaving})
        for shared in ("orders", "neox", "work"):
            (folder / shared).symlink_to(self.folder / shared)
        return replace(self, folder=folder)

    def history(self, steps: int) -> list[dict[str, Any]]:
        newest = max(int(path.name) for path in self.run_folder.glob("[0-9]*"))
        return assemble_history(self.run_folder, newest, steps)


MakeRun = Callable[..., NeoxRun]


@pytest.fixture(scope="session")
def golden(shared_data: Path) -> Path:
    return shared_data / "neox_golden"


@pytest.fixture(scope="session")
def neox_home() -> Path:
    home = os.environ.get("TENBIN_NEOX_HOME")
    if not home:
        skip_or_fail("neox", "$TENBIN_NEOX_HOME names no checkout of GPT-NeoX: the engine neox was not run")
    return Path(home)


@pytest.fixture(scope="session")
def make_run(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeRun:
    """Prepare a recorded run: its tokens, weights and settings, for the engine `neox` unless told otherwise."""

    def make(name: str, home: Path | None = None, schedule: dict[str, Any] | None = None, **chosen: Any) -> NeoxRun:
        folder = tmp_path_factory.mktemp(name)
        settings = yaml.safe_load((golden / "runs" / name / "run.yml").read_text())
        weights = json.loads((golden / "runs" / "weights.json").read_text())[name]
        tokens = link_tokens(golden, settings["train_data_paths"], folder / "tokens")
        changed = schedule_of(settings).model_dump() | (schedule or {})
        total = sum(settings["train_data_weights"])
        shares = [weight / total for weight in settings["train_data_weights"]]
        mix = Mix(corpora=dict(zip(tokens, shares, strict=True)))
        run = NeoxRun(folder, tokens, golden / weights["step0"], golden / "tokenizer.json", home)
        prepare(run, mix, Schedule(**changed), shape_of(settings).model_dump(), chosen)
        return run

    return make


SIZE = Size(hidden_size=16, num_layers=2, num_heads=2, n_nonembedding=6592)
TINY_VOCABULARY = 128
TINY_SCHEDULE = Schedule(
    steps=1000, batch_size=4, sequence_length=16, peak_learning_rate=0.01, final_learning_rate=0.001, warmup_share=0.25
)


@pytest.fixture
def tiny_run(tmp_path: Path) -> NeoxRun:
    """Prepare a run of a tiny network on two invented corpora."""
    return make_tiny_run(tmp_path, {"en": 0.5, "ja": 0.5})


def make_tiny_run(folder: Path, weights: dict[str, float]) -> NeoxRun:
    generator = np.random.default_rng(7)
    tokens = {name: folder / "tokens" / name for name in weights}
    for prefix in tokens.values():
        sizes = generator.integers(5, 60, 80).astype(np.int32)
        prefix.parent.mkdir(parents=True, exist_ok=True)
        generator.integers(1, TINY_VOCABULARY, sizes.sum(), dtype=np.uint16).tofile(pair_paths(prefix)[0])
        write_index(pair_paths(prefix)[1], np.uint16, [sizes])
        record_tokens(prefix, "0" * 64)
    save_file(draw_weights(SIZE, TINY_VOCABULARY, 3), folder / "init.safetensors")
    (folder / "given.json").write_text('{"added_tokens": [{"id": 0, "content": "<|endoftext|>", "special": true}]}')
    run = NeoxRun(folder, tokens, folder / "init.safetensors", folder / "given.json", None)
    shape = describe_architecture(SIZE, TINY_VOCABULARY, TINY_SCHEDULE.sequence_length)
    prepare(run, Mix(corpora=weights), TINY_SCHEDULE, shape, {})
    return run


def record_tokens(prefix: Path, tokenizer_sha256: str) -> None:
    sizes = np.diff(document_starts(pair_paths(prefix)[1]))
    write_pair_record(
        prefix.with_name(f"{prefix.name}.json"),
        record_pair(*pair_paths(prefix)),
        counts=TextCounts(tokens=int(sizes.sum()), documents=len(sizes)),
        dtype=np.uint16,
        tokenizer_sha256=tokenizer_sha256,
        documents_records=[],
    )


def link_tokens(golden: Path, paths: list[str], folder: Path) -> dict[str, Path]:
    """Link recorded tokens under corpus ids that sort as the recorded run lists them, with records."""
    tokens = {}
    for path in paths:
        source = golden / path
        language = source.name.partition("_")[0]
        prefix = tokens[language] = folder / language
        folder.mkdir(exist_ok=True)
        for target, link in zip(pair_paths(source), pair_paths(prefix), strict=True):
            link.symlink_to(target)
        record_tokens(prefix, sha256_file(golden / "tokenizer.json"))
    return tokens


def prepare(run: NeoxRun, mix: Mix, schedule: Schedule, shape: dict[str, int], chosen: dict[str, Any]) -> None:
    """Order, blend and link the corpora and write the spec, as the rules before training do."""
    orders, folder, seed = run.folder / "orders", run.folder, chosen.get("seed", 1234)
    for corpus, weight in mix.corpora.items():
        record = run.tokens[corpus].with_name(f"{corpus}.json")
        place = orders / corpus
        order_corpus(
            OrderSettings(samples=schedule.samples, weight=weight, sequence_length=schedule.sequence_length, seed=seed),
            record,
            pair_paths(run.tokens[corpus])[1],
            doc_path=place / "doc_idx.npy",
            sample_path=place / "sample_idx.npy",
            shuffle_path=place / "shuffle_idx.npy",
            record_path=place / "index.json",
        )
    indices = {corpus: orders / corpus / "index.json" for corpus in mix.corpora}
    blend_settings = BlendSettings(samples=schedule.samples, weights=mix.corpora)
    blend_corpora(blend_settings, indices, orders / "blend.npy", orders / "blend.json")
    records = {corpus: prefix.with_name(f"{corpus}.json") for corpus, prefix in run.tokens.items()}
    write_mix(mix, {corpus: corpus[:2] for corpus in mix.corpora}, records, folder / "mix.json")
    write_json(folder / "init.json", {"weights": {"sha256": sha256_file(run.init)}})
    write_json(
        folder / "tokenizer.json",
        {
            "padded_vocabulary": shape["vocabulary"],
            "files": {"tokenizer": {"sha256": sha256_file(run.tokenizer)}},
            "end_of_text_id": 0,
        },
    )
    named = ("hidden_size", "num_layers", "num_heads", "n_nonembedding")
    settings = {
        "engine": "neox",
        "numerics": "fp32",
        "mix": "enja",
        "size": "tiny",
        "schedule_id": "it60",
        "seed": seed,
        "shape": {key: shape[key] for key in named},
        "schedule": schedule.model_dump(mode="json", exclude_none=True),
    }
    write_spec(
        json.dumps(settings | chosen),
        folder / "spec.json",
        mix=folder / "mix.json",
        orders=indices,
        blend=orders / "blend.json",
        init=folder / "init.json",
        tokenizer=folder / "tokenizer.json",
    )
    link_neox_data(run.tokens, orders, schedule.batch_size, run.data, folder / "neox" / "data.json")
