"""What can go wrong with jobs under PJM while Snakemake runs: each a function that brings it about."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from emulators.pjm.cluster import DELAYS_S, EmulatedPjm
from emulators.pjm.records import JobRecord
from emulators.pjm.store import Store
from pjm_runs import ASKED_S, CLOCK, Controller, Place

HOLD_S = 4.0
SHORT_LIMITS_S = 5.0


@dataclass
class Scene:
    """A workflow as it runs, to be disturbed; whoever ends Snakemake starts it again."""

    place: Place
    words: list[str]
    chance: random.Random
    controller: Controller
    left: list[str] = field(default_factory=list)
    """What was found alive after an interrupt that should have left nothing."""
    missed: list[str] = field(default_factory=list)
    """Mishaps that were ordered and did not come about."""
    due: list[tuple[float, Callable[[], object]]] = field(default_factory=list)
    """What a mishap does later, on the monotonic clock."""

    def later(self, after_s: float, action: Callable[[], object]) -> None:
        """Do something after a while."""
        self.due.append((time.monotonic() + after_s, action))

    def do_what_is_due(self) -> None:
        """Do what mishaps left for later; call it often."""
        now = time.monotonic()
        ready = [action for when, action in self.due if when <= now]
        self.due = [entry for entry in self.due if entry[0] > now]
        for action in ready:
            action()

    def start_again(self) -> None:
        """Start Snakemake as its user would."""
        self.controller = self.place.launch(*self.words)

    def some_job(self, *states: str) -> JobRecord | None:
        """Return one of the jobs in some states, if there is one."""
        jobs = [job for job in self.place.pjm.live() if job.state in states]
        return self.chance.choice(jobs) if jobs else None

    def by_hand(self, program: str, job: JobRecord) -> str | None:
        """Call a program for a job; return what it says, None if it refuses because the job has just ended."""
        said = self.place.call(program, job)
        return None if "[ERR.]" in said else said

    def order(self, fault: str, **how: Any) -> str:
        """Order a fault of a program's next calls or of the next jobs, and return it in words."""
        drawn = {key: value(self.chance) if callable(value) else value for key, value in how.items()}
        self.place.pjm.set_fault(fault, **drawn)
        return ", ".join(f"{key} {value if isinstance(value, str) else f'{value:.3g}'}" for key, value in drawn.items())

    def take_back(self) -> None:
        """Take back all faults; those that have not happened yet are noted."""
        self.missed += [KINDS[name] for name in faults_to_come(self.place.pjm)]
        self.place.pjm.clear_faults()


def faults_to_come(pjm: EmulatedPjm) -> list[str]:
    """Return the faults that were ordered and have happened to nothing yet."""
    store = Store(pjm.folder)
    try:
        return [row["name"] for row in store.query("SELECT name FROM faults WHERE draws = 0")]
    finally:
        store.close()


Mishap = Callable[[Scene], str | None]
"""Returns what it did, for the log; None if there was nothing to do it to."""


def refuse_to_delete(scene: Scene) -> str:
    """A job is stuck, so that it has to be deleted, and pjdel is away."""
    scene.order("job_parked", calls=1)
    return scene.order("pjdel_away", calls=few)


def fail_a_node(scene: Scene) -> str | None:
    """A node of a running job goes down."""
    if job := scene.some_job("RUN"):
        scene.place.pjm.fail_node(job.id)
        return f"under job {job.id}"
    return None


def delete_by_hand(scene: Scene) -> str | None:
    """The user ends a job, or an operator."""
    job = scene.some_job("QUE", "RUN")
    return scene.by_hand("pjdel", job) if job else None


def hold_and_release(scene: Scene) -> str | None:
    """A waiting job is put on hold, and let go later."""
    job = scene.some_job("QUE")
    if job is None:
        return None
    scene.later(HOLD_S, lambda: scene.place.call("pjrls", job))
    return scene.by_hand("pjhold", job)


