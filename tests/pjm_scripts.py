"""Job scripts of the executor for PJM, run by a real bash as PJM would: in a session of their own and a bare world."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from snakemake_executor_plugin_pjm.job_folder import JobFolder
from snakemake_executor_plugin_pjm.request import Request
from snakemake_executor_plugin_pjm.script import render_script
from snakemake_executor_plugin_pjm.settings import ExecutorSettings

BARE = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"}


class ScriptPlace:
    """A working directory with the folder of one submission in it."""

    def __init__(self, work_directory: Path) -> None:
        self.work_directory = work_directory
        self.folder = JobFolder(work_directory / ".snakemake" / "pjm" / "abc")
        self.folder.path.mkdir(parents=True)
        self.running: list[subprocess.Popen[bytes]] = []

    def text(self, command: str, elapse_s: int | None = 3600, **settings: Any) -> str:
        """Return the script of a job that runs a command."""
        request = Request("train", "abcdefghij-train", "share", elapse_s, 9, ("-g gz11", "-L rscgrp=share", "-j"))
        return render_script(request, self.folder, command, self.work_directory, ExecutorSettings(**settings))

    def start(self, job_id: str = "1001", environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Run what is in the script file as PJM's job of this id."""
        variables = BARE | {"PJM_JOBID": job_id} | (environment or {})
        with self.folder.log(job_id).open("ab") as log:
            words = ["bash", str(self.folder.script)]
            job = subprocess.Popen(words, cwd="/", env=variables, stdout=log, stderr=log, start_new_session=True)
        self.running.append(job)
        return job

    def run(self, text: str, environment: dict[str, str] | None = None) -> int:
        """Run a script as job 1001 to its end and return its exit status."""
        self.folder.script.write_text(text, encoding="utf-8")
        return self.start(environment=environment).wait(60)

    def log(self) -> str:
        """Return what job 1001 printed."""
        return self.folder.log("1001").read_text(encoding="utf-8")

    def kill_all(self) -> None:
        """End what still runs."""
        for job in (job for job in self.running if job.poll() is None):
            os.killpg(job.pid, signal.SIGKILL)
            job.wait()
