"""What the executor for PJM asks of the job manager and of the login node, with cluster-generic beside it.

Both watch the same sleeping jobs under the emulated PJM. cluster-generic 1.0.9 is what a user of PJM would take
otherwise; its status script calls pjstat for the one job that it is asked about. It is installed into a folder that is
thrown away.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from campaigns.faults import run_campaign
from pjm_runs import ON_A_NODE, Controller, Place, calls_by_round, emulated, sleeping

CLUSTER_GENERIC = "snakemake-executor-plugin-cluster-generic==1.0.9"
FAULTS, SEED = 100, 20261123
NUMBERS = (1, 20, 200)
GAP_S = 4
ROUNDS = 5
GAPS_S = (30, 1)
ENDS = 12
FEW, MANY = 1, 41
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
FINISHED = re.compile(r"^Finished jobid: (\d+) \(Rule: sleeping\)", re.MULTILINE)
HANDED_OVER = re.compile(r"^Job (\d+) \(sleeping\) is PJM's job (\d+)\.", re.MULTILINE)
STATUS = """#!/bin/bash
echo "$1" >> {asked}
if pjstat "$1" | grep -q "^$1 "; then
    echo running
elif pjstat -H "$1" | grep -q "^$1 .* EXT "; then
    echo success
else
    echo running
fi
"""

Row = tuple[str, str, str]


def measure() -> list[Row]:
    """Return what watching costs, how late an end is known, and what a hundred faults do."""
    with tempfile.TemporaryDirectory() as place:
        other = install(Path(place) / "cluster-generic")
        return [
            *(commands_a_round(number, other) for number in NUMBERS),
            *(delay(gap_s) for gap_s in GAPS_S),
            processor_time(other),
            faults(Path(place) / "faults"),
        ]


@dataclass(frozen=True)
class Other:
    """cluster-generic."""

    folder: Path

    def words(self, place: Place, number: int, seconds: int, gap_s: float) -> list[str]:
        """Return the command that runs sleeping jobs with it."""
        status = place.folder / "status"
        status.write_text(STATUS.format(asked=place.folder / "asked"))
        status.chmod(0o755)
        cache = f"XDG_CACHE_HOME={place.folder}/cache"
        submit = f"pjsub -z jid --norestart -j -L rscgrp=small,node=1,elapse=0:30:00 -x {cache}"
        options = ["--jobs", str(number), "--seconds-between-status-checks", str(gap_s), "--latency-wait", "10"]
        commands = ["--cluster-generic-submit-cmd", submit, "--cluster-generic-status-cmd", str(status)]
        commands += ["--cluster-generic-cancel-cmd", "pjdel", "--cluster-generic-cancel-nargs", "0"]
        executor = ["--executor", "cluster-generic", *options, *commands]
        return [sys.executable, "-m", "snakemake", *executor, *sleeping(number, seconds)[: -len(ON_A_NODE)]]

    def start(self, place: Place, number: int, seconds: int, gap_s: float) -> Controller:
        """Start Snakemake with it."""
        environment = place.environment()
        environment["PYTHONPATH"] = f"{self.folder}:{environment['PYTHONPATH']}"
        return Controller(place.folder, environment, self.words(place, number, seconds, gap_s))


def install(folder: Path) -> Other:
    """Install cluster-generic for this benchmark alone."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    subprocess.run([*command, "--disable-pip-version-check", CLUSTER_GENERIC], check=True)
    return Other(folder)


@contextmanager
def fresh(**settings: object) -> Iterator[Place]:
    """Yield an empty folder and a job manager."""
    with tempfile.TemporaryDirectory() as folder, emulated(Path(folder) / "pjm", **settings) as pjm:
        yield Place(Path(folder), pjm)


def start(place: Place, number: int, seconds: int, gap_s: float) -> Controller:
    """Start Snakemake with this repository's executor."""
    gap = ["--seconds-between-status-checks", str(gap_s), "--pjm-min-poll-seconds", str(gap_s)]
    return place.launch(*sleeping(number, seconds), "--jobs", str(number), *gap, "--pjm-keep-successful-logs")


# Status commands.


def commands_a_round(number: int, other: Other) -> Row:
    """Return how many commands a polling round takes while so many jobs are waiting or running."""
    with fresh(accept_limit=number, run_limit=2) as place:
        controller = start(place, number, 600, GAP_S)
        try:
            controller.wait_until(lambda: len(place.pjm.jobs()) == number, "all jobs")
            before = len(calls_by_round(place, GAP_S))
            controller.wait_until(lambda: len(calls_by_round(place, GAP_S)) > before + ROUNDS, "some rounds")
            ours = calls_by_round(place, GAP_S)[before:-1]
        finally:
            controller.kill()
    theirs = commands_of_the_other(number, other)
    figure = f"status commands a polling round with {number} jobs, mean and most; cluster-generic"
    return figure, f"{mean(ours):.1f}, {max(ours)}; {theirs:.0f}", "<= 2; one a job"


