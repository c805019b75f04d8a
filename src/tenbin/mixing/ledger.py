"""Which corpus, sample, documents and token ranges a training step saw, to the token."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TextIO

from tenbin.errors import UserError
from tenbin.mixing.samples import BlendedSamples, CorpusSamples
from tenbin.tokens.decoding import token_bytes


@dataclass(frozen=True)
class LedgerLine:
    """One range of one document that a step read. All numbers but the step count from 0."""

    step: int
    """Optimiser step, from 1, as in history.jsonl."""
    position: int
    """Position of the sample in the blended order."""
    corpus: str
    """Corpus that it comes from."""
    k: int
    """It is the k-th sample taken from that corpus."""
    sample: int
    """Its number in the corpus's stream."""
    document: int
    """Document of the range."""
    first_token: int
    """First token of the range, from the start of the document."""
    tokens: int
    """Tokens of the range; a sample's ranges sum to sequence_length + 1."""


def read_ledger(samples: BlendedSamples, step: int) -> Iterator[tuple[LedgerLine, CorpusSamples]]:
    """Yield the ranges that a step (from 1) read, in the order they were read, with the corpus's reader.

    Raises UserError if the run has no such step.
    """
    if not 1 <= step <= samples.steps:
        raise UserError(f"step {step}: the order holds steps 1 to {samples.steps}")
    for place in samples.places(step - 1):
        corpus = samples.corpus_samples(place.corpus)
        pieces = corpus.pieces(place.k)
        name = samples.corpora[place.corpus]
        ranges = zip(pieces.documents.tolist(), pieces.first.tolist(), pieces.lengths.tolist(), strict=True)
        for document, first, length in ranges:
            line = LedgerLine(step, place.position, name, place.k, pieces.sample, document, first, length)
            yield line, corpus


def print_ledger(samples: BlendedSamples, step: int, tokenizer_json: Path | None, out: TextIO) -> None:
    """Print what a step (from 1) read as tab-separated lines; with a tokenizer, the text too (JSON string)."""
    pieces = token_bytes(tokenizer_json) if tokenizer_json else None
    lines = list(read_ledger(samples, step))
    names = [field.name for field in fields(LedgerLine)] + (["text"] if pieces else [])
    print(*names, sep="\t", file=out)
    for line, corpus in lines:
        cells = [str(getattr(line, field.name)) for field in fields(LedgerLine)]
        if pieces:
            ids = corpus.piece_tokens(line.document, line.first_token, line.tokens)
            text = b"".join(pieces[number] for number in ids).decode(errors="replace")
            cells.append(json.dumps(text, ensure_ascii=False))
        print(*cells, sep="\t", file=out)
