"""Input functions of the rules that make text into tokens: which files a job reads, from its wildcards.

Paths start with Snakemake's path variables (`<results>`), which Snakemake fills in.
"""

from collections.abc import Callable
from functools import cache

from tenbin.planning.sources import SourceHashes
from tenbin.planning.wildcards import Wildcards, repeat_flag
from tenbin.study.corpora import Corpus, FilesCorpus, HubCorpus, HubTokensCorpus, PackageCorpus
from tenbin.study.model import Study
from tenbin.study.shards import Source, list_sources
from tenbin.study.tokenizers import TrainedTokenizer

NOTHING = r"(?!)"


class TextInputs:
    """Input functions bound to a study. Each takes a job's wildcards and returns paths."""

    def __init__(self, study: Study, results: str) -> None:
        self.study = study
        self.results = results
        self.source_hashes = SourceHashes(study.execution.work)
        # A job's every input asks for its split's files: listed once, since there may be thousands.
        self.sources = cache(lambda corpus, split: list_sources(corpus, study.corpora[corpus], split))

    # Corpora.

    def source(self, wildcards: Wildcards) -> str:
        """Return the file that a shard's documents are extracted from."""
        return self._source_path(wildcards.corpus, self._source(wildcards))

    def source_record(self, wildcards: Wildcards) -> list[str]:
        """Return the record of that file, if it was fetched; a user's own file has none."""
        corpus = self.study.corpora[wildcards.corpus]
        return [] if isinstance(corpus, FilesCorpus) else [self.source(wildcards) + ".json"]

    def source_name(self, wildcards: Wildcards) -> str:
        """Return the file's own name, which tells its format."""
        return self._source(wildcards).name

    def source_sha256(self, wildcards: Wildcards) -> str | None:
        """Return the SHA-256 of a user's own file, which makes its shard stale; fetched files have a record."""
        if not isinstance(self.study.corpora[wildcards.corpus], FilesCorpus):
            return None
        return self.source_hashes.sha256(self.source(wildcards))

    def _source(self, wildcards: Wildcards) -> Source:
        return self.sources(wildcards.corpus, wildcards.split)[int(wildcards.shard)]

    def _source_path(self, corpus_id: str, source: Source) -> str:
        corpus = self.study.corpora[corpus_id]
        if isinstance(corpus, PackageCorpus):
            return f"<results>/packages/{corpus.package}"
        if isinstance(corpus, HubCorpus | HubTokensCorpus):
            return f"<results>/sources/{corpus_id}/{source.split}/{source.shard}"
        return source.name

    def hub_file(self, wildcards: Wildcards) -> str:
        """Return the name of a shard's file in the hub's repository."""
        return self._source(wildcards).name

    def earlier_shard(self, wildcards: Wildcards) -> list[str]:
        """Return what must be made of an earlier source file before this one is fetched.

        Snakemake's resources limit running jobs, not files: a window over the shards does. A shard has left it when
        it is tokenized, or extracted where the tokenizer itself is trained on this corpus.
        """
        number = int(wildcards.shard) - (self.study.execution.download_window or int(wildcards.shard) + 1)
        if number < 0 or isinstance(self.study.corpora[wildcards.corpus], HubTokensCorpus):
            return []
        tokenizer_id = self.study.study.tokenizer
        tokenizer = self.study.tokenizers[tokenizer_id]
        place = f"{wildcards.corpus}/{wildcards.split}/{number:05d}"
        if isinstance(tokenizer, TrainedTokenizer) and wildcards.corpus in tokenizer.corpora:
            return [f"<results>/corpora/{place}.json"]
        return [f"<results>/tokens/{tokenizer_id}/{place}.bin"]

    # Tokenizers and tokens.

    def tokenizer_documents(self, wildcards: Wildcards, suffix: str = ".jsonl.zst") -> list[str]:
        """Return the document shards that a tokenizer is trained on."""
        return [path for _, path in self._tokenizer_shards(wildcards, suffix)]

    def tokenizer_records(self, wildcards: Wildcards) -> list[str]:
        """Return the records of those shards."""
        return self.tokenizer_documents(wildcards, ".json")

    def tokenizer_arguments(self, wildcards: Wildcards) -> list[str]:
        """Return --documents LANGUAGE=PATH for each of those shards."""
        shards = self._tokenizer_shards(wildcards, ".jsonl.zst")
        pairs = [f"{language}={path.replace('<results>', self.results)}" for language, path in shards]
        return repeat_flag("--documents", pairs)

    def _tokenizer_shards(self, wildcards: Wildcards, suffix: str) -> list[tuple[str, str]]:
        tokenizer = self.study.tokenizers[wildcards.tokenizer]
        assert isinstance(tokenizer, TrainedTokenizer)
        return [
            (self.study.corpora[corpus].language, f"<results>/corpora/{corpus}/train/{source.shard}{suffix}")
            for corpus in tokenizer.corpora
            for source in self.sources(corpus, "train")
        ]

    def tokenizer_source(self, wildcards: Wildcards) -> str:
        """Return the file that a given tokenizer is read from."""
        tokenizer = self.study.tokenizers[wildcards.tokenizer]
        assert tokenizer.kind == "given"
        return tokenizer.file or f"<results>/packages/{tokenizer.package}"

    def token_shards(self, suffix: str) -> Callable[[Wildcards], list[str]]:
        """Return the function that lists a split's token shards."""
        stem = "<results>/tokens/{w.tokenizer}/{w.corpus}/{w.split}/{shard}"
        return lambda w: [stem.format(w=w, shard=source.shard) + suffix for source in self._split_sources(w)]

    def _split_sources(self, wildcards: Wildcards) -> list[Source]:
        return self.sources(wildcards.corpus, wildcards.split)

    def token_parts(self, wildcards: Wildcards) -> list[str]:
        """Return the fetched slices of a .bin."""
        return [self._source_path(wildcards.corpus, source) for source in self._split_sources(wildcards)[:-1]]

    def token_parts_index(self, wildcards: Wildcards) -> str:
        """Return the fetched .idx of those slices."""
        return self._source_path(wildcards.corpus, self._split_sources(wildcards)[-1])

    def token_parts_records(self, wildcards: Wildcards) -> list[str]:
        """Return the records of the slices and of their index."""
        return [self._source_path(wildcards.corpus, source) + ".json" for source in self._split_sources(wildcards)]

    def existing_tokens(self, suffix: str) -> Callable[[Wildcards], str]:
        """Return the function that names the user's own token file."""
        return lambda w: f"{getattr(self.study.corpora[w.corpus], w.split)}{suffix}"

    def train_tokens(self, wildcards: Wildcards, suffix: str) -> str:
        """Return the train tokens of the corpus of a job."""
        return f"<results>/tokens/{self.study.study.tokenizer}/{wildcards.corpus}/train{suffix}"

    def valid_tokens(self, suffix: str) -> Callable[[Wildcards], str]:
        """Return the function that names the tokens of a validation set."""

        def path(wildcards: Wildcards) -> str:
            valid = self.study.valids[wildcards.valid]
            return f"<results>/tokens/{self.study.study.tokenizer}/{valid.corpus}/{valid.split}{suffix}"

        return path

    def all_tokens(self) -> list[str]:
        """Return the records of all tokens that the study reads."""
        stem = f"<results>/tokens/{self.study.study.tokenizer}"
        return [f"{stem}/{corpus}/{split}.json" for corpus, split in self.study.used_splits()]

    # Which rule makes what.

    def corpora_of(self, *kinds: type[Corpus]) -> str:
        """Return a regular expression of the ids of corpora of these kinds."""
        return "|".join(id_ for id_, corpus in self.study.corpora.items() if isinstance(corpus, kinds)) or NOTHING

    def tokenizers_of(self, kind: str) -> str:
        """Return a regular expression of the ids of tokenizers of a kind."""
        return "|".join(id_ for id_, entry in self.study.tokenizers.items() if entry.kind == kind) or NOTHING