def shorten_limits(scene: Scene) -> str:
    """Jobs that start in the next seconds are at their time limit early."""
    limit_s = scene.chance.uniform(3, 7)
    scene.place.pjm.change(elapse_scale=limit_s / ASKED_S)
    scene.later(SHORT_LIMITS_S, lambda: scene.place.pjm.change(elapse_scale=1.0))
    return f"{limit_s:.1f} s for jobs that start within {SHORT_LIMITS_S:g} s"


def delay_accounting(scene: Scene) -> str:
    """A job that ends is in no list for some time."""
    delay_s = scene.chance.uniform(5, 15)
    scene.place.pjm.change(delays=DELAYS_S | {"history": delay_s / CLOCK})
    scene.later(2 * delay_s, lambda: scene.place.pjm.change(delays=DELAYS_S))
    return f"{delay_s:.0f} s"


def kill_snakemake(scene: Scene) -> str:
    """The login node reboots."""
    scene.controller.kill()
    scene.place.unlock(*scene.words)
    scene.start_again()
    return f"with {len(scene.place.pjm.live())} jobs alive"


def interrupt_snakemake(scene: Scene) -> str:
    """The user presses Ctrl-C, and goes on later. PJM answers meanwhile: else jobs may be left, and are named."""
    scene.take_back()
    scene.controller.interrupt()
    scene.controller.wait()
    left = [f"job {job.id} {job.state} after an interrupt" for job in scene.place.pjm.live()]
    scene.left += left
    scene.start_again()
    return f"{len(left)} jobs left"


def few(chance: random.Random) -> int:
    """Return how many calls a fault hits."""
    return chance.randint(1, 3)


def moment(chance: random.Random) -> float:
    """Return how many seconds after its start something happens to a job."""
    return chance.uniform(0, 6)


def seconds(chance: random.Random) -> float:
    """Return how slow a program is."""
    return chance.uniform(2, 8)


ORDERED: dict[str, tuple[str, dict[str, Any]]] = {
    "pjstat hangs": ("pjstat_hangs", {"calls": 1}),
    "pjstat is slow": ("pjstat_slow", {"calls": few, "seconds": seconds}),
    "pjstat: 0290, daemon away": ("pjstat_away", {"calls": few}),
    "pjstat: truncated": ("pjstat_truncated", {"calls": few, "keep": lambda chance: chance.uniform(0.05, 0.95)}),
    "pjstat: data loading": ("pjstat_loading", {"calls": few}),
    "pjsub: 0090, daemon away": ("pjsub_away", {"calls": few}),
    "pjsub: 0072, accept limit": ("pjsub_full", {"calls": few}),
    "pjsub is slow": ("pjsub_slow", {"calls": few, "seconds": seconds}),
    "pjsub hangs after it submitted": ("pjsub_hangs_after", {"calls": 1}),
    "pjsub is killed after it submitted": ("pjsub_killed_after", {"calls": 1}),
    "job rejected": ("job_rejected", {"calls": 1}),
    "job parked in ERR": ("job_parked", {"calls": 1}),
    "job lost": ("job_lost", {"calls": 1, "processes": "gone", "after_s": moment}),
    "job fails with its node": ("job_node_fails", {"calls": 1, "after_s": moment}),
}
"""Faults that the emulator draws, by kind."""
KINDS = {fault: kind for kind, (fault, _) in ORDERED.items()} | {"pjdel_away": "pjdel: 0190, daemon away"}
MISHAPS: dict[str, Mishap] = {
    **{kind: partial(Scene.order, fault=fault, **how) for kind, (fault, how) in ORDERED.items()},
    "pjdel: 0190, daemon away": refuse_to_delete,
    "job at its time limit": shorten_limits,
    "node down": fail_a_node,
    "accounting is delayed": delay_accounting,
    "pjdel by hand": delete_by_hand,
    "pjhold and pjrls": hold_and_release,
    "kill -9 of Snakemake, restart": kill_snakemake,
    "Ctrl-C, restart": interrupt_snakemake,
}
