"""One run on one validation set: scored, summed, and written with what a scaling law needs to know.

nats per token count every target, end tokens included. Bits per byte and bits per character divide
the same sum by the bytes and characters of the original text, in which end tokens have none, so that
languages and tokenizers can be compared.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from tenbin.errors import UserError
from tenbin.evaluation.documents import sum_by_document, tabulate_documents, write_documents
from tenbin.evaluation.scoring import load_model, score_tokens, scoring_device
from tenbin.files import read_json, record_file, verify_file, write_json
from tenbin.flops import training_flops_per_token
from tenbin.recipes import LOSSES
from tenbin.study.catalogue import Valid
from tenbin.tokens.decoding import token_bytes
from tenbin.tokens.mmap import TokenPair, open_pair
from tenbin.tokens.records import PairRecord, TextCounts, read_pair_record
from tenbin.tokens.tokenizer import read_tokenizer
from tenbin.training.export import WEIGHTS_FILE
from tenbin.training.spec import RunSpec, read_spec


@dataclass(frozen=True)
class RunFiles:
    """A finished run: its spec, its closing record and the folder of its model."""

    spec: Path
    done: Path
    model: Path


@dataclass(frozen=True)
class ValidFiles:
    """A validation set: its tokens (a prefix, its record beside it) and the tokenizer that made them."""

    tokens: Path
    tokenizer: Path
    tokenizer_record: Path


def score_run(
    run: RunFiles, valid_id: str, valid: Valid, files: ValidFiles, *, threads: int, losses: Path, documents: Path
) -> None:
    """Score a run's model on a validation set; write its row of losses and the table of documents.

    Raises UserError if a file is damaged, of another run or of another tokenizer.
    """
    spec, done = _read_run(run)
    pair, record = _read_valid(files, spec)
    torch.set_num_threads(threads)
    model = load_model(spec.architecture, run.model / WEIGHTS_FILE, scoring_device())
    nats = score_tokens(model, pair.tokens, spec.architecture.sequence_length)
    if not np.isfinite(nats).all():
        raise UserError(
            f"{run.model}: its losses on {valid_id} are not finite numbers; the run diverged, lower its rate"
        )
    table = tabulate_documents(pair.tokens, pair.index.sizes, nats, token_bytes(files.tokenizer))
    write_documents(documents, table)
    row = describe_run(spec, done) | {"valid": valid_id, "lang": valid.language, "in_domain": valid.in_domain}
    row |= measure_loss(table, record.counts())
    write_json(losses, {"recipe": LOSSES, **row, "files": {"documents": record_file(documents)}})


def describe_run(spec: RunSpec, done: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of losses.csv that tell a run, whatever it is measured on."""
    shape = spec.architecture
    flops_per_token = training_flops_per_token(
        hidden_size=shape.hidden_size,
        num_layers=shape.num_layers,
        padded_vocabulary=shape.vocabulary,
        sequence_length=shape.sequence_length,
    )
    return {
        "mix": spec.mix,
        "size": spec.size,
        "schedule": spec.schedule_id,
        "seed": spec.seed,
        "engine": spec.engine,
        "vocab": shape.vocabulary,
        "seq_len": shape.sequence_length,
        "lr": spec.schedule.peak_learning_rate,
        "n_nonembedding": shape.n_nonembedding,
        "n_total": shape.n_total,
        "steps": done["steps"],
        "tokens": done["tokens"],
        "tokens_per_corpus": done["tokens_per_corpus"],
        "flops": flops_per_token * done["tokens"],
        "fingerprint": done["fingerprint"],
    }


def measure_loss(table: pa.Table, text: TextCounts) -> dict[str, Any]:
    """Return the columns of losses.csv that hold losses and what they were measured on.

    table: rows by document and script; text: counts of the original text.
    """
    totals = sum_by_document(table)
    nats, num_targets = totals.nats.sum(), totals.targets.sum()
    bits = nats / math.log(2)
    return {
        "loss_nats_per_token": float(nats / num_targets),
        "loss_stderr": clustered_standard_error(totals.nats, totals.targets),
        "bits_per_byte": float(bits / text.text_bytes),
        "bits_per_char": float(bits / text.characters),
        "eval_tokens": int(num_targets),
        "eval_documents": len(totals.targets),
        "eval_bytes": text.text_bytes,
        "eval_chars": text.characters,
    }


def clustered_standard_error(nats: NDArray[np.float64], targets: NDArray[np.float64]) -> float | None:
    """Return the standard error (nats/token) of sum nats / sum targets over documents; None for a single one.

    Tokens of a document are alike, so documents are the units: the ratio estimator's
    sqrt(D / (D - 1) sum_d (nats_d - L n_d)^2) / sum n (Cochran 1977, section 2.11).
    """
    num_documents = len(nats)
    if num_documents < 2:
        return None
    residuals = nats - nats.sum() / targets.sum() * targets
    return float(math.sqrt(num_documents / (num_documents - 1) * (residuals**2).sum()) / targets.sum())


def _read_run(run: RunFiles) -> tuple[RunSpec, dict[str, Any]]:
    spec, fingerprint = read_spec(run.spec)
    done = read_json(run.done)
    if done["fingerprint"] != fingerprint:
        raise UserError(
            f"{run.done} closes another run than {run.spec} describes; delete the run's folder and run again"
        )
    verify_file(run.model / WEIGHTS_FILE, done["files"][f"model/{WEIGHTS_FILE}"])
    return spec, done


def _read_valid(files: ValidFiles, spec: RunSpec) -> tuple[TokenPair, PairRecord]:
    record = read_pair_record(files.tokens)
    verify_file(record.bin_path, record.content["files"]["bin"])
    tokenizer = read_tokenizer(files.tokenizer, files.tokenizer_record)
    used = {f"{files.tokens}": record.content["tokenizer_sha256"], "the run": spec.tokenizer_sha256}
    for user, sha256 in used.items():
        if sha256 != tokenizer.sha256:
            raise UserError(f"{user} was made with another tokenizer than {files.tokenizer}; give both the same one")
    pair = open_pair(record.bin_path, record.idx_path)
    _check_tokens(pair, files.tokens, tokenizer.end_of_text_id, spec.architecture.vocabulary)
    return pair, record


def _check_tokens(pair: TokenPair, prefix: Path, end_of_text_id: int, vocabulary: int) -> None:
    if len(pair.tokens) < 2:
        raise UserError(f"{prefix} has {len(pair.tokens)} tokens; a validation set needs at least 2")
    if int(pair.tokens.max()) >= vocabulary:
        raise UserError(f"{prefix} has id {int(pair.tokens.max())}; the model's vocabulary has {vocabulary} entries")
    ends = pair.tokens[np.cumsum(pair.index.sizes, dtype=np.int64) - 1]
    if (ends != end_of_text_id).any():
        number = int(np.flatnonzero(ends != end_of_text_id)[0])
        raise UserError(f"{prefix}: document {number} does not end with <|endoftext|>; tokenize with --append-eod")
