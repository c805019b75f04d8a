"""A real Slurm that runs on this machine for as long as some tests need it."""

import importlib.util
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from harness import skip_or_fail

UNFINISHED = ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING")
PATIENCE_S = 240.0
CHECKOUT = Path(__file__).resolve().parents[1]


@contextmanager
def slurm_cluster(nodes: int) -> Iterator[Any]:
    """Yield a cluster of some 'nodes', or skip with a line that says what was not checked."""
    tool = Path(os.environ.get("TENBIN_SHARED", CHECKOUT.parent / "shared")) / "tools" / "slurm_cluster.py"
    if not tool.is_file():
        skip_or_fail("slurm", "slurm_cluster.py not found ($TENBIN_SHARED): jobs of Slurm were not checked")
    module = _load(tool)
    if missing := module.missing_programs():
        skip_or_fail("slurm", f"{', '.join(missing)} not installed: jobs of Slurm were not checked")
    with module.SlurmCluster(nodes=nodes, gpus=1, cpus=4) as cluster:
        yield cluster


def run_job(cluster: Any, line: str, output: Path, nodes: int) -> str:
    """Run a command line as a batch job, with this checkout's source, and return the state that the job ended in."""
    path = f"{cluster.root / 'bin'}:{os.environ['PATH']}"
    options = [f"--nodes={nodes}", "--time=5", f"--output={output}", "--cpus-per-task=2"]
    wrapped = f"export PYTHONPATH={CHECKOUT / 'src'} PATH={path}; exec {line}"
    job = cluster.run("sbatch", "--parsable", *options, f"--wrap={wrapped}").stdout.strip()
    deadline = time.monotonic() + PATIENCE_S
    # sbatch's own --wait looks again after up to half a minute only.
    while (state := cluster.run("squeue", "-h", "-t", "all", "-j", job, "-o", "%T").stdout.strip()) in UNFINISHED:
        assert time.monotonic() < deadline, f"job {job} is still {state}"
        time.sleep(0.3)
    return str(state)


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
