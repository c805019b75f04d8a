"""What planning costs beyond Snakemake itself: both studies against their hollow twins, and ten times the files."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import yaml
from hollow import write_hollow_workflow
from snakemake.utils import update_config

from tenbin.planning import TextInputs
from tenbin.study.model import Study
from tenbin.study.reading import load_yaml, read_study

CHECKOUT = Path(__file__).resolve().parents[1]
PUBLISHED = CHECKOUT / "config" / "published.yaml"
ROUNDS = {"the embedded study": 7, "the published study": 5}
GOAL = 1.3
TIMES_THE_FILES = 10

Row = tuple[str, str, str]


def measure() -> list[Row]:
    """Return the ratios of planning times, real over hollow, and how time grows with the files."""
    return [
        compare("the embedded study", []),
        compare("the published study", ["--configfile", str(PUBLISHED)]),
        grow(),
    ]


def compare(name: str, arguments: list[str]) -> Row:
    """Return the row of one study against its hollow twin."""
    with tempfile.TemporaryDirectory() as place:
        real, hollow = Path(place, "real"), Path(place, "hollow")
        real.mkdir()
        hollow.mkdir()
        plan = snakemake(real, CHECKOUT / "Snakefile", "--dry-run", *arguments)
        study = read(arguments[1:])
        write_hollow_workflow(CHECKOUT, plan, TextInputs(study, study.pathvars.get("results", "results")), hollow)
        jobs = {count_jobs(real, CHECKOUT / "Snakefile", arguments), count_jobs(hollow, hollow / "Snakefile", [])}
        assert len(jobs) == 1, f"the twin plans other jobs: {jobs}"
        pairs = [
            (clock(real, CHECKOUT / "Snakefile", arguments), clock(hollow, hollow / "Snakefile", []))
            for _ in range(ROUNDS[name])
        ]
    ratio = median(a / b for a, b in pairs)
    times = f"{median(a for a, _ in pairs):.2f} s against {median(b for _, b in pairs):.2f} s, {jobs.pop()} jobs"
    return (f"planning {name}, over the same rules hollow", f"{ratio:.2f} x ({times})", f"<= {GOAL} x")


def grow() -> Row:
    """Return how much longer ten times the published study's files take to plan."""
    with tempfile.TemporaryDirectory() as place:
        overlay = load_yaml(PUBLISHED)
        for corpus, last in (("pile", 30), ("mc4ja", 1024)):
            overlay["corpora"][corpus]["train"] = [f"train/{{00000..{TIMES_THE_FILES * last - 1:05d}}}.json.gz"]
        more = Path(place, "more.yaml")
        more.write_text(yaml.safe_dump(overlay), encoding="utf-8")
        times = []
        for config in (PUBLISHED, more):
            arguments = ["--configfile", str(config)]
            jobs = count_jobs(Path(place), CHECKOUT / "Snakefile", arguments)
            times.append((clock(Path(place), CHECKOUT / "Snakefile", arguments), jobs))
    (one, jobs), (ten, more_jobs) = times
    measured = f"{ten / one:.1f} x for {more_jobs / jobs:.1f} x the jobs ({one:.1f} s, {ten:.1f} s)"
    return (f"planning {TIMES_THE_FILES} x the published study's files", measured, "linear")


def read(overlays: list[str]) -> Study:
    """Return the study of the repository's config and overlays, merged as Snakemake does."""
    config = load_yaml(CHECKOUT / "config.yaml")
    for overlay in overlays:
        update_config(config, load_yaml(Path(overlay)))
    return read_study(config, [])


def clock(folder: Path, snakefile: Path, arguments: list[str]) -> float:
    """Return the CPU-bound wall seconds of one quiet dry run."""
    started = time.perf_counter()
    snakemake(folder, snakefile, "--dry-run", "--quiet", *arguments)
    return time.perf_counter() - started


def count_jobs(folder: Path, snakefile: Path, arguments: list[str]) -> int:
    """Return the number of planned jobs."""
    printed = snakemake(folder, snakefile, "--dry-run", "--quiet", "rules", *arguments)
    return next(int(line.split()[1]) for line in printed.splitlines() if line.startswith("total"))


def snakemake(folder: Path, snakefile: Path, *arguments: str) -> str:
    """Return what a call of Snakemake prints."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--snakefile", str(snakefile)]
    command += ["--directory", str(folder), *arguments]
    done = subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout
