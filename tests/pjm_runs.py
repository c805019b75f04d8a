"""Snakemake with its jobs under the emulated PJM: a process to interrupt and kill, and what its jobs did."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from emulators.pjm.cluster import EmulatedPjm
from emulators.pjm.records import JobRecord
from emulators.pjm.store import Store

CHECKOUT = Path(__file__).resolve().parents[1]
PATIENCE_S = 180.0
QUICK = (
    *("--jobs", "16", "--local-cores", "1", "--latency-wait", "10"),
    *("--seconds-between-status-checks", "1", "--max-jobs-per-timespan", "1000/1s"),
    *("--pjm-min-poll-seconds", "1", "--pjm-lost-after", "10"),
)
"""Settings for a job manager that answers at once."""
CLOCK = 0.2
"""Seconds of each second of PJM's own pauses."""
ASKED_S = 1800
ON_A_NODE = ("--pjm-rscgrp", "small", "--default-resources", "nodes=1", f"runtime={ASKED_S // 60}")
"""What jobs ask for that say nothing of it."""
TARGET = re.compile(r"--target-jobs '?([^' ]+)")


def emulated(folder: Path, **settings: Any) -> EmulatedPjm:
    """Return a job manager of no site in particular, whose own pauses are short."""
    usual: dict[str, Any] = {"table": "plain", "clock": CLOCK}
    return EmulatedPjm(folder, **(usual | settings))


class Controller:
    """One call of Snakemake, in a process group of its own as a terminal starts it."""

    def __init__(self, folder: Path, environment: dict[str, str], words: list[str]) -> None:
        self.log = folder / "controller.log"
        with self.log.open("ab") as log:
            self._said_before = log.tell()
            self.process = subprocess.Popen(
                words, cwd=folder, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, process_group=0
            )

    def said(self) -> str:
        """Return what this call has printed so far."""
        with self.log.open("rb") as log:
            log.seek(self._said_before)
            return log.read().decode()

    def interrupt(self) -> None:
        """Do what Ctrl-C does: interrupt all processes of the terminal's foreground."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """End Snakemake, and nothing else, without a chance to say anything."""
        self.process.kill()
        self.process.wait()

    def wait(self, patience_s: float = PATIENCE_S) -> int:
        """Return the exit status."""
        try:
            return self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {patience_s:g} s: {self.said()[-4000:]}") from None

    def wait_until(self, holds: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> None:
        """Wait for something while Snakemake runs."""
        deadline = time.monotonic() + patience_s
        while not holds():
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.said()[-4000:]}"
            assert time.monotonic() < deadline, f"not yet: {what}; {self.said()[-4000:]}"
            time.sleep(0.05)

    def succeed(self, patience_s: float = PATIENCE_S) -> str:
        """Expect success and return what was printed."""
        status = self.wait(patience_s)
        assert status == 0, self.said()[-6000:]
        return self.said()


@dataclass(frozen=True)
class Place:
    """A working folder and the job manager that its jobs go to."""

    folder: Path
    pjm: EmulatedPjm

    def environment(self) -> dict[str, str]:
        """Return the environment of a login node."""
        own = {"PYTHONPATH": str(CHECKOUT / "src"), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        return os.environ | own | self.pjm.environment()

    def launch(self, *arguments: str) -> Controller:
        """Start Snakemake."""
        words = [sys.executable, "-m", "snakemake", "--executor", "pjm", *QUICK, *arguments]
        return Controller(self.folder, self.environment(), words)

    @contextmanager
    def start(self, *arguments: str) -> Iterator[Controller]:
        """Yield Snakemake as it runs; whatever happens, it is gone afterwards."""
        controller = self.launch(*arguments)
        try:
            yield controller
        finally:
            controller.kill()

    def run(self, *arguments: str, patience_s: float = PATIENCE_S) -> str:
        """Run Snakemake to its end, expect success, and return what it printed."""
        with self.start(*arguments) as controller:
            return controller.succeed(patience_s)

    def unlock(self, *arguments: str) -> None:
        """Do what Snakemake asks for after it was killed: take its stale lock away."""
        self.run(*arguments, "--unlock")

    def wait_until_idle(self) -> None:
        """Wait until no job is left."""
        self.pjm.wait(PATIENCE_S)

    def is_idle(self) -> bool:
        """Return whether no job is left."""
        return not self.pjm.live()

    def call(self, program: str, job: JobRecord) -> str:
        """Call one of PJM's programs by hand for a job, and return what it says."""
        words = [program, job.id]
        done = subprocess.run(words, env=self.environment(), capture_output=True, text=True, check=False)
        return (done.stdout + done.stderr).strip()

    # What became of jobs, as the job manager knows it.

    def by_target(self) -> dict[str, list[JobRecord]]:
        """Return the jobs that PJM ever took, in its order, by what Snakemake made them for."""
        found = defaultdict(list)
        for job in self.pjm.jobs():
            found[self._target(job)].append(job)
        return dict(found)

    def _target(self, job: JobRecord) -> str:
        # The executor deletes its own copy when a job has succeeded.
        script = self.pjm.folder / "spool" / job.id / "script"
        match = TARGET.search(script.read_text(encoding="utf-8"))
        assert match, f"{script} has no target"
        return match[1]

    def twice(self) -> list[str]:
        """Return a line for each job that was handed over while an earlier one of its target lived or had succeeded."""
        return [
            f"{target}: job {later.id} was accepted at {later.accepted_at:.1f}, job {earlier.id} {fate(earlier)}"
            for target, jobs in self.by_target().items()
            for earlier, later in pairwise(jobs)
            if succeeded(earlier) or earlier.ended_at is None or later.accepted_at < earlier.ended_at
        ]


