"""PJM codes: how the job manager itself accounts for a job's end, in plain words, and what to do about it.

Listed under `PC` in the manual of pjstat (Technical Computing Suite V4.0L20, Command Reference, J2UL-2549).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """What a code says."""

    words: str
    advice: str = ""


OUT_OF_TIME = frozenset({11, 18})
"""The job was well and had no time left."""
NODE_FAULTS = frozenset({9, 20, 22, 25, 26, 100, 120, 140})
"""Nothing that the job did: the same job may well succeed when it is submitted again."""

MEMORY = "ask for more memory (more nodes, GPUs or cores, whatever brings it here), or have the job use less"
ENVIRONMENT = "look at the job environment (`-L jobenv=`), the modules and the container image"
ADMINISTRATOR = "if it happens again, ask the site's support"
CODES = {
    0: Meaning("PJM itself saw no fault"),
    1: Meaning("removed by pjdel"),
    2: Meaning("rejected when it was checked", "look at its resources and its resource group"),
    3: Meaning("rejected by the site's gate check", "ask the site's support which rule it broke"),
    4: Meaning("held by pjhold", "release it by pjrls, or remove it by pjdel"),
    6: Meaning("cancelled since a step job that it depends on ended otherwise than asked"),
    7: Meaning("cancelled by a deadline of the system", "see the site's schedule of stops"),
    8: Meaning("cancelled by the site's gate check", "ask the site's support which rule it broke"),
    9: Meaning("ended while PJM restored its own state, since it is not to be restarted by PJM"),
    11: Meaning("reached its elapse limit", "raise `runtime`, or have the job save its state and go on in another one"),
    12: Meaning("used more memory than it was given", MEMORY),
    13: Meaning("used more disk than it was given", "have it write less, or elsewhere"),
    16: Meaning(
        "its working directory or its log file cannot be reached from the compute node",
        "run Snakemake in a directory that compute nodes see (on Wisteria under /work, never under the home directory)",
    ),
    18: Meaning("ended to make room, after the least time that it asked for", "raise the least elapse time"),
    20: Meaning("its node went down"),
    21: Meaning("its shell could not be started", "look at the first line of the job script and at the init script"),
    22: Meaning("the interconnect failed"),
    23: Meaning("killed since its node ran out of memory", MEMORY),
    25: Meaning("the job manager changed over to another server and lost it"),
    26: Meaning("the site's prologue or epilogue failed", ADMINISTRATOR),
    27: Meaning("the site's resource management script failed", ADMINISTRATOR),
    28: Meaning("its execution environment could not be made", ENVIRONMENT),
    29: Meaning("its execution environment was described wrongly", ENVIRONMENT),
    30: Meaning("could not be suspended or resumed", ADMINISTRATOR),
    100: Meaning("internal error of the job manager", ADMINISTRATOR),
    120: Meaning("internal error of the job scheduler", ADMINISTRATOR),
    140: Meaning("internal error of the resource management", ADMINISTRATOR),
    160: Meaning("internal error of the Tofu library", ADMINISTRATOR),
    180: Meaning("internal error of the layered storage", ADMINISTRATOR),
}


def meaning_of(code: int) -> Meaning:
    """Return the meaning of a code, also of one that the manual does not list."""
    return CODES.get(code, Meaning("not a code of the manual", ADMINISTRATOR))
