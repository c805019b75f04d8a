"""How much disk a study needs at its worst, before a download fills it.

An upper bound: what stays is added up over the whole study, and beside it everything temporary is counted at its own
peak, as if all peaks fell on one moment. Where the config does not tell a file's size or a corpus's tokens, and no
record on disk does, that part is left out and named.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tenbin.errors import UserError
from tenbin.pricing.counts import split_counts, study_vocabulary, trained_runs
from tenbin.study.corpora import Corpus, FilesCorpus, HubCorpus, HubTokensCorpus, TokensCorpus
from tenbin.study.model import Run, Study
from tenbin.study.shards import Source, list_sources
from tenbin.study.tokenizers import TrainedTokenizer

GB = 10**9
SMALL_TOKEN_BYTES, LARGE_TOKEN_BYTES, SMALL_VOCABULARY = 2, 4, 65_500
"""Token ids take 16 bits below GPT-NeoX's limit, else 32."""
INDEX_BYTES = 20
"""Of a document in .idx: its length (4), its place in .bin (8), its number (8)."""
TOKENS_PER_DOCUMENT = 1_000
"""Fewer than web pages have on average, so that indices are not underestimated."""
ASKED = 1.005
"""Share of its samples that GPT-NeoX asks of a corpus (`tenbin.mixing.order`)."""
SAMPLE_BYTES, SHUFFLE_BYTES, DOCUMENT_BYTES, BLEND_BYTES = 8, 4, 4, 1
"""Of sample_idx and shuffle_idx a sample, doc_idx a document, the blend a sample."""
STATE_BYTES, HALF_BYTES = 12, 2
"""Of a parameter in a checkpoint: fp32 weights and two moments; GPT-NeoX adds the 16-bit weights."""
WEIGHT_BYTES = 4
NEWEST_CHECKPOINTS = 2
HISTORY_BYTES = 2 * 300
"""Of a step in a history, live and published."""


@dataclass(frozen=True)
class DiskItem:
    """One thing that takes up disk."""

    what: str
    size_bytes: int | None
    """None: not known beforehand."""
    temporary: bool = False


@dataclass(frozen=True)
class DiskNeed:
    """All that a study puts on the disk."""

    items: tuple[DiskItem, ...]

    @property
    def lasting(self) -> int:
        """Return the bytes that stay."""
        return sum(item.size_bytes or 0 for item in self.items if not item.temporary)

    @property
    def peak(self) -> int:
        """Return the bytes at the worst moment."""
        return sum(item.size_bytes or 0 for item in self.items)

    @property
    def unknown(self) -> list[str]:
        """Return what is left out of the sums."""
        return [item.what for item in self.items if item.size_bytes is None]


def check_disk(study: Study) -> None:
    """Refuse a study that needs more disk than `execution.disk_budget_gb`.

    Raises UserError with both numbers, the largest parts and what to do.
    """
    budget_gb = study.execution.disk_budget_gb
    if budget_gb is None:
        return
    need = estimate_disk(study)
    if need.peak <= budget_gb * GB:
        return
    largest = sorted(need.items, key=lambda item: -(item.size_bytes or 0))[:3]
    parts = ", ".join(f"{item.what} {(item.size_bytes or 0) / GB:,.0f} GB" for item in largest)
    raise UserError(
        f"execution.disk_budget_gb is {budget_gb:,g}, the study needs up to {need.peak / GB:,.0f} GB ({parts}): "
        f"{_advice(study)}, or raise the budget"
    )


def _advice(study: Study) -> str:
    execution = study.execution
    window = f"from {execution.download_window}" if execution.download_window else "(there is none)"
    ways = [f"make execution.download_window smaller {window}"]
    if not execution.discard_documents:
        ways.append("set execution.discard_documents to true")
    return ", ".join([*ways, "select fewer runs"])


def estimate_disk(study: Study) -> DiskNeed:
    """Return everything that a study puts on the disk."""
    items = [item for corpus, split in study.used_splits() for item in _split_items(study, corpus, split)]
    return DiskNeed((*items, *_order_items(study), *_run_items(study)))


# Text and tokens.


def _split_items(study: Study, corpus_id: str, split: str) -> Iterator[DiskItem]:
    corpus = study.corpora[corpus_id]
    if isinstance(corpus, TokensCorpus):
        return  # linked, never copied
    sources = list_sources(corpus_id, corpus, split)
    # With `valid_share` both splits come out of the same files, which are counted once.
    counted_with_train = sources[0].split != split and (corpus_id, "train") in study.used_splits()
    if not counted_with_train and not split_counts(study, corpus_id, split).counted:
        yield from _text_items(study, corpus_id, split, sources)
    yield DiskItem(f"tokens of {corpus_id} ({split})", token_bytes(study, corpus_id, split))


