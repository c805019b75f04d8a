"""An emulated Fujitsu PJM on this machine, for as long as a test needs it.

    with EmulatedPjm(folder, dialect="wisteria", clock=0.05, elapse_scale=0.1) as pjm:
        subprocess.run(["pjsub", "job.sh"], env=os.environ | pjm.environment())

Jobs are real processes; README.md says on what each behaviour rests.
"""

import json
import os
import pwd
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any

from emulators.pjm.command import FAULTS, FIRST_NUMBERS
from emulators.pjm.marked import kill_marked, marked
from emulators.pjm.records import JobRecord, Submission, job_record
from emulators.pjm.scheduling import schedule
from emulators.pjm.sites import SITES, Site
from emulators.pjm.store import ENDED, Store

BIN = Path(__file__).with_name("bin")
DELAYS_S = {
    "accept": 1.0,
    "allocate": 1.0,
    "prologue": 0.0,
    "epilogue": 0.0,
    "runout": 1.0,
    "delete": 1.0,
    "history": 3.0,
    "grace": 10.0,
}
FAULT_NAMES = (
    *(f"{program}_{kind}" for program in FIRST_NUMBERS for kind in FAULTS if kind != "loading" or program == "pjstat"),
    *("pjsub_full", "pjsub_hangs_after", "pjsub_killed_after"),
    *("job_rejected", "job_parked", "job_lost", "job_node_fails", "job_killed"),
)
FIRST_ID = 1_334_861
LEAVING_S = 20.0
PAUSE_S = 0.02
DAY_S = 86_400


class SurvivorsError(AssertionError):
    """A process outlived its job or the emulator, or a supervisor failed."""


