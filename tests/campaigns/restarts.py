"""The tiny study with Snakemake killed again and again: no job is handed over twice, and the losses are the same.

PYTHONPATH=src:tests python -m campaigns.restarts --kills 10 --seed 7
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from campaigns.faults import TRAINING, say
from harness import Workflow, lay_out
from pjm_runs import CHECKOUT, ON_A_NODE, Place, emulated, study_words

LIFE_S = (1.0, 15.0)


def run_with_kills(study: Workflow, kills: int, chance: random.Random) -> list[str]:
    """Kill Snakemake so often, at moments of chance, then let it finish; return what was handed over twice."""
    words = [*study_words(study), *ON_A_NODE, *TRAINING, "--rerun-incomplete", "--jobs", "3"]
    with emulated(study.folder / "pjm") as pjm:
        place = Place(study.folder, pjm)
        for kill in range(1, kills + 1):
            life_s = chance.uniform(*LIFE_S)
            live_and_die(place, words, life_s)
            say(f"kill {kill} after {life_s:.1f} s: {len(pjm.live())} of {len(pjm.jobs())} jobs live")
        place.run(*words, patience_s=1800)
        return place.twice()


def live_and_die(place: Place, words: list[str], life_s: float) -> None:
    """Run Snakemake for so many seconds and kill it."""
    with place.start(*words) as controller:
        deadline = time.monotonic() + life_s
        while time.monotonic() < deadline and controller.process.poll() is None:
            time.sleep(0.02)
        controller.kill()
    place.unlock(*words)


def main() -> int:
    """Run the study with kills and without."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10, help="how many (10)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6, help="of the moments (another each time)")
    arguments = parser.parse_args()
    say(f"{arguments.kills} kills with --seed {arguments.seed}")
    with tempfile.TemporaryDirectory() as place:
        undisturbed, killed = (fresh(Path(place) / name) for name in ("undisturbed", "killed"))
        undisturbed.run()
        twice = run_with_kills(killed, arguments.kills, random.Random(arguments.seed))
        same = killed.losses() == undisturbed.losses()
    print("\n".join([*twice, f"{len(twice)} jobs handed over twice; losses {'the same' if same else 'DIFFERENT'}"]))
    return 0 if same and not twice else 1


def fresh(folder: Path) -> Workflow:
    """Return a tiny study of which nothing has run."""
    folder.mkdir()
    return lay_out(folder, CHECKOUT)


if __name__ == "__main__":
    sys.exit(main())
