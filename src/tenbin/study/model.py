"""The whole study: its catalogues, its selection, and the checks between them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tenbin.study.base import Entry, Identifier
from tenbin.study.catalogue import Mix, Schedule, Size, Valid
from tenbin.study.claims import Claims
from tenbin.study.corpora import (
    TOKENIZED,
    Corpus,
    HubTokensCorpus,
    Package,
    PackageCorpus,
    TokensCorpus,
    TranslationTable,
)
from tenbin.study.execution import Execution, NeoxSettings
from tenbin.study.style import FigureStyle
from tenbin.study.tokenizers import GivenTokenizer, Tokenizer

Seed = Annotated[int, Field(ge=0, lt=1 << 32)]

PUBLISHED_SIZES = {
    "e3": (3_312, 1_613_040),
    "e4": (12_768, 3_232_224),
    "e5": (100_096, 6_539_008),
    "e6": (2_369_792, 28_125_440),
    "e7": (18_915_328, 70_426_624),
    "e8": (302_311_424, 405_334_016),
}
"""Parameters of the published models: without embeddings, and with them at vocabulary 50,304."""


@dataclass(frozen=True, order=True)
class Run:
    """One training run, by the ids of what decides it."""

    mix: str
    size: str
    schedule: str
    seed: int

    @property
    def folder(self) -> str:
        """Return the run's place below the results."""
        return f"runs/{self.mix}/{self.size}/{self.schedule}/seed{self.seed}"


class Block(Entry):
    """Runs of a study: every mix with every size and seed at one schedule."""

    mixes: tuple[Identifier, ...] = Field(min_length=1)
    """Mixes, by id."""
    sizes: tuple[Identifier, ...] = Field(min_length=1)
    """Sizes, by id."""
    schedule: Identifier
    """Schedule, by id."""
    seeds: tuple[Seed, ...] | None = None
    """Seeds of this block; none: those of the study."""


class Selection(Entry):
    """What of the catalogues is run."""

    tokenizer: Identifier
    """The study's tokenizer, by id."""
    engine: Literal["torch", "neox"] = "torch"
    """The program that trains: tenbin's own on PyTorch, or a checkout of EleutherAI/gpt-neox."""
    numerics: Literal["fp32", "bf16", "fp16"] = "fp32"
    """Number format of training; bf16 and fp16 keep the optimiser's state in fp32. fp16 needs GPUs."""
    seeds: tuple[Seed, ...] = Field(min_length=1)
    """Seeds; each sets initial weights and data order, the same for every mix."""
    valids: tuple[Identifier, ...] = Field(min_length=1)
    """Validation sets, by id."""
    blocks: tuple[Block, ...] = Field(min_length=1)
    """Blocks of runs."""


