"""A job's script while it runs: its time limit, pjdel and pjhold, and the faults of its nodes; whatever comes first."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from emulators.pjm.desk import Desk
from emulators.pjm.job_process import codes, reap, signal_all
from emulators.pjm.pjm_codes import DELETED, ELAPSE_LIMIT, HELD, NODE_FAILURE

Event = tuple[float, Callable[[], None]]


class Ending:
    """How a run of the script ended; `again`: the job has to run once more."""

    def __init__(self, pjm_code: int, reason: str, codes: dict[str, int], *, again: bool = False) -> None:
        self.pjm_code, self.reason, self.codes, self.again = pjm_code, reason, codes, again


def watch(desk: Desk, shell: int, limit_s: float) -> Ending:
    """Wait for the end of the script, and bring it about when its time is over or somebody wishes it."""
    return _Watch(desk, shell, limit_s).until_the_end()


class _Watch:
    def __init__(self, desk: Desk, shell: int, limit_s: float) -> None:
        self._desk, self._shell = desk, shell
        self._pjm_code, self._reason, self._again = 0, "-", False
        now, self._agenda = time.monotonic(), list[Event]()
        self._heard: set[str] = set()
        self._agenda.append((now + limit_s, self._limit))
        for name, action in {"node_fails": self._fail_node, "killed": self._kill, "lost": self._lose}.items():
            if name in desk.troubles and desk.job()["runs"] == 1:
                self._agenda.append((now + desk.troubles[name].get("after_s", 0.0), action))

    def until_the_end(self) -> Ending:
        handle = os.pidfd_open(self._shell)
        try:
            while (status := reap(self._shell)) is None:
                self._hear()
                self._agenda.sort(key=lambda event: event[0])
                if self._agenda and self._agenda[0][0] <= time.monotonic():
                    self._agenda.pop(0)[1]()
                else:
                    pause_s = self._agenda[0][0] - time.monotonic() if self._agenda else float("inf")
                    self._desk.nap(pause_s, handle)
        finally:
            os.close(handle)
        ended = codes(status, self._desk.store.setting("exit_code_when_signalled"))
        return Ending(self._pjm_code, self._reason, ended, again=self._again)

    def _hear(self) -> None:
        """Note what others wish: each once."""
        job, now = self._desk.look(), time.monotonic()
        for wish, action, delay_s in (
            ("delete_wanted", self._delete, self._desk.delays["delete"]),
            ("hold_wanted", self._hold, self._desk.delays["delete"]),
            ("node_failed", self._fail_node, 0.0),
        ):
            if job[wish] and wish not in self._heard:
                self._heard.add(wish)
                self._agenda.append((now + delay_s, action))

    def _limit(self) -> None:
        self._pjm_code, self._reason = ELAPSE_LIMIT, "ELAPSE LIMIT EXCEEDED"
        signal_all(signal.SIGXCPU)
        self._agenda.append((time.monotonic() + self._desk.delays["grace"], lambda: signal_all(signal.SIGKILL)))

    def _delete(self) -> None:
        self._stop(DELETED)
        self._reason = self._desk.job()["reason"]

    def _hold(self) -> None:
        self._stop(HELD, again=True)

    def _fail_node(self) -> None:
        self._stop(NODE_FAILURE, again=not self._desk.job()["norestart"])

    def _kill(self) -> None:
        how: dict[str, Any] = self._desk.troubles["killed"]
        self._stop(how["pjm_code"])
        self._reason = how.get("reason", "-")

    def _lose(self) -> None:
        with self._desk.store:
            self._desk.store.update(self._desk.job_id, hidden=1)
        if self._desk.troubles["lost"].get("processes") == "gone":
            self._stop(NODE_FAILURE)

    def _stop(self, pjm_code: int, *, again: bool = False) -> None:
        self._pjm_code, self._again = pjm_code, again
        signal_all(signal.SIGKILL)
