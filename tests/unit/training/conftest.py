"""Runs on disk, prepared by the stages before training: a tiny invented one and a recorded one of GPT-NeoX."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from recordings import GoldenRun, document_starts, read_golden_run, schedule_of, shape_of
from safetensors.numpy import save_file

from tenbin.files import read_json, seal_of, sha256_file, write_json
from tenbin.initialization import draw_weights
from tenbin.mixing.blend import BlendSettings, blend_corpora
from tenbin.mixing.order import OrderSettings, order_corpus
from tenbin.specs import describe_architecture
from tenbin.study.catalogue import Schedule, Size
from tenbin.tokens.mmap import pair_paths, write_index
from tenbin.tokens.records import TextCounts, record_pair, write_pair_record
from tenbin.training.finish import finish_run
from tenbin.training.segment import SegmentJob, train_segment


@pytest.fixture(scope="session")
def golden(shared_data: Path) -> Path:
    return shared_data / "neox_golden"


@pytest.fixture
def golden_run(golden: Path, name: str) -> GoldenRun:
    return read_golden_run(golden, name)


SIZE = Size(hidden_size=16, num_layers=2, num_heads=2, n_nonembedding=6592)
TINY_VOCABULARY = 128
TINY_SCHEDULE = Schedule(
    steps=12, batch_size=4, sequence_length=16, peak_learning_rate=0.01, final_learning_rate=0.001, warmup_share=0.25
)


@dataclass
class RunFiles:
    """The inputs of a training job on disk, and the jobs that read them."""

    folder: Path
    tokens: dict[str, Path]
    spec: Path
    init: Path
    tokenizer: Path

    @property
    def fingerprint(self) -> str:
        return seal_of(self.spec)

    @property
    def run_folder(self) -> Path:
        return self.folder / "work" / self.fingerprint

    def marker(self, end_step: int) -> Path:
        return self.folder / "segments" / f"{end_step}.json"

    def job(self, end_step: int, **changes: Any) -> SegmentJob:
        job = SegmentJob(
            spec=self.spec,
            tokens=self.tokens,
            orders=self.folder / "orders",
            init=self.init,
            end_step=end_step,
            work=self.folder / "work",
            threads=1,
            previous=None,
            marker=self.marker(end_step),
            checkpoint_interval_s=600.0,
        )
        return replace(job, **changes)

    def finish(self, end_step: int) -> Path:
        done = self.folder / "done.json"
        finish_run(
            spec_path=self.spec,
            marker_path=self.marker(end_step),
            work=self.folder / "work",
            tokenizer=self.tokenizer,
            history=self.folder / "history.jsonl",
            model=self.folder / "model",
            done=done,
        )
        return done

    def respell(self, **changes: Any) -> None:
        """Write the spec anew with other entries: another run."""
        write_json(self.spec, read_json(self.spec) | changes)


MakeRun = Callable[..., RunFiles]


@pytest.fixture
def make_tiny_run() -> MakeRun:
    """Prepare a run of a tiny network on two invented corpora, by the stages before training."""

    def make(folder: Path, steps: int = TINY_SCHEDULE.steps) -> RunFiles:
        generator = np.random.default_rng(7)
        tokens = {name: folder / "tokens" / name for name in ("en", "ja")}
        for prefix in tokens.values():
            sizes = generator.integers(5, 60, 80).astype(np.int32)
            ids = np.minimum(generator.geometric(0.05, sizes.sum()), TINY_VOCABULARY - 1)
            write_pair(prefix, ids.astype(np.uint16), sizes)
        init = folder / "init.safetensors"
        save_file(draw_weights(SIZE, TINY_VOCABULARY, 3), init)
        tokenizer = folder / "tokenizer.json"
        tokenizer.write_text('{"added_tokens": [{"id": 0, "content": "<|endoftext|>", "special": true}]}')
        schedule = TINY_SCHEDULE.model_copy(update={"steps": steps})
        architecture = describe_architecture(SIZE, TINY_VOCABULARY, schedule.sequence_length)
        return prepare_run(
            folder,
            tokens=tokens,
            weights=[0.5, 0.5],
            schedule=schedule,
            architecture=architecture,
            init=init,
            tokenizer=tokenizer,
        )

    return make


@pytest.fixture
def uncut(make_tiny_run: MakeRun, tmp_path: Path) -> RunFiles:
    """Return the tiny run, trained in one piece."""
    run = make_tiny_run(tmp_path / "uncut")
    train_segment(run.job(TINY_SCHEDULE.steps))
    return run


@pytest.fixture
def make_golden_run(golden: Path) -> MakeRun:
    """Prepare A1 or A3 from the recorded tokens and weights, by the stages before training."""

    def make(folder: Path, name: str = "A3") -> RunFiles:
        settings = yaml.safe_load((golden / "runs" / name / "run.yml").read_text())
        step0 = yaml.safe_load((golden / "runs" / "weights.json").read_text())[name]["step0"]
        tokens = {}
        for corpus in ("en", "ja"):
            source = golden / "tokens" / "bpe4096" / f"{corpus}_train_text_document"
            sizes = np.diff(document_starts(source.with_suffix(".idx"))).astype(np.int32)
            tokens[corpus] = folder / "tokens" / corpus
            write_pair(tokens[corpus], np.fromfile(source.with_suffix(".bin"), "<u2"), sizes)
        return prepare_run(
            folder,
            tokens=tokens,
            weights=settings["train_data_weights"],
            schedule=schedule_of(settings),
            architecture=shape_of(settings).model_dump(),
            init=golden / step0,
            tokenizer=golden / "tokenizer.json",
        )

    return make


def write_pair(prefix: Path, ids: np.ndarray, sizes: np.ndarray) -> None:
    bin_path, idx_path = pair_paths(prefix)
    prefix.parent.mkdir(parents=True, exist_ok=True)
    ids.tofile(bin_path)
    write_index(idx_path, np.uint16, [sizes])
    write_pair_record(
        prefix.with_name(prefix.name + ".json"),
        record_pair(bin_path, idx_path),
        counts=TextCounts(tokens=len(ids), documents=len(sizes)),
        dtype=np.uint16,
        tokenizer_sha256="0" * 64,
        documents_records=[],
    )


def prepare_run(
    folder: Path,
    *,
    tokens: dict[str, Path],
    weights: list[float],
    schedule: Schedule,
    architecture: dict[str, int],
    init: Path,
    tokenizer: Path,
) -> RunFiles:
    """Order the corpora, blend them and write the spec."""
    corpora = {}
    for (name, prefix), weight in zip(tokens.items(), weights, strict=True):
        order = folder / "orders" / name
        settings = OrderSettings(
            samples=schedule.samples, weight=weight, sequence_length=schedule.sequence_length, seed=1234
        )
        order_corpus(
            settings,
            prefix.with_name(name + ".json"),
            prefix.with_suffix(".idx"),
            doc_path=order / "doc_idx.npy",
            sample_path=order / "sample_idx.npy",
            shuffle_path=order / "shuffle_idx.npy",
            record_path=order / "index.json",
        )
        bin_path, idx_path = pair_paths(prefix)
        corpora[name] = {
            "weight": weight,
            "language": name,
            "bin_sha256": sha256_file(bin_path),
            "idx_sha256": sha256_file(idx_path),
            "order_sha256": seal_of(order / "index.json"),
        }
    blend = BlendSettings(samples=schedule.samples, weights=dict(zip(tokens, weights, strict=True)))
    orders = {name: folder / "orders" / name / "index.json" for name in tokens}
    blend_corpora(blend, orders, folder / "orders" / "blend.npy", folder / "orders" / "blend.json")
    spec = {
        "recipe": 1,
        "engine": "torch",
        "numerics": "fp32",
        "mix": "enja",
        "size": "tiny",
        "schedule_id": "it12",
        "seed": 1234,
        "architecture": architecture,
        "schedule": schedule.model_dump(),
        "corpora": corpora,
        "blend_sha256": seal_of(folder / "orders" / "blend.json"),
        "init_sha256": sha256_file(init),
        "tokenizer_sha256": sha256_file(tokenizer),
        "end_of_text_id": 0,
    }
    write_json(folder / "spec.json", spec)
    return RunFiles(folder, tokens, folder / "spec.json", init, tokenizer)
