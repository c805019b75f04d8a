"""The named input functions of the rules: which files a job reads, from its wildcards.

Paths start with Snakemake's path variables (`<results>`, `<run>`), which Snakemake fills in.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

from tenbin.files import canonical_json
from tenbin.planning.segments import segment_ends
from tenbin.planning.sources import SourceHashes
from tenbin.study.comparisons import find_comparisons
from tenbin.study.corpora import Corpus, FilesCorpus, HubCorpus, PackageCorpus, TokensCorpus
from tenbin.study.model import Run, Study
from tenbin.study.shards import Source, list_sources
from tenbin.study.tokenizers import TrainedTokenizer

NOTHING = r"(?!)"


class Wildcards(Protocol):
    """Snakemake's wildcards of a job, read by attribute."""

    def __getattr__(self, name: str) -> str:
        """Return the value of a wildcard."""


class Inputs:
    """Input functions bound to a study. Each takes a job's wildcards and returns paths."""

    def __init__(self, study: Study, results: str) -> None:
        self.study = study
        self.results = results
        self.source_hashes = SourceHashes(study.execution.work)

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
        corpus = self.study.corpora[wildcards.corpus]
        return list_sources(wildcards.corpus, corpus, wildcards.split)[int(wildcards.shard)]

    def _source_path(self, corpus_id: str, source: Source) -> str:
        corpus = self.study.corpora[corpus_id]
        if isinstance(corpus, PackageCorpus):
            return f"<results>/packages/{corpus.package}"
        if isinstance(corpus, HubCorpus):
            return f"<results>/sources/{corpus_id}/{source.split}/{source.shard}"
        return source.name

    def hub_file(self, wildcards: Wildcards) -> str:
        """Return the name of a shard's file in the hub's repository."""
        return self._source(wildcards).name

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
            for source in list_sources(corpus, self.study.corpora[corpus], "train")
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
        return list_sources(wildcards.corpus, self.study.corpora[wildcards.corpus], wildcards.split)

    def existing_tokens(self, suffix: str) -> Callable[[Wildcards], str]:
        """Return the function that names the user's own token file."""
        return lambda w: f"{getattr(self.study.corpora[w.corpus], w.split)}{suffix}"

    # Mixes, orders, runs.

    def mix_tokens(self, suffix: str) -> Callable[[Wildcards], list[str]]:
        """Return the function that lists the train tokens of a mix's corpora."""
        stem = f"<results>/tokens/{self.study.study.tokenizer}"
        return lambda w: [f"{stem}/{corpus}/train{suffix}" for corpus in self._mix_corpora(w.mix)]

    def train_tokens(self, wildcards: Wildcards, suffix: str) -> str:
        """Return the train tokens of the corpus of a job."""
        return f"<results>/tokens/{self.study.study.tokenizer}/{wildcards.corpus}/train{suffix}"

    def mix_orders(self, *names: str) -> Callable[[Wildcards], list[str]]:
        """Return the function that lists files of the orders of a mix's corpora."""
        stem = "<results>/orders/{w.mix}/{w.schedule}/seed{w.seed}/{corpus}/{name}"
        return lambda w: [
            stem.format(w=w, corpus=corpus, name=name) for corpus in self._mix_corpora(w.mix) for name in names
        ]

    def by_corpus(self, flag: str, kind: str) -> Callable[..., list[str]]:
        """Return the function that spells FLAG CORPUS=PATH for each path of the input named `kind`."""

        def spell(wildcards: Wildcards, input: Any) -> list[str]:  # noqa: A002  # Snakemake's own name
            paths = [path.removesuffix(".bin") for path in getattr(input, kind)]
            pairs = zip(self._mix_corpora(wildcards.mix), paths, strict=True)
            return repeat_flag(flag, [f"{corpus}={path}" for corpus, path in pairs])

        return spell

    def _mix_corpora(self, mix: str) -> list[str]:
        # Sorted: the order of keys in merged configs is an accident, and the blend's ties depend on it.
        return sorted(self.study.mixes[mix].corpora)

    def mix_languages(self, wildcards: Wildcards) -> list[str]:
        """Return --language CORPUS=LANGUAGE for each corpus of a mix."""
        corpora = self._mix_corpora(wildcards.mix)
        return repeat_flag("--language", [f"{corpus}={self.study.corpora[corpus].language}" for corpus in corpora])

    def previous_segment(self, wildcards: Wildcards) -> list[str]:
        """Return the marker of the segment before this one, if there is one."""
        ends = [end for end in self._segment_ends(wildcards) if end < int(wildcards.end_step)]
        return [f"{self._folder(self.run(wildcards))}/segments/{ends[-1]}.json"] if ends else []

    def last_segment(self, wildcards: Wildcards) -> str:
        """Return the marker of a run's last segment."""
        return f"{self._folder(self.run(wildcards))}/segments/{self._segment_ends(wildcards)[-1]}.json"

    def _segment_ends(self, wildcards: Wildcards) -> list[int]:
        steps = self.study.schedules[wildcards.schedule].steps
        length = self.study.execution.segment_steps.get(wildcards.size, steps)
        folder = self._folder(self.run(wildcards)).replace("<results>", self.results)
        return segment_ends(f"{folder}/segments", steps, length)

    def run(self, wildcards: Wildcards) -> Run:
        """Return the run that a job belongs to."""
        return Run(wildcards.mix, wildcards.size, wildcards.schedule, int(wildcards.seed))

    # Losses and what follows.

    def valid_tokens(self, suffix: str) -> Callable[[Wildcards], str]:
        """Return the function that names the tokens of a validation set."""

        def path(wildcards: Wildcards) -> str:
            valid = self.study.valids[wildcards.valid]
            return f"<results>/tokens/{self.study.study.tokenizer}/{valid.corpus}/{valid.split}{suffix}"

        return path

    def of_runs(self, name: str) -> list[str]:
        """Return one file of every selected run."""
        return [f"{self._folder(run)}/{name}" for run in self.study.runs()]

    def losses(self) -> list[str]:
        """Return the losses of every run on every validation set."""
        return [path for valid in self.study.study.valids for path in self.of_runs(f"losses/{valid}.json")]

    def documents(self, wildcards: Wildcards | None = None) -> list[str]:
        """Return every run's table of documents, of one validation set or of all."""
        valids = [wildcards.valid] if wildcards else self.study.study.valids
        return [path for valid in valids for path in self.of_runs(f"losses/{valid}.documents.parquet")]

    def run_labels(self) -> list[str]:
        """Return what figures say of each run, as JSON in the order of `of_runs`."""
        return [
            canonical_json(asdict(run) | {"n_nonembedding": self.study.sizes[run.size].n_nonembedding}).decode()
            for run in self.study.runs()
        ]

    def given_tokens(self) -> list[str]:
        """Return what the summary says of tokens that came without text, as JSON."""
        used = dict.fromkeys(corpus for corpus, _ in self.study.used_splits())
        keys = ("language", "source", "licence")
        return [
            canonical_json({"corpus": id_} | {key: getattr(self.study.corpora[id_], key) for key in keys}).decode()
            for id_ in used
            if isinstance(self.study.corpora[id_], TokensCorpus)
        ]

    def mix_records(self) -> list[str]:
        """Return the records of the mixes that are trained on."""
        return [f"<results>/mixes/{mix}.json" for mix in dict.fromkeys(run.mix for run in self.study.runs())]

    def fits(self, *domains: bool) -> list[str]:
        """Return the fits of the validation sets in (True) or out of (False) domain."""
        valids = [valid for valid in self.study.study.valids if self.study.valids[valid].in_domain in domains]
        return [f"<results>/scaling/{valid}.json" for valid in valids]

    def corpus_records(self) -> list[str]:
        """Return the records of the text that the study reads: one of each split that is used."""
        return [
            f"<results>/corpora/{corpus}/{split}/{source.shard}.json"
            for corpus, split in self.study.used_splits()
            if not isinstance(self.study.corpora[corpus], TokensCorpus)
            for source in list_sources(corpus, self.study.corpora[corpus], split)
        ]

    def all_tokens(self) -> list[str]:
        """Return the records of all tokens that the study reads."""
        stem = f"<results>/tokens/{self.study.study.tokenizer}"
        return [f"{stem}/{corpus}/{split}.json" for corpus, split in self.study.used_splits()]

    def _folder(self, run: Run) -> str:
        return f"<results>/runs/{run.mix}/{run.size}/{run.schedule}/seed{run.seed}"

    def targets(self) -> list[str]:
        """Return what a finished study consists of, figures apart.

        Files of runs are named although the table is made from them: a run's folder that was deleted is made again.
        """
        tables = ["<results>/losses.csv", "<results>/scaling/comparison.csv", "<results>/summary.html"]
        return [*self.of_runs("done.json"), *self.losses(), *self.fits(True, False), *tables]

    def figures(self) -> list[str]:
        """Return the figures that the study has something to show in."""
        names = ["loss_versus_size", "loss_versus_size_total", "loss_curves"]
        names += ["loss_versus_size_out_of_domain"] if self.fits(False) else []
        names += ["mix_ratio"] if find_comparisons(self.study) else []
        return [f"<results>/figures/{name}.{ending}" for name in names for ending in ("svg", "png")]

    # Which rule makes what.

    def corpora_of(self, *kinds: type[Corpus]) -> str:
        """Return a regular expression of the ids of corpora of these kinds."""
        return "|".join(id_ for id_, corpus in self.study.corpora.items() if isinstance(corpus, kinds)) or NOTHING

    def tokenizers_of(self, kind: str) -> str:
        """Return a regular expression of the ids of tokenizers of a kind."""
        return "|".join(id_ for id_, entry in self.study.tokenizers.items() if entry.kind == kind) or NOTHING


def repeat_flag(flag: str, values: list[str]) -> list[str]:
    """Return the flag before each value, as argparse's repeated options want it."""
    return [word for value in values for word in (flag, value)]
