"""The embedded study, whole, in a fresh folder: wall time, its share inside training steps, peak memory."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
WALL_GOAL_MINUTES = 8
SHARE_GOAL = 0.75
MEMORY_GOAL_GB = 1.5
PEAK_MIB = re.compile(r"^tenbin: took .* (\d+) MiB of memory", re.MULTILINE)


def measure() -> list[tuple[str, str, str]]:
    """Return wall time, share of core time inside training steps, and the largest training job's memory."""
    with tempfile.TemporaryDirectory() as place:
        cores = len(os.sched_getaffinity(0))
        wall_s = run_study(Path(place), cores)
        share = seconds_in_steps(Path(place)) / (cores * wall_s)
        memory_gb, jobs = peak_memory_gb(Path(place))
    return [
        (
            f"the embedded study on {cores} cores, {jobs} training jobs",
            f"{wall_s / 60:.1f} min",
            f"<= {WALL_GOAL_MINUTES} min",
        ),
        ("its share of core time inside training steps", f"{share:.0%}", f">= {SHARE_GOAL:.0%}"),
        ("peak memory of its largest training job", f"{memory_gb:.2f} GB", f"<= {MEMORY_GOAL_GB} GB"),
    ]


def run_study(folder: Path, cores: int) -> float:
    """Run the study and its report; return wall seconds."""
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--snakefile", str(CHECKOUT / "Snakefile")]
    command += ["--directory", str(folder), "--quiet", "rules", "--max-jobs-per-timespan", "1000/5s"]
    started = time.perf_counter()
    subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    subprocess.run([*command, "--report", str(folder / "results" / "report.html")], check=True)
    return time.perf_counter() - started


def seconds_in_steps(folder: Path) -> float:
    """Return the seconds that all training steps of one-thread runs took together."""
    histories = (folder / "results" / "runs").rglob("history.jsonl")
    return sum(json.loads(line)["seconds"] for history in histories for line in history.read_text().splitlines())


def peak_memory_gb(folder: Path) -> tuple[float, int]:
    """Return the largest resident memory of a training job, as its log tells it, and their number."""
    logs = list((folder / "results" / "logs" / "train_segment").rglob("*.log"))
    peaks = [float(peak) for log in logs for peak in PEAK_MIB.findall(log.read_text(encoding="utf-8"))]
    return max(peaks) / 1024, len(logs)
