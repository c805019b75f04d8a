"""A whole study with its jobs under the emulated PJM: it must end in the losses of a run on this machine alone.

    PYTHONPATH=src:tests python -m campaigns.backends
    PYTHONPATH=src:tests python -m campaigns.backends --study tests/studies/tiny.yaml

Without a study it is the embedded one, half an hour for each of the two runs on two cores; the checkout's own results
serve as the local run if Snakemake finds nothing to be done there.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import yaml
from campaigns.faults import say
from pjm_runs import CHECKOUT, ON_A_NODE, Controller, Place, emulated

STEPS = re.compile(r"^(\d+) of (\d+) steps \((\d+)%\) done", re.MULTILINE)
EVERY_PERCENT = 5
LOOK_S = 2.0
TRAINING = ("--set-resources", "train_segment:runtime=120")


@dataclass(frozen=True)
class Study:
    """A study in a folder of its own."""

    folder: Path
    overlay: Path | None

    @property
    def losses(self) -> str:
        """Return the path of the table of losses in the folder."""
        config = yaml.safe_load(self.overlay.read_text(encoding="utf-8")) if self.overlay else {}
        return f"{config.get('pathvars', {}).get('results', 'results')}/losses.csv"

    @property
    def words(self) -> list[str]:
        """Return Snakemake's words for the table of losses."""
        configured = ["--configfile", str(self.overlay)] if self.overlay else []
        return ["--snakefile", str(CHECKOUT / "Snakefile"), "--rerun-incomplete", *configured, "--", self.losses]

    def lay_out(self) -> "Study":
        """Make the folder, with the text that the study's config lies beside."""
        self.folder.mkdir(parents=True)
        if self.overlay and (self.overlay.parent / "text").is_dir():
            shutil.copytree(self.overlay.parent / "text", self.folder / "text")
        return self


def run_here(study: Study) -> bytes:
    """Run a study on this machine alone and return its losses."""
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT / "src"), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-m", "snakemake", "--cores", "all", *study.words]
    follow(Controller(study.folder, environment, words), "here")
    return (study.folder / study.losses).read_bytes()


def run_under_pjm(study: Study, jobs: int) -> bytes:
    """Run a study with its jobs under PJM and return its losses."""
    with emulated(study.folder / "pjm", dialect="wisteria") as pjm:
        place = Place(study.folder, pjm)
        # No more jobs at once than the machine has cores for.
        words = ["--pjm-dialect", "wisteria", *ON_A_NODE, *TRAINING, "--jobs", str(jobs), *study.words]
        follow(place.launch(*words), "under PJM")
        if twice := place.twice():
            raise SystemExit("\n".join(["handed over twice:", *twice]))
        say(f"{len(pjm.jobs())} jobs under PJM, {pjm.calls('pjstat')} calls of pjstat")
    return (study.folder / study.losses).read_bytes()


def follow(controller: Controller, where: str) -> None:
    """Wait for Snakemake's end and print how far it is."""
    said = -EVERY_PERCENT
    try:
        while controller.process.poll() is None:
            time.sleep(LOOK_S)
            if (steps := STEPS.findall(controller.said())) and int(steps[-1][2]) >= said + EVERY_PERCENT:
                said = int(steps[-1][2])
                say(f"{where}: {steps[-1][0]} of {steps[-1][1]} jobs, {said} %")
    finally:
        controller.kill()
    if controller.process.returncode:
        raise SystemExit(f"{where}: Snakemake failed, see {controller.log}:\n{controller.said()[-4000:]}")


def finished_results(overlay: Path | None) -> bytes | None:
    """Return the losses that the checkout holds, if they are those of its present code and config."""
    study = Study(CHECKOUT, overlay)
    if not (CHECKOUT / study.losses).is_file():
        return None
    words = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", *study.words]
    plan = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    return (CHECKOUT / study.losses).read_bytes() if "Nothing to be done" in plan.stdout + plan.stderr else None


def main() -> int:
    """Run a study twice and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, help="config of a study (the embedded one)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="jobs at once under PJM (one a core)")
    parser.add_argument("--folder", type=Path, help="a new folder to keep both runs in (a temporary one)")
    arguments = parser.parse_args()
    overlay = arguments.study and arguments.study.absolute()
    with tempfile.TemporaryDirectory() as place:
        folder = (arguments.folder or Path(place)).absolute()
        under_pjm = run_under_pjm(Study(folder / "pjm", overlay).lay_out(), arguments.jobs)
        here = finished_results(overlay) or run_here(Study(folder / "here", overlay).lay_out())
    same = under_pjm == here
    say(f"losses.csv of {len(here.splitlines()) - 1} rows: {'the same bytes' if same else 'DIFFERENT'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
