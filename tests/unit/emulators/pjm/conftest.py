"""A login node of an emulated PJM: a folder, its programs as real processes, and scripts to submit."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from emulators.pjm.cluster import EmulatedPjm
from emulators.pjm.records import JobRecord

CLOCK = 0.05
PATIENCE_S = 30.0


class LoginNode:
    """Where a user works."""

    def __init__(self, pjm: EmulatedPjm, folder: Path) -> None:
        self.pjm, self.folder = pjm, folder

    def run(self, program: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program to its end."""
        environment = os.environ | self.pjm.environment() | variables
        return subprocess.run(
            [program, *words],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )

    def out(self, program: str, *words: str) -> list[str]:
        """Run a program that succeeds; return the lines it prints."""
        done = self.run(program, *words)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout.splitlines()

    def refusal(self, program: str, *words: str, **variables: str) -> str:
        """Run a program that refuses; return what it says."""
        done = self.run(program, *words, **variables)
        assert (done.returncode, done.stdout) == (1, ""), done
        return done.stderr

    def write(self, body: str, *options: str, name: str = "job.sh") -> str:
        """Write a script; return its name."""
        lines = ["#!/bin/bash", *(f"#PJM {option}" for option in options), body]
        (self.folder / name).write_text("\n".join(lines) + "\n")
        return name

    def submit(self, body: str, *options: str, name: str = "job.sh") -> str:
        """Submit a script that asks for a GPU for ten minutes, if it does not say otherwise; return the job's id."""
        script = self.write(body, "-L rscgrp=share-short,gpu=1,elapse=10:00 -j", *options, name=name)
        return self.out("pjsub", "-z", "jid", script)[0]

    def until(self, job_id: str, told: Callable[[JobRecord], object]) -> JobRecord:
        """Wait until something is so of a job."""
        deadline = time.monotonic() + PATIENCE_S
        while not told(job := self.pjm.job(job_id)):
            assert time.monotonic() < deadline, job
            time.sleep(0.01)
        return job

    def until_state(self, job_id: str, state: str) -> JobRecord:
        """Wait until a job is in a state."""
        return self.until(job_id, lambda job: job.state == state)

    def until_account(self, job_id: str, path: Path) -> str:
        """Wait until a job's account is written, which is after the job has ended; return it."""
        self.until(job_id, lambda _: path.exists() and path.read_text().endswith("\n"))
        return path.read_text()

    def until_printed(self, job_id: str, text: str) -> str:
        """Wait until a job has printed something; return all that it has."""
        self.until(job_id, lambda job: text in self.printed(job.id))
        return self.printed(job_id)

    def printed(self, job_id: str) -> str:
        """Return what a job has printed so far."""
        path = self.folder / f"{self.pjm.job(job_id).name}.{job_id}.out"
        return path.read_text() if path.exists() else ""


Start = Callable[..., LoginNode]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start an emulator with any settings; it is quick unless they say otherwise."""
    with ExitStack() as stack:

        def begin(**settings: Any) -> LoginNode:
            folder = tmp_path / "work"
            folder.mkdir()
            pjm = EmulatedPjm(tmp_path / "pjm", **{"clock": CLOCK, **settings})
            return LoginNode(stack.enter_context(pjm), folder)

        yield begin


@pytest.fixture
def login(start: Start) -> LoginNode:
    """Start an emulator of stock PJM."""
    return start()