def succeeded(job: JobRecord) -> bool:
    """Return whether a job did what it was submitted for."""
    return job.state == "EXT" and (job.pjm_code, job.exit_code) == (0, 0)


def fate(job: JobRecord) -> str:
    """Return what became of a job."""
    return f"{job.state} PC {job.pjm_code} EC {job.exit_code}, ended at {job.ended_at and round(job.ended_at, 1)}"


def sleeping(count: int, seconds: int, *, partial: bool = False) -> list[str]:
    """Return Snakemake's words for jobs that sleep and tell; `partial`: with an output that is begun at once."""
    snakefile = CHECKOUT / "tests" / "workflow" / "sleeping.smk"
    config = ["--config", f"count={count}", f"seconds={seconds}", *(["partial=1"] if partial else [])]
    return ["--snakefile", str(snakefile), *config, *ON_A_NODE]


def told(place: Place) -> dict[str, list[tuple[str, str]]]:
    """Return what sleeping jobs told, by their output: (word, job id)."""
    names = [path for path in (place.folder / "told").glob("*") if path.suffix != ".lock"]
    return {path.name: [said(line) for line in path.read_text().splitlines()] for path in names}


def said(line: str) -> tuple[str, str]:
    """Return the word and the job id of a line."""
    word, _, job_id = line.partition(" ")
    return word, job_id


def study_words(study: Any) -> list[str]:
    """Return Snakemake's words for a study of the harness."""
    return ["--snakefile", str(study.checkout / "Snakefile"), "--configfile", str(study.overlay)]


def calls_by_round(place: Place, gap_s: float) -> list[int]:
    """Return how many status commands each polling round took: those less than half a gap apart are of one round."""
    times = call_times(place.pjm, "pjstat", "pjwait")
    rounds = [1] if times else []
    for earlier, later in pairwise(times):
        if later - earlier < gap_s / 2:
            rounds[-1] += 1
        else:
            rounds.append(1)
    return rounds


def call_times(pjm: EmulatedPjm, *programs: str) -> list[float]:
    """Return when programs were called, in seconds since 1970."""
    store = Store(pjm.folder)
    try:
        rows = store.query("SELECT program, at FROM calls ORDER BY at")
    finally:
        store.close()
    return [row["at"] for row in rows if row["program"] in programs]
