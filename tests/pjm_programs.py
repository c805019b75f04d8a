"""Small stand-ins for PJM's programs, which say what a test wants and in the way it wants."""

import os
from collections.abc import Callable
from pathlib import Path

from snakemake_executor_plugin_pjm.job_folder import JobFolder

Program = Callable[[str, str], Path]
"""Puts a shell script of a name on PATH."""


def program_maker(folder: Path) -> Program:
    """Return what puts programs into a folder; each notes its arguments in NAME.calls there."""

    def put(name: str, body: str) -> Path:
        path = folder / name
        path.write_text(f'#!/bin/bash\necho "$@" >> "{folder}/{name}.calls"\n{body}\n')
        path.chmod(0o755)
        return path

    return put


def listing(*rows: str) -> str:
    """Return what a pjstat does to print a table of all that is asked for."""
    lines = "\n".join(["H,JOB_ID,ST,EC,PC,SN,RSC_GRP,ELAPSE_TIM,JOB_NAME,REASON", *rows])
    return f"cat <<'EOF'\n{lines}\nEOF"


def calls_of(folder: Path, name: str) -> list[str]:
    """Return the arguments of each call of a program so far."""
    calls = folder / f"{name}.calls"
    return calls.read_text().splitlines() if calls.exists() else []


def job_folder(path: Path) -> JobFolder:
    """Return a new submission's folder with a script in it."""
    path.mkdir()
    folder = JobFolder(path)
    folder.script.write_text("#!/bin/bash\n#PJM -L rscgrp=small\ntrue\n")
    return folder


def path_with(folder: Path) -> str:
    """Return a PATH on which a folder comes first."""
    return f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin"
