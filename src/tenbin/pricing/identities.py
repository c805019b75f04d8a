"""The fingerprint that a run's spec will have, known before the spec is written anew where that can be known.

A spec that is up to date is read. One that a call would write anew is put together here from the same files by the same
code, if none of those files will be made anew itself; only then is it certain which work folder the run goes on in.
"""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenbin.errors import UserError
from tenbin.files import seal_of
from tenbin.pricing.counts import results_folder, run_folder
from tenbin.specs import write_spec
from tenbin.study.model import Run, Study
from tenbin.study.settings import run_settings

MAKERS = {"write_mix", "order_corpus", "blend_corpora", "draw_weights", "train_tokenizer", "copy_tokenizer"}
"""Rules that make what a spec is written from."""


@dataclass(frozen=True)
class PlannedJob:
    """A job that a call of Snakemake would run."""

    rule: str
    wildcards: Mapping[str, str]
    reason: str = ""
    asks: Mapping[str, Any] = field(default_factory=dict)
    """Its threads, and of `queue`, `nodes`, `gpu` and `runtime` (minutes) what its rule or a profile says."""


@dataclass(frozen=True)
class Identity:
    """What is known of a run's fingerprint before its spec is written."""

    fingerprint: str | None
    """None: the run has none yet."""
    certain: bool
    """Whether the run will have this fingerprint; else it had it so far, and what it is made from is made anew."""


class Identities:
    """The fingerprints of a study's runs, given the jobs that a call would run."""

    def __init__(self, study: Study, jobs: Iterable[PlannedJob]) -> None:
        self.study = study
        planned = list(jobs)
        self._makers = [job.wildcards for job in planned if job.rule in MAKERS]
        self._respecified = {run_of(job.wildcards) for job in planned if job.rule == "write_spec"}

    def identity(self, run: Run) -> Identity:
        """Return what is known of a run's fingerprint."""
        with tempfile.TemporaryDirectory() as folder:
            settled = self._settled_spec(run, Path(folder))
            if settled:
                return Identity(seal_of(settled), certain=True)
        former = self._spec_path(run)
        return Identity(seal_of(former), certain=False) if former.is_file() else Identity(None, certain=True)

    def _settled_spec(self, run: Run, folder: Path) -> Path | None:
        """Return the spec that a run will have, written into a folder if need be; None if that cannot be known yet."""
        if run not in self._respecified:
            return self._spec_path(run)
        return None if self._is_made_anew(run) else self._write_spec(run, folder)

    def _is_made_anew(self, run: Run) -> bool:
        """Whether a planned job makes something that this run's spec names."""
        names = vars(self._data_run(run)) | {"tokenizer": self.study.study.tokenizer}
        return any(all(str(names.get(key, value)) == value for key, value in job.items()) for job in self._makers)

    def _data_run(self, run: Run) -> Run:
        return Run(run.mix, run.size, self.study.order_schedule(run.schedule), run.seed)

    def _write_spec(self, run: Run, folder: Path) -> Path | None:
        """Write a run's spec as the rule would; None if a file for it is missing."""
        results, order, path = results_folder(self.study), self._order_folder(run), folder / f"{run.schedule}.json"
        trunk = self.study.trunk(run)
        trunk_spec = self._settled_spec(trunk, folder) if trunk else None
        try:
            write_spec(
                run_settings(self.study, run),
                path,
                mix=results / "mixes" / f"{run.mix}.json",
                orders={corpus: order / corpus / "index.json" for corpus in self.study.mixes[run.mix].corpora},
                blend=order / "blend.json",
                init=results / "init" / run.size / f"seed{run.seed}.json",
                tokenizer=results / "tokenizers" / f"{self.study.study.tokenizer}.json",
                trunk=trunk_spec,
            )
        except UserError:  # a file is missing or damaged: the job that reads it will say so
            return None
        return path

    def _order_folder(self, run: Run) -> Path:
        data = self._data_run(run)
        return results_folder(self.study) / "orders" / data.mix / data.schedule / f"seed{data.seed}"

    def _spec_path(self, run: Run) -> Path:
        return run_folder(self.study, run) / "spec.json"


def run_of(wildcards: Mapping[str, str]) -> Run:
    """Return the run that a job belongs to."""
    return Run(wildcards["mix"], wildcards["size"], wildcards["schedule"], int(wildcards["seed"]))
