"""What planning costs beyond Snakemake itself: the embedded study against its hollow twin."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from hollow import write_hollow_workflow

from tenbin.planning import Inputs
from tenbin.study.reading import load_yaml, read_study

CHECKOUT = Path(__file__).resolve().parents[1]
ROUNDS = 7
GOAL = 1.3


def measure() -> list[tuple[str, str, str]]:
    """Return the ratio of planning times, real over hollow."""
    with tempfile.TemporaryDirectory() as place:
        real, hollow = Path(place, "real"), Path(place, "hollow")
        real.mkdir()
        hollow.mkdir()
        plan = snakemake(real, CHECKOUT / "Snakefile", "--dry-run")
        inputs = Inputs(read_study(load_yaml(CHECKOUT / "config.yaml"), []), "results")
        write_hollow_workflow(CHECKOUT, plan, inputs, hollow)
        counts = {count_jobs(real, CHECKOUT / "Snakefile"), count_jobs(hollow, hollow / "Snakefile")}
        assert len(counts) == 1, f"the twin plans other jobs: {counts}"
        pairs = [(clock(real, CHECKOUT / "Snakefile"), clock(hollow, hollow / "Snakefile")) for _ in range(ROUNDS)]
    ratio = median(a / b for a, b in pairs)
    times = f"{median(a for a, _ in pairs):.2f} s against {median(b for _, b in pairs):.2f} s, {counts.pop()} jobs"
    return [("planning the embedded study, over the same rules hollow", f"{ratio:.2f} x ({times})", f"<= {GOAL} x")]


def clock(folder: Path, snakefile: Path) -> float:
    """Return the CPU-bound wall seconds of one quiet dry run."""
    started = time.perf_counter()
    snakemake(folder, snakefile, "--dry-run", "--quiet")
    return time.perf_counter() - started


def count_jobs(folder: Path, snakefile: Path) -> int:
    """Return the number of planned jobs."""
    printed = snakemake(folder, snakefile, "--dry-run", "--quiet", "rules")
    return next(int(line.split()[1]) for line in printed.splitlines() if line.startswith("total"))


def snakemake(folder: Path, snakefile: Path, *arguments: str) -> str:
    """Return what a call of Snakemake prints."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--snakefile", str(snakefile)]
    command += ["--directory", str(folder), *arguments]
    done = subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout
