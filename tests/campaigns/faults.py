"""A hundred random faults over training jobs under the emulated PJM: nothing lost, nothing twice, nothing left behind.

    PYTHONPATH=src:tests python -m campaigns.faults --faults 100 --seed 7

Each round is a copy of a prepared study that Snakemake trains and scores with its jobs under PJM while, every few
seconds, one fault after another happens; rounds go on until all have (one that comes too late comes again). An
undisturbed run on this machine says what the losses must be, bit for bit.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from campaigns.mishaps import MISHAPS, Scene
from campaigns.prepared import LOSSES, copy_of, prepare
from harness import Workflow
from pjm_runs import ASKED_S, ON_A_NODE, Place, emulated, study_words

PAUSE_S = (1.0, 5.0)
LONGEST_ROUND_S = 1200.0
TRAINING = ("--set-resources", f"train_segment:runtime={ASKED_S // 60}")
PATIENT = ("--retries", "20", "--rerun-incomplete", "--keep-going", "--jobs", "4")
RESUBMITTING = ("--pjm-time-limit-resubmits", "20", "--pjm-node-fault-resubmits", "20")


@dataclass
class Outcome:
    """What a campaign came to."""

    seed: int
    rounds: int = 0
    jobs: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    """Work that never came to its end."""
    twice: list[str] = field(default_factory=list)
    """Jobs handed over while an earlier one of the same target lived or had succeeded."""
    left: list[str] = field(default_factory=list)
    """Jobs and processes that outlived their workflow."""
    different: list[str] = field(default_factory=list)
    """Rounds whose losses are not those of the undisturbed run."""

    @property
    def clean(self) -> bool:
        """Return whether nothing went wrong."""
        return not (self.lost or self.twice or self.left or self.different)

    def __str__(self) -> str:
        kinds = "\n".join(f"  {count:3} x {name}" for name, count in sorted(self.faults.items()))
        wrong = "\n".join(f"  {line}" for line in (*self.lost, *self.twice, *self.left, *self.different))
        return (
            f"seed {self.seed}: {self.faults.total()} faults over {self.jobs} jobs in {self.rounds} rounds:\n{kinds}\n"
            f"{len(self.lost)} lost, {len(self.twice)} handed over twice, {len(self.left)} left behind, "
            f"{len(self.different)} rounds with other losses" + (f":\n{wrong}" if wrong else "")
        )


def run_campaign(folder: Path, faults: int, seed: int) -> Outcome:
    """Let faults happen until there were so many, and each round come to its end."""
    outcome, chance = Outcome(seed), random.Random(seed)
    deck = draw(faults, chance)
    prepared = prepare(folder / "prepared")
    undisturbed = copy_of(prepared, folder / "undisturbed")
    undisturbed.run(LOSSES)
    while deck:
        outcome.rounds += 1
        study = copy_of(prepared, folder / f"round{outcome.rounds}")
        run_round(study, deck, chance, outcome, undisturbed.losses())
    return outcome


def draw(count: int, chance: random.Random) -> list[str]:
    """Return so many kinds of faults in random order, each as often as any other but for one."""
    deck: list[str] = []
    while len(deck) < count:
        deck += chance.sample(list(MISHAPS), len(MISHAPS))
    return deck[:count]


def run_round(study: Workflow, deck: list[str], chance: random.Random, outcome: Outcome, losses: bytes) -> None:
    """Run a study to its end, with faults from the deck for as long as it runs."""
    # Fewer run than are handed over, so that some wait.
    with emulated(study.folder / "pjm", run_limit=3) as pjm:
        place = Place(study.folder, pjm)
        words = [*study_words(study), *ON_A_NODE, *TRAINING, *PATIENT, *RESUBMITTING, LOSSES]
        scene = Scene(place, words, chance, place.launch(*words), outcome.left)
        try:
            disturb(scene, deck, outcome)
        finally:
            scene.controller.kill()
        scene.take_back()
        outcome.faults.subtract(scene.missed)
        deck[:0] = scene.missed
        judge(place, study, outcome, losses)


def disturb(scene: Scene, deck: list[str], outcome: Outcome) -> None:
    """Let faults happen until Snakemake ends."""
    started = time.monotonic()
    while not ended_within(scene, scene.chance.uniform(*PAUSE_S)):
        if time.monotonic() - started > LONGEST_ROUND_S:
            outcome.lost.append(f"round {outcome.rounds} came to no end: {scene.controller.said()[-2000:]}")
            return
        if deck:
            let_happen(scene, deck, outcome)
    if scene.controller.process.returncode:
        outcome.lost.append(f"round {outcome.rounds} failed: {scene.controller.said()[-2000:]}")


def let_happen(scene: Scene, deck: list[str], outcome: Outcome) -> None:
    """Let the next fault happen; one that finds nothing to happen to goes back under the others."""
    kind = deck.pop()
    what = MISHAPS[kind](scene)
    if what is None:
        deck.insert(0, kind)
    else:
        outcome.faults[kind] += 1
        say(f"round {outcome.rounds}, fault {outcome.faults.total()}: {kind}: {what}")


def ended_within(scene: Scene, pause_s: float) -> bool:
    """Return whether Snakemake ends within so many seconds."""
    deadline = time.monotonic() + pause_s
    while time.monotonic() < deadline and scene.controller.process.poll() is None:
        scene.do_what_is_due()
        time.sleep(0.05)
    return scene.controller.process.poll() is not None


def judge(place: Place, study: Workflow, outcome: Outcome, losses: bytes) -> None:
    """Count what is wrong at the end of a round."""
    name = f"round {outcome.rounds}"
    outcome.jobs += len(place.pjm.jobs())
    outcome.lost += [
        f"{name}: {count} of {rule} left to do" for rule, count in study.plan(LOSSES, "--rerun-incomplete").items()
    ]
    outcome.twice += [f"{name}: {line}" for line in place.twice()]
    outcome.left += [f"{name}: job {job.id} is {job.state}" for job in place.pjm.live()]
    if not (study.results / "losses.csv").exists() or study.losses() != losses:
        outcome.different.append(name)


def say(line: str) -> None:
    """Print a line with the time."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def main() -> int:
    """Run a campaign and print what it came to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=100, help="how many (100)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6, help="of what is drawn (another each time)")
    parser.add_argument("--folder", type=Path, help="an empty folder to keep everything in (a temporary one)")
    arguments = parser.parse_args()
    say(f"{arguments.faults} faults with --seed {arguments.seed}")
    with tempfile.TemporaryDirectory() as place:
        outcome = run_campaign(arguments.folder or Path(place), arguments.faults, arguments.seed)
    print(outcome)
    return 0 if outcome.clean else 1


if __name__ == "__main__":
    sys.exit(main())
