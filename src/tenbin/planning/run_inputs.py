"""Input functions of the rules that mix, order and train: which files a job reads, from its wildcards.

Paths start with Snakemake's path variables (`<results>`), which Snakemake fills in.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from tenbin.planning.segments import segment_ends
from tenbin.planning.wildcards import Wildcards, repeat_flag
from tenbin.study.model import Run, Study


class RunInputs:
    """Input functions bound to a study. Each takes a job's wildcards and returns paths."""

    def __init__(self, study: Study, results: str) -> None:
        self.study = study
        self.results = results

    # Mixes, orders, runs.

    def mix_tokens(self, suffix: str) -> Callable[[Wildcards], list[str]]:
        """Return the function that lists the train tokens of a mix's corpora."""
        stem = f"<results>/tokens/{self.study.study.tokenizer}"
        return lambda w: [f"{stem}/{corpus}/train{suffix}" for corpus in self._mix_corpora(w.mix)]

    def mix_orders(self, *names: str) -> Callable[[Wildcards], list[str]]:
        """Return the function that lists files of the orders of a mix's corpora."""
        return lambda w: [self.order(w, f"{corpus}/{name}") for corpus in self._mix_corpora(w.mix) for name in names]

    def blend(self, name: str) -> Callable[[Wildcards], str]:
        """Return the function that names a file of a mix's blend."""
        return lambda w: self.order(w, name)

    def order(self, wildcards: Wildcards, name: str) -> str:
        """Return a file in the folder of a run's data order; a decay branch uses its trunk's."""
        schedule = self.study.order_schedule(wildcards.schedule)
        return f"<results>/orders/{wildcards.mix}/{schedule}/seed{wildcards.seed}/{name}"

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

    # Segments.

    def trunk_spec(self, wildcards: Wildcards) -> list[str]:
        """Return the spec of the run that a decay branch leaves, if this is one."""
        trunk = self.study.trunk(self.run(wildcards))
        return [f"{run_folder(trunk)}/spec.json"] if trunk else []

    def previous_segment(self, wildcards: Wildcards) -> list[str]:
        """Return the marker of the segment before this one, if there is one; a branch begins after its trunk's."""
        run = self.run(wildcards)
        ends = [end for end in self.segment_ends(run) if end < int(wildcards.end_step)]
        trunk = self.study.trunk(run)
        if ends:
            return [f"{run_folder(run)}/segments/{ends[-1]}.json"]
        return [f"{run_folder(trunk)}/segments/{self._branch_step(run)}.json"] if trunk else []

    def last_segment(self, wildcards: Wildcards) -> str:
        """Return the marker of a run's last segment."""
        run = self.run(wildcards)
        return f"{run_folder(run)}/segments/{self.segment_ends(run)[-1]}.json"

    def segment_ends(self, run: Run) -> list[int]:
        """Return the end steps of a run's segments."""
        steps = self.study.schedules[run.schedule].steps
        length = self.study.execution.segment_length(run.size) or steps
        folder = run_folder(run).replace("<results>", self.results)
        branches = self.study.branch_steps(run.schedule)
        return segment_ends(f"{folder}/segments", steps, length, start=self._branch_step(run), stops=branches)

    def _branch_step(self, run: Run) -> int:
        return self.study.schedules[run.schedule].branch_step or 0

    def run(self, wildcards: Wildcards) -> Run:
        """Return the run that a job belongs to."""
        return Run(wildcards.mix, wildcards.size, wildcards.schedule, int(wildcards.seed))

    # The job's place.

    def queue(self, wildcards: Wildcards) -> str | None:
        """Return the queue that a training job asks for; none: none is named."""
        queue = self.study.execution.queue(wildcards.size)
        return (queue.asked_as if queue else None) or self.study.execution.placement(wildcards.size).queue

    def nodes(self, wildcards: Wildcards) -> int:
        """Return the nodes of a training job."""
        return self.study.execution.placement(wildcards.size).nodes

    def gpus(self, wildcards: Wildcards) -> int:
        """Return the GPUs of a training job, over all its nodes."""
        return self.study.execution.placement(wildcards.size).gpus

    def runtime_min(self, wildcards: Wildcards) -> int | None:
        """Return the time limit of a training job in minutes, Snakemake's unit; none: none is asked for."""
        walltime_h = self.study.execution.walltime_h(wildcards.size)
        return max(1, int(60 * walltime_h)) if walltime_h else None

    def priority(self, wildcards: Wildcards) -> int:
        """Return how many amounts of training the study has below this job's run: long runs begin first.

        Begun last, one would leave all other cores without work at the end.
        """
        return self._amounts.index(self._amount(self.run(wildcards)))

    @cached_property
    def _amounts(self) -> list[int]:
        return sorted({self._amount(run) for run in self.study.runs()})

    def _amount(self, run: Run) -> int:
        return self.study.sizes[run.size].n_nonembedding * self.study.schedules[run.schedule].tokens

    def neox_links(self, wildcards: Wildcards) -> list[str]:
        """Return the record of the tokens and maps under GPT-NeoX's own names, if GPT-NeoX trains."""
        if self.study.study.engine != "neox":
            return []
        schedule = self.study.order_schedule(wildcards.schedule)
        return [f"<results>/neox/{wildcards.mix}/{schedule}/seed{wildcards.seed}.json"]


def run_folder(run: Run) -> str:
    """Return the folder of a run's results."""
    return f"<results>/{run.folder}"