class EmulatedPjm:
    """A job manager whose state is a folder; leaving the context ends every process of every job.

    Raises SurvivorsError on leaving if a process of a job was alive after its job had ended, if one cannot be killed,
    or if a supervisor met with an error of its own.
    """

    def __init__(
        self,
        folder: Path,
        *,
        dialect: str = "tcs",
        table: str | Site = "wisteria",
        nodes: int = 45,
        gpus_per_node: int = 8,
        accept_limit: int = 16,
        run_limit: int = 8,
        delays: Mapping[str, float] | None = None,
        clock: float = 1.0,
        elapse_scale: float = 1.0,
        told_limit: str = "real",
        pjwait_allowed: bool | None = None,
        exit_code_when_signalled: int = 1,
        first_id: int = FIRST_ID,
        scheduled_stop: float | None = None,
    ) -> None:
        """Set it up; `with` starts it.

        `dialect`: output of pjstat, `tcs` (the manual's) or `wisteria` (the site's wrapper). `table`: a name of
        sites.SITES or a Site. `delays`: PJM's own seconds, over DELAYS_S: accept (ACC), allocate (RNA), prologue (RNP),
        epilogue (RNE), runout (RNO), delete (from pjdel or pjhold to its effect), history (from a job's end to its
        appearance in `pjstat -H`), grace (from SIGXCPU to SIGKILL). `clock`: real seconds of each of those seconds.
        `elapse_scale`: real seconds of each second of elapse that a job asked for; PJM_ELAPSE_LIMIT is the real time,
        in whole seconds and at least 1, or with told_limit="requested" what was asked for. `pjwait_allowed`: by default
        with the dialect `tcs` only. `exit_code_when_signalled`: EC of a script that a signal ended.
        `scheduled_stop`: seconds since 1970, for the wrapper's banner.
        """
        site = SITES[table] if isinstance(table, str) else table
        if unknown := set(delays or {}) - set(DELAYS_S):
            raise ValueError(f"no such delays: {', '.join(sorted(unknown))}")
        self.folder = folder.absolute()
        self._mark = uuid.uuid4().hex
        self._settings = {
            "dialect": dialect,
            "site": site.as_json(),
            "nodes": nodes,
            "gpus_per_node": gpus_per_node,
            "accept_limit": accept_limit,
            "run_limit": run_limit,
            "delays": DELAYS_S | dict(delays or {}),
            "clock": clock,
            "elapse_scale": elapse_scale,
            "told_limit": told_limit,
            "pjwait_allowed": dialect == "tcs" if pjwait_allowed is None else pjwait_allowed,
            "exit_code_when_signalled": exit_code_when_signalled,
            "next_id": first_id,
            "scheduled_stop": scheduled_stop or time.time() + 22.7 * DAY_S,
            "user": pwd.getpwuid(os.getuid()).pw_name,
            "mark": self._mark,
            "closing": False,
        }

    def __enter__(self) -> "EmulatedPjm":
        self.folder.mkdir(parents=True, exist_ok=True)
        # A program's own start is most of what it costs: no virtual environment, no wrapper of a version manager.
        (self.folder / "python").symlink_to(Path(sys.executable).resolve())
        with self._store() as store:
            store.create()
        self.change(**self._settings)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        overdue = self._processes_of_ended_jobs()
        self.change(closing=True)
        deadline = time.monotonic() + LEAVING_S
        while self._supervisors() and time.monotonic() < deadline:
            time.sleep(PAUSE_S)
        left, log = kill_marked(self._mark), self.folder / "supervisors.log"
        failed = log.read_text() if log.exists() else ""
        if error is None and (overdue or left or failed):
            raise SurvivorsError(f"outlived their jobs: {overdue}; cannot be killed: {left}; supervisors say: {failed}")

    def environment(self) -> dict[str, str]:
        """Return the variables that a controller needs, to be put over its own environment."""
        return {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PJM_EMULATOR": str(self.folder)}

    def jobs(self) -> list[JobRecord]:
        """Return all jobs ever accepted, in order of their ids."""
        processes = self._processes()
        with self._store() as store:
            rows = store.query("SELECT * FROM jobs ORDER BY id")
        return [job_record(row, processes.get(row["id"], ())) for row in rows]

    def job(self, job_id: str | int) -> JobRecord:
        """Return one job. Raises KeyError if there is none of this id."""
        return {job.id: job for job in self.jobs()}[str(job_id)]

    def live(self) -> list[JobRecord]:
        """Return the jobs that have not ended, also those that PJM has forgotten, and those with living processes."""
        return [job for job in self.jobs() if job.state not in ENDED or job.pids]

    def submissions(self) -> list[Submission]:
        """Return every accepted submission in order of time."""
        return [Submission(job.id, job.name, job.accepted_at) for job in self.jobs()]

    def calls(self, program: str) -> int:
        """Return how often a program was run."""
        return len(self.call_times(program))

    def call_times(self, *programs: str) -> list[float]:
        """Return when one of some programs was run, in seconds since 1970."""
        with self._store() as store:
            rows = store.query("SELECT program, at FROM calls ORDER BY at")
        return [row["at"] for row in rows if row["program"] in programs]

    def set_fault(
        self,
        name: str,
        *,
        calls: int | None = None,
        probability: float = 1.0,
        seed: int = 0,
        match: str = "",
        **how: Any,
    ) -> None:
        """Order a fault, in place of an earlier one of the same name.

        It happens to the next `calls` calls of the program or jobs (None: to all), each with a `probability` drawn from
        `seed`. Faults of jobs are drawn when they are submitted; `match` limits them to jobs whose name holds it.

        For each of pjsub, pjstat, pjwait, pjdel, pjhold, pjrls: `<program>_slow` (seconds: real ones, before anything
        else), `_hangs` (before anything is done, until it is killed), `_away` (message 90 of the program's hundred:
        0090, 0190, 0290, 0690), `_refused` (70), `_truncated` (keep: share of stdout that is printed, 0.5 if not given;
        exit 0). `pjstat_loading`: the line of message 0281 comes first.
        pjsub alone: `pjsub_full` (0072), `pjsub_hangs_after` and `pjsub_killed_after` (the job is accepted, nothing is
        printed; pjsub hangs until it is killed, or dies of SIGKILL at once).
        Jobs: `job_rejected` (RJT after ACC), `job_parked` (ERR after RNA), `job_lost` (in no list any more; state:
        "QUE", or "RUN" as by default; with the latter after_s: real seconds of RUN, 0; processes: "go on" as by
        default, or "gone"), `job_node_fails` (after_s), `job_killed` (after_s, pjm_code, reason); each in a job's first
        run.
        """
        if name not in FAULT_NAMES:
            raise ValueError(f"no fault {name}; there are {', '.join(FAULT_NAMES)}")
        terms = json.dumps({"probability": probability, "seed": seed, "match": match, **how})
        with self._store() as store, store:
            store.query("REPLACE INTO faults (name, how, remaining) VALUES (?, ?, ?)", name, terms, calls)

    def clear_faults(self) -> None:
        """Take back all faults that have not happened; jobs already submitted keep theirs."""
        with self._store() as store, store:
            store.query("DELETE FROM faults")

    def fail_node(self, job_id: str | int) -> None:
        """Have a node of a running job fail: its processes die, and PJM runs it again unless it has --norestart."""
        with self._store() as store:
            with store:
                store.update(int(job_id), node_failed=1)
            store.wake(int(job_id))

    def age(self, job_id: str | int, days: float) -> None:
        """Let an ended job have ended so many days earlier, for the window of `pjstat -H`."""
        with self._store() as store, store:
            store.query("UPDATE jobs SET ended_at = ended_at - ? WHERE id = ?", days * DAY_S, int(job_id))

    def change(self, **settings: Any) -> None:
        """Change settings of the constructor while it runs, for what happens from now on: nodes, run_limit, ...

        `delays` has to be whole. Delays of jobs that exist stay as they are.
        """
        if unknown := set(settings) - set(self._settings):
            raise ValueError(f"no such settings: {', '.join(sorted(unknown))}")
        with self._store() as store:
            with store:
                for name, value in settings.items():
                    store.set_setting(name, value)
            for row in store.query("SELECT id FROM jobs WHERE ended_at IS NULL"):
                store.wake(row["id"])
            schedule(store)

    def wait(self, seconds: float = 60.0) -> list[JobRecord]:
        """Wait until no job is live, and return all. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while live := self.live():
            if time.monotonic() > deadline:
                raise TimeoutError(f"still live after {seconds} s: {live}")
            time.sleep(PAUSE_S)
        return self.jobs()

    def _store(self) -> closing[Store]:
        """Return a connection for one thread and a moment."""
        return closing(Store(self.folder))

    def _supervisors(self) -> list[int]:
        return [pid for pid, variables in marked(self._mark).items() if "PJM_JOBID" not in variables]

    def _processes(self) -> dict[int, tuple[int, ...]]:
        """Return the living processes of each job."""
        found: dict[int, tuple[int, ...]] = {}
        for pid, variables in marked(self._mark).items():
            if job_id := variables.get("PJM_JOBID"):
                found[int(job_id)] = (*found.get(int(job_id), ()), pid)
        return found

    def _processes_of_ended_jobs(self) -> dict[str, tuple[int, ...]]:
        return {job.id: job.pids for job in self.jobs() if job.state in ENDED and job.pids}
