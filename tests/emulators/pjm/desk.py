"""What a supervisor works with: the job's row, its delays, and a sleep in which it hears the wishes of others."""

import json
import os
import select
import time
from collections.abc import Callable
from typing import Any

from emulators.pjm.pjm_codes import DELETED
from emulators.pjm.store import Row, Store

LONGEST_SLEEP_S = 15.0
"""In case a program was killed after it changed the state and before it woke this one."""
AT_ONCE = ("ACC", "QUE", "RNA", "HLD", "ERR")
"""States without processes, in which pjdel ends a job at once."""


class Leave(Exception):  # noqa: N818  # nothing went wrong
    """The job is over, or PJM has lost it (state `lost`), or the emulator ends (`closing`)."""

    def __init__(self, state: str, **columns: Any) -> None:
        super().__init__(state)
        self.state, self.columns = state, columns


class Desk:
    """One job, as its supervisor sees it."""

    def __init__(self, store: Store, job_id: int) -> None:
        self.store, self.job_id = store, job_id
        self.delays = {name: delay * store.setting("clock") for name, delay in store.setting("delays").items()}
        self.troubles: dict[str, dict[str, Any]] = json.loads(self.job()["trouble"])
        self._pipe = os.open(store.spool(job_id) / "wake", os.O_RDWR | os.O_NONBLOCK)

    def job(self) -> Row:
        """Return the job as it is now."""
        job = self.store.job(self.job_id)
        assert job is not None
        return job

    def become(self, state: str, **columns: Any) -> Row:
        """Change the state."""
        with self.store:
            self.store.update(self.job_id, last_state=self.job()["state"], state=state, **columns)
            return self.job()

    def sleep(self, seconds: float, until: Callable[[Row], object] = lambda _job: False) -> None:
        """Sleep, or until something is so. Raises Leave if the job is deleted meanwhile, or the emulator ends."""
        deadline = time.monotonic() + seconds
        while not until(self.look()) and (left := deadline - time.monotonic()) > 0:
            self.nap(left)

    def look(self) -> Row:
        """Return the job. Raises Leave if the emulator ends, or the job is to be deleted and has no processes."""
        self._leave_if_closing()
        job = self.job()
        if job["delete_wanted"] and (job["state"] in AT_ONCE or job["enforce"]):
            self.pause(self.delays["delete"])
            raise Leave("RJT" if job["state"] == "ACC" else "CCL", pjm_code=DELETED, reason=job["reason"])
        return job

    def pause(self, seconds: float) -> None:
        """Sleep, whatever is wished for. Raises Leave if the emulator ends."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.nap(left)
            self._leave_if_closing()

    def nap(self, seconds: float, file: int | None = None) -> None:
        """Sleep so long, or until somebody wakes this process or the file is ready."""
        poll = select.poll()
        for number in (self._pipe, file):
            if number is not None:
                poll.register(number, select.POLLIN)
        milliseconds = max(0.0, min(seconds, LONGEST_SLEEP_S)) * 1000
        if any(number == self._pipe for number, _ in poll.poll(milliseconds)):
            os.read(self._pipe, 4096)

    def _leave_if_closing(self) -> None:
        if self.store.setting("closing"):
            raise Leave("closing")
