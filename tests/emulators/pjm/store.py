"""State of the emulated job manager: an SQLite file in a folder, written under a file lock; and a pipe to each job.

SQLite's own waiting for a lock tries again after growing pauses; with two hundred supervisors a queue in the kernel is
quicker and fair.
"""

import contextlib
import fcntl
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY, token TEXT, name TEXT, submitted_as TEXT, work_directory TEXT, gname TEXT, rscgrp TEXT,
    queue TEXT, nodes INTEGER, gpus INTEGER, processes INTEGER, elapse_s INTEGER, norestart INTEGER, options TEXT,
    environment TEXT, trouble TEXT DEFAULT '{}',
    state TEXT DEFAULT 'ACC', last_state TEXT DEFAULT '-',
    exit_code INTEGER DEFAULT 0, pjm_code INTEGER DEFAULT 0, signal INTEGER DEFAULT 0, reason TEXT DEFAULT '-',
    accepted_at REAL, started_at REAL, ended_at REAL, allocated TEXT DEFAULT '[]', runs INTEGER DEFAULT 0,
    hidden INTEGER DEFAULT 0,
    delete_wanted INTEGER DEFAULT 0, enforce INTEGER DEFAULT 0, hold_wanted INTEGER DEFAULT 0,
    node_failed INTEGER DEFAULT 0
);
CREATE TABLE calls (program TEXT, at REAL);
CREATE TABLE faults (name TEXT PRIMARY KEY, how TEXT, remaining INTEGER, draws INTEGER DEFAULT 0);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT);
"""
ENDED = ("EXT", "CCL", "RJT")
PATIENCE_S = 60.0
MARK = "PJM_EMULATOR_MARK"
"""Environment variable of every supervisor and every process of a job; by it they are found when the emulator ends."""

Row = sqlite3.Row


class Store:
    """A connection. As a context it is one transaction: nobody else writes meanwhile, and an exception undoes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._database = sqlite3.connect(folder / "state.db", isolation_level=None, timeout=PATIENCE_S)
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA synchronous = OFF")
        self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)

    def __enter__(self) -> "Store":
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._database.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._database.execute("COMMIT" if kind is None else "ROLLBACK")
        fcntl.flock(self._lock, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the files."""
        self._database.close()
        os.close(self._lock)

    def create(self) -> None:
        """Make the tables."""
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.executescript(SCHEMA)

    def query(self, sql: str, *values: Any) -> list[Row]:
        """Return rows."""
        return self._database.execute(sql, values).fetchall()

    def setting(self, name: str) -> Any:
        """Return what the emulator was started with."""
        return json.loads(self.query("SELECT value FROM settings WHERE name = ?", name)[0]["value"])

    def set_setting(self, name: str, value: Any) -> None:
        """Keep a setting."""
        self.query("REPLACE INTO settings VALUES (?, ?)", name, json.dumps(value))

    def job(self, job_id: int) -> Row | None:
        """Return one job."""
        return next(iter(self.query("SELECT * FROM jobs WHERE id = ?", job_id)), None)

    def update(self, job_id: int, **values: Any) -> None:
        """Change columns of a job."""
        assignments = ", ".join(f"{name} = ?" for name in values)
        self.query(f"UPDATE jobs SET {assignments} WHERE id = ?", *values.values(), job_id)  # noqa: S608  # own names

    def spool(self, job_id: int) -> Path:
        """Return the folder that holds the script of a job and what its processes need."""
        return self.folder / "spool" / str(job_id)

    def wake(self, job_id: int) -> None:
        """Have a job's supervisor look at the state again; one that is gone needs no waking."""
        with contextlib.suppress(OSError):
            pipe = os.open(self.spool(job_id) / "wake", os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(pipe, b"!")
            finally:
                os.close(pipe)