def commands_of_the_other(number: int, other: Other) -> float:
    """Return how many commands cluster-generic calls for each time that it asks about one of the jobs."""
    with fresh(accept_limit=number, run_limit=2) as place:
        controller = other.start(place, number, 600, GAP_S)
        try:
            controller.wait_until(lambda: len(place.pjm.jobs()) == number, "all jobs")
            controller.wait_until(lambda: len(asked(place)) == number, "a round")
            controller.wait_until(lambda: min(asked(place).values()) >= ROUNDS, "some rounds")
            return asked(place).total() / mean(asked(place).values())
        finally:
            controller.kill()


def asked(place: Place) -> Counter[str]:
    """Return how often the status script was asked about each job."""
    path = place.folder / "asked"
    return Counter(path.read_text().split() if path.exists() else [])


# Seconds from a job's end to Snakemake's knowing it.


def delay(gap_s: float) -> Row:
    """Return how long after its last word a job is known to have ended."""
    # Few at a time, of different lengths: they end at any moment between two rounds.
    with fresh(run_limit=3, accept_limit=ENDS) as place:
        controller = start(place, ENDS, 7, gap_s)
        try:
            known = times_of_ends(controller)
            ids = dict(HANDED_OVER.findall(controller.said()))
            ended = {ids[number]: when for number, when in known.items()}
            delays = [when - result_time(place, job_id) for job_id, when in ended.items()]
        finally:
            controller.kill()
    measured = f"{median(delays):.1f} s, {max(delays):.1f} s of {len(delays)} jobs"
    return f"from a job's end to Snakemake knowing it at a gap of {gap_s} s, median and most", measured, "about a gap"


def times_of_ends(controller: Controller) -> dict[str, float]:
    """Return when Snakemake said of each job that it had finished, in seconds since 1970."""
    known: dict[str, float] = {}
    while controller.process.poll() is None:
        for number in FINISHED.findall(controller.said()):
            known.setdefault(number, time.time())
        time.sleep(0.02)
    assert len(known) == ENDS, controller.said()
    return known


def result_time(place: Place, job_id: str) -> float:
    """Return when a job wrote its return code."""
    claim = next((place.folder / ".snakemake" / "pjm").glob(f"*/started.{job_id}"))
    return claim.with_name("rc").stat().st_mtime


# Processor time.


def processor_time(other: Other) -> Row:
    """Return the processor seconds that Snakemake's own process takes for each further job."""
    ours, theirs = [], []
    for number in (FEW, MANY):
        with fresh(accept_limit=MANY, run_limit=2) as place:
            ours.append(own_seconds(start(place, number, 0, GAP_S)))
        with fresh(accept_limit=MANY, run_limit=2) as place:
            theirs.append(own_seconds(other.start(place, number, 0, GAP_S)))
    per_job = [1000 * (many - few) / (MANY - FEW) for few, many in (ours, theirs)]
    figure = f"processor time of Snakemake's process per job, at a gap of {GAP_S} s; cluster-generic"
    return figure, f"{per_job[0]:.0f} ms; {per_job[1]:.0f} ms", "< 50 ms"


def own_seconds(controller: Controller) -> float:
    """Return the processor seconds of a process without its children, read until it ends."""
    spent = 0.0
    try:
        while controller.process.poll() is None:
            words = Path(f"/proc/{controller.process.pid}/stat").read_text().rpartition(")")[2].split()
            spent = max(spent, (int(words[11]) + int(words[12])) / TICKS_A_SECOND)
            time.sleep(0.02)
    finally:
        controller.kill()
    assert controller.process.returncode == 0, controller.said()
    return spent


# Faults.


def faults(folder: Path) -> Row:
    """Return the four counts of a campaign."""
    outcome = run_campaign(folder, FAULTS, SEED)
    counts = [len(found) for found in (outcome.lost, outcome.twice, outcome.left, outcome.different)]
    figure = f"{outcome.faults.total()} random faults over {outcome.jobs} jobs (seed {SEED}): jobs lost, handed over "
    return f"{figure}twice, left behind; rounds with other losses", ", ".join(map(str, counts)), "0, 0, 0, 0"
