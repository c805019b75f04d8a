"""Numbers that prices need and the config alone may not tell: vocabularies, and the tokens of each corpus.

A record on disk gives the real number; before it exists the config's expectation stands in for it, or nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenbin.files import read_json
from tenbin.study.catalogue import PUBLISHED_VOCABULARY
from tenbin.study.model import Run, Study
from tenbin.study.tokenizers import TrainedTokenizer, padded_vocabulary

KNOWN_VOCABULARIES = {
    # The GPT-NeoX-20B tokenizer.
    "56ac4821e129d2c520fdaba60abd920fa852ada51b45c0dd52bbb6bd8c985ade": 50_277,
}
"""Entries of tokenizers that ship as they are, by the SHA-256 of tokenizer.json."""


@dataclass(frozen=True)
class Vocabulary:
    """The padded vocabulary of a study, as far as it is known."""

    padded: int
    known: bool
    """Whether it is more than the assumption that a given tokenizer has as many entries as the published study's."""


@dataclass(frozen=True)
class SplitCounts:
    """What is known of a split's tokens."""

    tokens: int | None
    documents: int | None
    counted: bool
    """Whether they were counted; else they are the config's expectation."""


def study_vocabulary(study: Study) -> Vocabulary:
    """Return the vocabulary of the study's tokenizer."""
    tokenizer = study.tokenizers[study.study.tokenizer]
    if isinstance(tokenizer, TrainedTokenizer):
        return Vocabulary(padded_vocabulary(tokenizer.vocabulary), known=True)
    if tokenizer.sha256 in KNOWN_VOCABULARIES:
        return Vocabulary(padded_vocabulary(KNOWN_VOCABULARIES[tokenizer.sha256]), known=True)
    record = _record(study, f"tokenizers/{study.study.tokenizer}.json")
    return Vocabulary(record["padded_vocabulary"], known=True) if record else Vocabulary(PUBLISHED_VOCABULARY, False)


def split_counts(study: Study, corpus_id: str, split: str) -> SplitCounts:
    """Return the tokens and documents of a corpus's split."""
    record = _record(study, f"tokens/{study.study.tokenizer}/{corpus_id}/{split}.json")
    if record:
        return SplitCounts(record["tokens"], record["documents"], counted=True)
    expected: dict[str, int] = getattr(study.corpora[corpus_id], "expected_tokens", {})
    return SplitCounts(expected.get(split), None, counted=False)


def run_tokens(study: Study, run: Run) -> dict[str, int]:
    """Return the training tokens that a run sees of each corpus, the trunk's of a branch included."""
    total = study.schedules[run.schedule].tokens
    return {corpus: round(weight * total) for corpus, weight in sorted(study.mixes[run.mix].corpora.items())}


def trained_runs(study: Study) -> list[Run]:
    """Return the selected runs, and those that only decay branches need: their trunks."""
    selected = study.runs()
    trunks = [trunk for run in selected if (trunk := study.trunk(run)) and trunk not in selected]
    return [*selected, *dict.fromkeys(trunks)]


def run_folder(study: Study, run: Run) -> Path:
    """Return the folder of a run's results."""
    return results_folder(study) / run.folder


def results_folder(study: Study) -> Path:
    """Return the folder of the study's results."""
    return Path(study.pathvars.get("results", "results"))


def _record(study: Study, name: str) -> dict[str, Any] | None:
    path = results_folder(study) / name
    return read_json(path) if path.is_file() else None
