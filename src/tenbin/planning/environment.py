"""What jobs inherit, so that they run this very checkout, installed or not, by the interpreter of Snakemake itself."""

import os
import sys
from pathlib import Path

from tenbin.warm import protocol

SWITCH = "TENBIN_WARM"
"""Set to 0, every job imports everything itself."""


def export_environment(checkout: str, *, runs_jobs_here: bool) -> None:
    """Put the package, the interpreter and the folder of scripts ($TENBIN_SCRIPTS) into the environment of jobs.

    `runs_jobs_here`: jobs run on this machine under this process, so that they can share a warm worker (`tenbin.warm`).
    """
    _prepend("PYTHONPATH", str(Path(checkout, "src")))
    _prepend("PATH", str(Path(sys.executable).parent))
    os.environ["TENBIN_SCRIPTS"] = str(Path(checkout, "scripts"))
    os.environ.pop(protocol.CALL, None)
    if runs_jobs_here and os.environ.get(SWITCH) != "0" and sys.platform == "linux":
        os.environ["TENBIN_SCRIPTS"] = str(Path(checkout, "src", "tenbin", "warm", "programs"))
        os.environ[protocol.CALL] = protocol.name_call()


def _prepend(variable: str, folder: str) -> None:
    folders = os.environ.get(variable, "").split(os.pathsep)
    os.environ[variable] = os.pathsep.join([folder, *(other for other in folders if other and other != folder)])
