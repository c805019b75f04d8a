"""Training a byte-level BPE on the same number of bytes of every language.

The layout is that of the GPT-NeoX-20B tokenizer: NFC, byte-level pre-tokenisation without a prefix
space, <|endoftext|> and <|padding|> as ids 0 and 1, then the 256 byte symbols, then the merges.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from tenbin.errors import UserError
from tenbin.files import write_bytes
from tenbin.study.tokenizers import TrainedTokenizer
from tenbin.tokens.documents import DocumentShard, find_document_shard
from tenbin.tokens.tokenizer import END_OF_TEXT, PADDING, limit_threads, write_record

Documents = Sequence[tuple[str, DocumentShard]]


def train_tokenizer(
    settings: TrainedTokenizer,
    paths: Sequence[tuple[str, Path]],
    *,
    tokenizer_path: Path,
    record_path: Path,
    threads: int,
) -> None:
    """Train a tokenizer on shards of documents, given as (language, path) in the order they are read.

    Raises UserError if a language has no text, or the text is too little for the vocabulary.
    """
    limit_threads(threads)
    documents = [(language, find_document_shard(path)) for language, path in paths]
    sizes = _bytes_of_languages(documents)
    share = min(settings.bytes_per_language, *sizes.values())
    if not share:
        raise UserError(f"language {min(sizes, key=lambda name: sizes[name])} has no text to train a tokenizer on")
    if share < settings.bytes_per_language:
        print(
            f"notice: {share} bytes of each language instead of {settings.bytes_per_language}: no more text",
            file=sys.stderr,
            flush=True,
        )
    tokenizer = train_bpe(_sample(documents, share), settings.vocabulary)
    if tokenizer.get_vocab_size() < settings.vocabulary:
        raise UserError(
            f"{share} bytes of each language give {tokenizer.get_vocab_size()} entries, vocabulary asks "
            f"{settings.vocabulary}: give more text or a smaller vocabulary"
        )
    write_bytes(tokenizer_path, tokenizer.to_str(pretty=True).encode())
    origin = {
        "kind": settings.kind,
        "corpora": list(settings.corpora),
        "bytes_of_language": dict.fromkeys(sizes, share),
        "documents_records": [shard.seal for _, shard in documents],
    }
    write_record(record_path, tokenizer_path, tokenizer, origin)


def train_bpe(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Train a byte-level BPE of at most so many entries; the same texts give the same tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END_OF_TEXT, PADDING],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _bytes_of_languages(documents: Documents) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for language, shard in documents:
        sizes[language] = sizes.get(language, 0) + shard.text_bytes
    return sizes


def _sample(documents: Documents, bytes_per_language: int) -> Iterator[str]:
    """Yield texts in file order until every language has given its bytes; the last text of each is cut."""
    left = dict.fromkeys((language for language, _ in documents), bytes_per_language)
    for language, shard in documents:
        for text in shard if left[language] else ():
            text_bytes = text.encode()
            yield text_bytes[: left[language]].decode(errors="ignore")  # the cut may fall within a character
            left[language] -= min(len(text_bytes), left[language])
            if not left[language]:
                break
