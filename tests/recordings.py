"""Recorded GPT-NeoX runs as the engine takes them: settings from run.yml, samples from order.csv and the .bin files."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from safetensors.numpy import load_file

from tenbin.study.catalogue import Optimizer, Schedule, Size
from tenbin.training.network import NetworkInTraining
from tenbin.training.spec import NetworkShape

VOCABULARY = 4096


@dataclass(frozen=True)
class GoldenRun:
    """A recorded run: what went in and what came out."""

    folder: Path
    shape: NetworkShape
    schedule: Schedule
    micro_batch: int
    steps: list[dict[str, float]]
    batches: list[torch.Tensor]
    step0: Path
    final: Path | None

    def network(self, numerics: str = "fp32") -> NetworkInTraining:
        network = NetworkInTraining(self.shape, self.schedule, self.micro_batch, numerics)
        network.load_weights(load_file(self.step0))
        return network


def read_golden_run(golden: Path, name: str) -> GoldenRun:
    folder = golden / "runs" / name
    settings = yaml.safe_load((folder / "run.yml").read_text())
    weights = yaml.safe_load((golden / "runs" / "weights.json").read_text())[name]
    with (folder / "steps.csv").open() as stream:
        steps = [{k: float(v) for k, v in row.items() if "hex" not in k} for row in csv.DictReader(stream)]
    return GoldenRun(
        folder=folder,
        shape=shape_of(settings),
        schedule=schedule_of(settings),
        micro_batch=settings["train_micro_batch_size_per_gpu"],
        steps=steps,
        batches=read_batches(golden, folder, settings),
        step0=golden / weights["step0"],
        final=golden / weights["final"] if weights["final"] else None,
    )


def shape_of(settings: dict[str, Any]) -> NetworkShape:
    d, layers, heads = settings["hidden_size"], settings["num_layers"], settings["num_attention_heads"]
    n = layers * (12 * d * d + 13 * d) + 2 * d
    size = Size(hidden_size=d, num_layers=layers, num_heads=heads, n_nonembedding=n)
    return NetworkShape(
        hidden_size=d,
        num_layers=layers,
        num_heads=heads,
        rotary_width=size.rotary_width(),
        vocabulary=VOCABULARY,
        sequence_length=settings["seq_length"],
        n_nonembedding=n,
        n_total=size.count_total(VOCABULARY),
    )


def schedule_of(settings: dict[str, Any]) -> Schedule:
    adam = settings["optimizer"]["params"]
    optimizer = Optimizer(
        beta1=adam["betas"][0],
        beta2=adam["betas"][1],
        epsilon=adam["eps"],
        weight_decay=settings["weight_decay"],
        gradient_clipping=settings["gradient_clipping"],
    )
    return Schedule(
        steps=settings["train_iters"],
        batch_size=settings["train_batch_size"],
        sequence_length=settings["seq_length"],
        peak_learning_rate=adam["lr"],
        final_learning_rate=settings["min_lr"],
        warmup_share=settings["warmup"],
        optimizer=optimizer,
    )


def read_batches(golden: Path, folder: Path, settings: dict[str, Any]) -> list[torch.Tensor]:
    """Return [batch, sequence + 1] token ids of every iteration, as order.csv says they were read."""
    prefixes = [golden / "tokens" / "bpe4096" / Path(path).name for path in settings["train_data_paths"]]
    streams = [np.fromfile(prefix.with_suffix(".bin"), "<u2") for prefix in prefixes]
    starts = [document_starts(prefix.with_suffix(".idx")) for prefix in prefixes]
    orders = [document_order(folder, prefix.name) for prefix in prefixes]
    with (folder / "order.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["set"] == "train"]
    length, batch = settings["seq_length"] + 1, settings["train_batch_size"]
    samples = []
    for row in rows:
        corpus = int(row["corpus"])
        samples.append(read_sample(streams[corpus], starts[corpus], orders[corpus], row, length))
    grouped = np.stack(samples).astype(np.int64).reshape(-1, batch, length)
    return [torch.from_numpy(group) for group in grouped]


def document_starts(idx: Path) -> np.ndarray:
    content = idx.read_bytes()
    count = int.from_bytes(content[18:26], "little")
    sizes = np.frombuffer(content, "<i4", count, 34)
    return np.concatenate([[0], np.cumsum(sizes)])


def document_order(folder: Path, prefix: str) -> np.ndarray:
    (path,) = (folder / "index_maps").glob(f"{prefix}_train_*_doc_idx.npy")
    return np.load(path, allow_pickle=False)


def read_sample(
    stream: np.ndarray, starts: np.ndarray, order: np.ndarray, row: dict[str, str], length: int
) -> np.ndarray:
    position, offset = int(row["doc_idx_position"]), int(row["offset"])
    assert order[position] == int(row["document"])
    pieces, missing = [], length
    while missing:
        document = order[position]
        piece = stream[starts[document] + offset : starts[document + 1]][:missing]
        pieces.append(piece)
        missing -= len(piece)
        position, offset = position + 1, 0
    return np.concatenate(pieces)