def _text_items(study: Study, corpus_id: str, split: str, sources: list[Source]) -> Iterator[DiskItem]:
    """Yield what is on the disk while a split's tokens are made, besides the tokens.

    Documents are taken to be as large as the files that they come from, both being compressed text. Where they are
    discarded, a shard's are gone when it is tokenized, and it leaves the window then; a tokenizer that is trained on
    them needs all at once.
    """
    corpus, files = study.corpora[corpus_id], len(sources)
    file_bytes = _file_bytes(corpus, sources)
    if isinstance(corpus, HubTokensCorpus):
        # The join frees a slice once it is copied: together they hold the whole, counted as tokens, and one slice.
        yield DiskItem(f"one slice of {corpus_id} while it is joined", file_bytes, temporary=True)
        return
    held = min(files, study.execution.download_window or files)
    tokenizer = study.tokenizers[study.study.tokenizer]
    trained_on = isinstance(tokenizer, TrainedTokenizer) and corpus_id in tokenizer.corpora
    discarded = study.execution.discard_documents
    documents = held if discarded and not trained_on else files
    if isinstance(corpus, HubCorpus):
        yield DiskItem(f"files of {corpus_id} ({split}), {held} of {files}", _times(held, file_bytes), temporary=True)
    name = f"documents of {corpus_id} ({split}), {documents} of {files} shards"
    yield DiskItem(name, _times(documents, file_bytes), temporary=discarded)
    # The join frees a shard once it is copied, so that shards and result hold all tokens and one shard.
    shard = token_bytes(study, corpus_id, split)
    yield DiskItem(f"one shard of {corpus_id} ({split}) while it is joined", shard and shard // files, temporary=True)


def _file_bytes(corpus: Corpus, sources: list[Source]) -> int | None:
    """Return the typical size of a source file: configured, or of the user's own files as they lie there."""
    if isinstance(corpus, FilesCorpus):
        return sum(Path(source.name).stat().st_size for source in sources) // len(sources)
    return getattr(corpus, "file_bytes", None)


def _times(number: int, size_bytes: int | None) -> int | None:
    return None if size_bytes is None else number * size_bytes


def token_bytes(study: Study, corpus_id: str, split: str) -> int | None:
    """Return the bytes of a split's .bin and .idx, None if its tokens are not known."""
    counts = split_counts(study, corpus_id, split)
    if counts.tokens is None:
        return None
    number = SMALL_TOKEN_BYTES if study_vocabulary(study).padded <= SMALL_VOCABULARY else LARGE_TOKEN_BYTES
    documents = counts.documents or counts.tokens // TOKENS_PER_DOCUMENT
    return number * counts.tokens + INDEX_BYTES * documents


# Orders.


def _order_items(study: Study) -> Iterator[DiskItem]:
    for mix, schedule, seed in sorted({_order(study, run) for run in trained_runs(study)}):
        yield DiskItem(f"order of {mix}, {schedule}, seed {seed}", order_bytes(study, mix, schedule))


def _order(study: Study, run: Run) -> tuple[str, str, int]:
    return run.mix, study.order_schedule(run.schedule), run.seed


def order_bytes(study: Study, mix: str, schedule_id: str) -> int | None:
    """Return the bytes of a mix's index maps and blend, None if a corpus's tokens are not known."""
    schedule, total = study.schedules[schedule_id], 0
    for corpus, weight in study.mixes[mix].corpora.items():
        counts = split_counts(study, corpus, "train")
        if counts.tokens is None:
            return None
        asked = math.ceil(schedule.samples * weight * ASKED)
        epochs = max(1, -(-(asked * schedule.sequence_length + 1) // counts.tokens))
        held = (epochs * counts.tokens - 1) // schedule.sequence_length
        documents = counts.documents or counts.tokens // TOKENS_PER_DOCUMENT
        total += (SAMPLE_BYTES + SHUFFLE_BYTES) * held + DOCUMENT_BYTES * documents * epochs
    return total + BLEND_BYTES * schedule.samples


# Runs.


def _run_items(study: Study) -> Iterator[DiskItem]:
    runs, vocabulary = trained_runs(study), study_vocabulary(study).padded
    weights = {run.size: WEIGHT_BYTES * study.sizes[run.size].count_total(vocabulary) for run in runs}
    yield DiskItem("checkpoints", sum(checkpoint_bytes(study, run.size) * kept_checkpoints(study, run) for run in runs))
    yield DiskItem("initial weights", sum(weights[size] for size, _ in {(run.size, run.seed) for run in runs}))
    yield DiskItem("trained models", sum(weights[run.size] for run in runs))
    yield DiskItem("histories", sum(HISTORY_BYTES * study.schedules[run.schedule].steps for run in runs))


def checkpoint_bytes(study: Study, size: str) -> int:
    """Return the bytes of one checkpoint of a size."""
    half = study.study.engine == "neox" and study.study.numerics != "fp32"
    number = STATE_BYTES + (HALF_BYTES if half else 0)
    return number * study.sizes[size].count_total(study_vocabulary(study).padded)


def kept_checkpoints(study: Study, run: Run) -> int:
    """Return how many checkpoints of a run lie on the disk: the newest, and those of all segment ends."""
    schedule = study.schedules[run.schedule]
    steps = schedule.steps - (schedule.branch_step or 0)
    segments = -(-steps // (study.execution.segment_length(run.size) or steps))
    return NEWEST_CHECKPOINTS + segments + len(study.branch_steps(run.schedule))
