"""Which files losses, fits, figures and the summary are made from, and what a finished study consists of.

Paths start with Snakemake's path variables (`<results>`), which Snakemake fills in.
"""

from dataclasses import asdict

from tenbin.files import canonical_json
from tenbin.planning.run_inputs import run_folder
from tenbin.planning.wildcards import Wildcards
from tenbin.study.comparisons import find_comparisons
from tenbin.study.corpora import TOKENIZED
from tenbin.study.model import Study
from tenbin.study.proportions import sweeps_proportions
from tenbin.study.shards import list_sources


class FindingInputs:
    """Input functions bound to a study."""

    def __init__(self, study: Study) -> None:
        self.study = study

    def of_runs(self, name: str) -> list[str]:
        """Return one file of every selected run."""
        return [f"{run_folder(run)}/{name}" for run in self.study.runs()]

    def losses(self) -> list[str]:
        """Return the losses of every run on every validation set."""
        return [path for valid in self.study.study.valids for path in self.of_runs(f"losses/{valid}.json")]

    def documents(self, wildcards: Wildcards | None = None) -> list[str]:
        """Return every run's table of documents, of one validation set or of all."""
        valids = [wildcards.valid] if wildcards else self.study.study.valids
        return [path for valid in valids for path in self._documents(valid)]

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
            if isinstance(self.study.corpora[id_], TOKENIZED)
        ]

    def mix_records(self) -> list[str]:
        """Return the records of the mixes that are trained on."""
        return [f"<results>/mixes/{mix}.json" for mix in dict.fromkeys(run.mix for run in self.study.runs())]

    def fits(self, *domains: bool) -> list[str]:
        """Return the fits of the validation sets in (True) or out of (False) domain."""
        return [f"<results>/scaling/{valid}.json" for valid in self._valids(*domains)]

    def ratio_valids(self) -> list[str]:
        """Return the validation sets that laws of the proportion are fitted on: those of the training domain."""
        return self._valids(True)

    def ratio_documents(self) -> list[str]:
        """Return every run's table of documents on these validation sets."""
        return [path for valid in self.ratio_valids() for path in self._documents(valid)]

    def claims(self) -> list[str]:
        """Return the user's own file of claims, if there is one: tenbin's own is part of the code."""
        return [self.study.claims.file] if self.study.claims.file else []

    def mix_languages(self) -> str:
        """Return the languages of each mix that is trained on, as JSON."""
        mixes = dict.fromkeys(run.mix for run in self.study.runs())
        return canonical_json({mix: self._languages(mix) for mix in mixes}).decode()

    def _languages(self, mix: str) -> list[str]:
        return sorted({self.study.corpora[corpus].language for corpus in self.study.mixes[mix].corpora})

    def corpus_records(self) -> list[str]:
        """Return the records of the text that the study reads: one of each split that is used."""
        return [
            f"<results>/corpora/{corpus}/{split}/{source.shard}.json"
            for corpus, split in self.study.used_splits()
            if not isinstance(self.study.corpora[corpus], TOKENIZED)
            for source in list_sources(corpus, self.study.corpora[corpus], split)
        ]

    def targets(self) -> list[str]:
        """Return what a finished study consists of, figures apart.

        Files of runs are named although the table is made from them: a run's folder that was deleted is made again.
        """
        tables = ["<results>/losses.csv", "<results>/scaling/comparison.csv", "<results>/summary.html"]
        tables += ["<results>/scaling/ratio.json"] if sweeps_proportions(self.study) else []
        tables += ["<results>/scaling/claims.csv", "<results>/verdicts.html"]
        return [*self.of_runs("done.json"), *self.losses(), *self.fits(True, False), *tables]

    def figures(self) -> list[str]:
        """Return the figures that the study has something to show in."""
        names = ["loss_versus_size", "loss_versus_size_total", "loss_curves", "loss_versus_flops"]
        names += ["residuals", "local_slopes", "profiles", "loss_by_script"]
        names += ["loss_versus_size_out_of_domain"] if self.fits(False) else []
        names += ["mix_ratio"] if find_comparisons(self.study) else []
        names += ["loss_versus_proportion", "ratio_frontier"] if sweeps_proportions(self.study) else []
        return [f"<results>/figures/{name}.{ending}" for name in names for ending in ("svg", "png")]

    def _valids(self, *domains: bool) -> list[str]:
        return [valid for valid in self.study.study.valids if self.study.valids[valid].in_domain in domains]

    def _documents(self, valid: str) -> list[str]:
        return self.of_runs(f"losses/{valid}.documents.parquet")
