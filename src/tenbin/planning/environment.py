"""What jobs inherit, so that they run this very checkout, installed or not, by the interpreter of Snakemake itself."""

import os
import sys
from pathlib import Path


def export_environment(checkout: str) -> None:
    """Put the package, the interpreter and the folder of scripts ($TENBIN_SCRIPTS) into the environment of jobs."""
    _prepend("PYTHONPATH", str(Path(checkout, "src")))
    _prepend("PATH", str(Path(sys.executable).parent))
    os.environ["TENBIN_SCRIPTS"] = str(Path(checkout, "scripts"))


def _prepend(variable: str, folder: str) -> None:
    folders = os.environ.get(variable, "").split(os.pathsep)
    os.environ[variable] = os.pathsep.join([folder, *(other for other in folders if other and other != folder)])