class Study(Entry):
    """Catalogues and a selection; everything that a workflow of tenbin does follows from it."""

    packages: dict[Identifier, Package] = Field(default_factory=dict)
    """Archives of package registries that corpora and tokenizers read."""
    corpora: dict[Identifier, Corpus]
    """Text, by id."""
    tokenizers: dict[Identifier, Tokenizer]
    """Tokenizers, by id."""
    valids: dict[Identifier, Valid]
    """Validation sets, by id."""
    mixes: dict[Identifier, Mix]
    """Training mixes, by id."""
    sizes: dict[Identifier, Size]
    """Model shapes, by id: the published e3 ... e8, others d{width}l{layers}."""
    schedules: dict[Identifier, Schedule]
    """Training schedules, by id."""
    study: Selection
    """What is run."""
    execution: Execution = Execution()
    """How it is run."""
    neox: NeoxSettings | None = None
    """The engine `neox`; needed where it trains."""
    claims: Claims = Claims()
    """What the study's claims are judged by."""
    figures: FigureStyle = FigureStyle()
    """How figures look."""
    pathvars: dict[str, str] = Field(default_factory=dict)
    """Snakemake's path variables; an overlay sets `results` to a folder of its own."""

    def runs(self) -> list[Run]:
        """Return the selected runs, each once, smallest models first."""
        return sorted(set(self._selected()), key=lambda run: (self.sizes[run.size].n_nonembedding, run))

    def used_splits(self) -> list[tuple[str, str]]:
        """Return the splits (corpus, split) that the selection reads: train splits of its mixes, and its valids."""
        train = [(corpus, "train") for run in self.runs() for corpus in sorted(self.mixes[run.mix].corpora)]
        valids = [self.valids[valid] for valid in self.study.valids]
        return list(dict.fromkeys(train + [(valid.corpus, valid.split) for valid in valids]))

    def order_schedule(self, schedule: str) -> str:
        """Return the schedule whose data order a schedule uses: its trunk's, or its own."""
        return self.schedules[schedule].branch_of or schedule

    def trunk(self, run: Run) -> Run | None:
        """Return the run that a decay branch leaves, None for other runs."""
        schedule = self.schedules[run.schedule].branch_of
        return replace(run, schedule=schedule) if schedule else None

    def branch_steps(self, schedule: str) -> list[int]:
        """Return the steps at which decay branches leave a schedule."""
        steps = {entry.branch_step for entry in self.schedules.values() if entry.branch_of == schedule}
        return sorted(step for step in steps if step)

    def _selected(self) -> Iterator[Run]:
        for block in self.study.blocks:
            for mix in block.mixes:
                for size in block.sizes:
                    for seed in block.seeds or self.study.seeds:
                        yield Run(mix, size, block.schedule, seed)

    @model_validator(mode="after")
    def _names_exist(self) -> "Study":
        for place, kind, names in self._references():
            known = getattr(self, kind)
            for name in names:
                if name not in known:
                    raise ValueError(f"{place}: no {name!r} in {kind}; there are {', '.join(sorted(known)) or 'none'}")
        return self

    def _references(self) -> Iterator[tuple[str, str, Iterable[str]]]:
        for id_, mix in self.mixes.items():
            yield f"mixes.{id_}.corpora", "corpora", mix.corpora
        for id_, valid in self.valids.items():
            yield f"valids.{id_}.corpus", "corpora", [valid.corpus]
        for id_, corpus in self.corpora.items():
            if corpus.kind == "package":
                yield f"corpora.{id_}.package", "packages", [corpus.package]
            if isinstance(corpus, TOKENIZED):
                yield f"corpora.{id_}.tokenizer", "tokenizers", [corpus.tokenizer]
        for id_, tokenizer in self.tokenizers.items():
            if tokenizer.kind == "trained":
                yield f"tokenizers.{id_}.corpora", "corpora", tokenizer.corpora
            elif tokenizer.package:
                yield f"tokenizers.{id_}.package", "packages", [tokenizer.package]
        for id_, schedule in self.schedules.items():
            yield f"schedules.{id_}.branch_of", "schedules", filter(None, [schedule.branch_of])
            yield f"schedules.{id_}.learning_rate_factors", "sizes", schedule.learning_rate_factors
        yield from self._references_of_the_selection()

    def _references_of_the_selection(self) -> Iterator[tuple[str, str, Iterable[str]]]:
        yield "study.tokenizer", "tokenizers", [self.study.tokenizer]
        yield "study.valids", "valids", self.study.valids
        for key in ("segment_steps", "placements", "also_price"):
            yield f"execution.{key}", "sizes", getattr(self.execution, key)
        for key in ("segment_steps", "placements"):
            yield f"execution.shared.{key}", "sizes", getattr(self.execution.shared, key)
        for number, block in enumerate(self.study.blocks):
            yield f"study.blocks.{number}.mixes", "mixes", block.mixes
            yield f"study.blocks.{number}.sizes", "sizes", block.sizes
            yield f"study.blocks.{number}.schedule", "schedules", [block.schedule]

    @model_validator(mode="after")
    def _sizes_are_what_their_ids_say(self) -> "Study":
        for id_, size in self.sizes.items():
            published = PUBLISHED_SIZES.get(id_)
            if published and (size.n_nonembedding, size.n_total_v50304) != published:
                raise ValueError(
                    f"sizes.{id_}: n_nonembedding and n_total_v50304 are {size.n_nonembedding} and "
                    f"{size.n_total_v50304}; the published model has {published[0]} and {published[1]}"
                )
            shape = f"d{size.hidden_size}l{size.num_layers}"
            if not published and id_ != shape:
                raise ValueError(f"sizes.{id_}: an unpublished shape is named by width and layers, here {shape}")
        return self

    @model_validator(mode="after")
    def _branches_fit_their_trunks(self) -> "Study":
        for id_, schedule in self.schedules.items():
            problem = schedule.branch_of and schedule.misfit(self.schedules[schedule.branch_of])
            if problem:
                raise ValueError(f"schedules.{id_}: {problem}")
        return self

    @model_validator(mode="after")
    def _engine_is_described(self) -> "Study":
        if self.study.engine == "neox" and self.neox is None:
            raise ValueError("neox.home: missing; name a checkout of EleutherAI/gpt-neox, or set study.engine to torch")
        if self.study.engine == "neox":
            self._neox_can_train()
        if self.study.numerics == "fp16" and not all(
            self.execution.placement(run.size).gpus_per_node for run in self.runs()
        ):
            raise ValueError("study.numerics: fp16 needs GPUs for every size (execution.placements.SIZE.gpus_per_node)")
        return self

    def _neox_can_train(self) -> None:
        """Refuse what GPT-NeoX itself refuses or would do otherwise."""
        for run in self.runs():
            if run.seed < 1:
                raise ValueError(f"study.seeds: {run.seed}: GPT-NeoX takes no seed below 1; choose another")
            schedule = self.schedules[run.schedule]
            if schedule.branch_of and schedule.decay == "linear" and schedule.final_learning_rate:
                raise ValueError(
                    f"schedules.{run.schedule}: a linear branch of GPT-NeoX ends at rate 0; set final_learning_rate to "
                    "0, decay to cosine, or study.engine to torch"
                )

    @model_validator(mode="after")
    def _splits_exist(self) -> "Study":
        wanted = [(f"valids.{id_}.split", v.corpus, v.split) for id_, v in self.valids.items()]
        wanted += [(f"mixes.{id_}", corpus, "train") for id_, mix in self.mixes.items() for corpus in mix.corpora]
        for place, id_, split in wanted:
            if not has_split(self.corpora[id_], split):
                raise ValueError(f"{place}: corpus {id_} has no {split} split; name its files or set valid_share")
        return self

    @model_validator(mode="after")
    def _translations_are_split_alike(self) -> "Study":
        """Corpora of one table must group its sentences alike, or a translation could lie on the other side."""
        splits: dict[tuple[str, str], tuple[str, object]] = {}
        for id_, corpus in self.corpora.items():
            if not (isinstance(corpus, PackageCorpus) and isinstance(corpus.format, TranslationTable)):
                continue
            split = (sorted(corpus.format.translation_columns), corpus.valid_share)
            first, expected = splits.setdefault((corpus.package, corpus.member), (id_, split))
            if split != expected:
                raise ValueError(
                    f"corpora.{id_}: translation_columns and valid_share differ from those of {first}, which reads the "
                    "same table; make them equal, so that all translations of a sentence lie on one side of the split"
                )
        return self

    @model_validator(mode="after")
    def _languages_agree(self) -> "Study":
        for id_, valid in self.valids.items():
            language = self.corpora[valid.corpus].language
            if valid.language != language:
                raise ValueError(f"valids.{id_}.language is {valid.language}; its corpus {valid.corpus} is {language}")
        return self

    @model_validator(mode="after")
    def _tokenizers_are_complete(self) -> "Study":
        for id_, tokenizer in self.tokenizers.items():
            if isinstance(tokenizer, GivenTokenizer):
                if (tokenizer.file is None) == (tokenizer.package is None):
                    raise ValueError(f"tokenizers.{id_}: give either file, or package and member")
                if (tokenizer.package is None) != (tokenizer.member is None):
                    raise ValueError(f"tokenizers.{id_}: package and member go together")
                continue
            for corpus in tokenizer.corpora:
                if isinstance(self.corpora[corpus], TOKENIZED):
                    raise ValueError(f"tokenizers.{id_}.corpora: {corpus} has tokens and no text to train on")
        return self

    @model_validator(mode="after")
    def _existing_tokens_fit_the_tokenizer(self) -> "Study":
        for id_, corpus in self.corpora.items():
            used = {corpus for corpus, _ in self.used_splits()}
            if isinstance(corpus, TOKENIZED) and corpus.tokenizer != self.study.tokenizer and id_ in used:
                raise ValueError(
                    f"corpora.{id_}.tokenizer is {corpus.tokenizer}; the study's tokenizer is {self.study.tokenizer}"
                )
        return self


def has_split(corpus: Corpus, split: str) -> bool:
    """Tell whether a corpus can give a split."""
    if isinstance(corpus, TokensCorpus):
        return getattr(corpus, split) is not None
    if isinstance(corpus, HubTokensCorpus):
        return split == "train"
    if isinstance(corpus, PackageCorpus):
        return True
    if corpus.valid and corpus.valid_share is not None:
        raise ValueError("a corpus has valid files or a valid_share, not both")
    return bool(getattr(corpus, split)) or (bool(corpus.train) and corpus.valid_share is not None)
