"""A finished run and a validation set as the stages before scoring leave them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tenbin.evaluation.losses import RunFiles, ValidFiles
from tenbin.files import record_file, seal_of, sha256_file, write_json
from tenbin.specs import describe_architecture
from tenbin.study.catalogue import Schedule, Size
from tenbin.tokens.mmap import write_index
from tenbin.training.network import build_model
from tenbin.training.spec import NetworkShape

SIZE = Size(hidden_size=16, num_layers=1, num_heads=2, n_nonembedding=3312)
VOCABULARY = 128
SCHEDULE = Schedule(
    steps=10, batch_size=2, sequence_length=8, peak_learning_rate=0.01, final_learning_rate=0.001, warmup_share=0.1
)
CHARACTERS = "abcdefghijklmnopqrstuvwxyz "


@dataclass
class FinishedRun:
    """Files of a run and of a validation set, and where scoring writes."""

    run: RunFiles
    valid: ValidFiles
    stream: np.ndarray[Any, np.dtype[np.uint16]]
    losses: Path
    documents: Path


def write_tokenizer(folder: Path) -> tuple[Path, Path]:
    """Write a tokenizer of single letters; id 0 is <|endoftext|>, blanks are written as GPT-2 does."""
    vocabulary = {"<|endoftext|>": 0} | {c.replace(" ", "Ġ"): i + 1 for i, c in enumerate(CHARACTERS)}
    path, record = folder / "tokenizer.json", folder / "tokenizer.record.json"
    added = '[{"id":0,"content":"<|endoftext|>","special":true}]'
    spelled = ",".join(f'"{c}":{i}' for c, i in vocabulary.items())
    path.write_text('{"added_tokens":' + added + ',"model":{"type":"BPE","vocab":{' + spelled + "}}}", encoding="utf-8")
    entries = {"vocabulary": len(vocabulary), "padded_vocabulary": VOCABULARY, "end_of_text_id": 0}
    write_json(record, {**entries, "files": {"tokenizer": record_file(path)}})
    return path, record


def write_valid(folder: Path, texts: list[str]) -> tuple[ValidFiles, np.ndarray[Any, np.dtype[np.uint16]]]:
    """Write texts as tokens with their record."""
    tokenizer, tokenizer_record = write_tokenizer(folder)
    documents = [[CHARACTERS.index(c) + 1 for c in text] + [0] for text in texts]
    stream = np.concatenate(documents).astype("<u2")
    bin_path, idx_path, record = (folder / f"valid.{end}" for end in ("bin", "idx", "json"))
    bin_path.write_bytes(stream.tobytes())
    write_index(idx_path, "<u2", [np.array([len(d) for d in documents], np.int32)])
    size = sum(len(text) for text in texts)
    counts = {"tokens": len(stream), "documents": len(texts), "empty_documents": 0}
    counts |= {"text_bytes": size, "characters": size}
    files = {"bin": record_file(bin_path), "idx": record_file(idx_path)}
    write_json(record, {"recipe": 1, **counts, "tokenizer_sha256": sha256_file(tokenizer), "files": files})
    return ValidFiles(folder / "valid", tokenizer, tokenizer_record), stream


def write_run(folder: Path, tokenizer_sha256: str, seed: int = 0) -> RunFiles:
    """Write a run of random weights."""
    shape = describe_architecture(SIZE, VOCABULARY, SCHEDULE.sequence_length)
    corpus = dict.fromkeys(("bin_sha256", "idx_sha256", "order_sha256"), "0" * 64)
    run = RunFiles(folder / "spec.json", folder / "done.json", folder / "model")
    content = {
        "recipe": 1, "engine": "torch", "numerics": "fp32", "mix": "enja", "size": "e3", "schedule_id": "s10",
        "seed": seed, "architecture": shape, "schedule": SCHEDULE.model_dump(mode="json"),
        "corpora": {"english": {"weight": 1.0, "language": "en", **corpus}}, "blend_sha256": "0" * 64,
        "init_sha256": "0" * 64, "tokenizer_sha256": tokenizer_sha256, "end_of_text_id": 0,
    }  # fmt: skip
    write_json(run.spec, content)
    weights = run.model / "model.safetensors"
    weights.parent.mkdir()
    save_file(random_weights(NetworkShape(**shape), seed), weights)
    done = {"steps": 10, "tokens": 160, "tokens_per_corpus": {"english": 160}, "fingerprint": seal_of(run.spec)}
    write_json(run.done, {**done, "files": {"model/model.safetensors": record_file(weights)}})
    return run


def random_weights(shape: NetworkShape, seed: int) -> dict[str, torch.Tensor]:
    """Return weights large enough that losses differ by token."""
    generator = np.random.RandomState(seed)  # the same numbers in every version and on every machine
    state = build_model(shape).state_dict()
    drawn = {name: generator.standard_normal(tuple(value.shape)) * 0.3 for name, value in state.items()}
    return {name: torch.from_numpy(array.astype(np.float32)) for name, array in drawn.items()}


@pytest.fixture
def finished_run(tmp_path: Path) -> FinishedRun:
    """Return a run and a validation set of four documents."""
    valid, stream = write_valid(tmp_path, ["the cat sat", "a", "on the mat and slept", "dogs"])
    run = write_run(tmp_path, sha256_file(valid.tokenizer))
    return FinishedRun(run, valid, stream, tmp_path / "en.json", tmp_path / "en.documents.parquet")
