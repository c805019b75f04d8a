"""pjsub: reads a script and its options, refuses what the site refuses, and gives the job a supervisor of its own."""

import json
import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

from emulators.pjm.command import Answer, RefusedError, hang, message, with_hint
from emulators.pjm.faults import draw
from emulators.pjm.limits import check
from emulators.pjm.options import Options, merge, parse_script, parse_words
from emulators.pjm.store import ENDED, MARK, Store

NAME = re.compile(r"[A-Za-z][^/]{0,62}")
LONGEST_KEYWORD = 63
SENT_AS = {name: f"PJM_O_{name}" for name in ("HOME", "LANG", "LOGNAME", "MAIL", "PATH", "SHELL", "TZ")}
NEVER_SENT = ("LD_LIBRARY_PATH", "LD_PRELOAD", "PJM_EMULATOR")
JOB_FAULTS = ("rejected", "parked", "lost", "node_fails", "killed")


def answer(store: Store, _program: str, words: list[str], answer: Answer) -> None:
    """Submit a job."""
    given, files = parse_words(words)
    if len(files) > 1:
        raise with_hint("pjsub", 23, "Multiple script files specified.")
    directory = _working_directory()
    script = _read(files[0]) if files else sys.stdin.buffer.read()
    options = merge(parse_script(script.decode(errors="replace"), files[0] if files else "STDIN"), given)
    job = check(options, store.setting("site")) | {
        "name": _name(options, files),
        "submitted_as": os.path.abspath(files[0]) if files else "STDIN",  # noqa: PTH100  # without following links
        "work_directory": directory,
        "options": json.dumps(options),
        "environment": json.dumps(_environment(options)),
    }
    job_id, mishap = _accept(store, job, script)
    answer.out += _said(options, job_id)
    if mishap:
        answer.instead = lambda: _mishap(store, mishap)


def _working_directory() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        raise RefusedError(message("pjsub", 26, "Current working directory access failed.")) from None


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise RefusedError(message("pjsub", 20, f"File open failed: {path} ({error.errno}).")) from None


def _name(options: Options, files: list[str]) -> str:
    if "-N" in options:
        if not NAME.fullmatch(options["-N"]):
            raise RefusedError(message("pjsub", 4, f"Invalid option argument: -N {options['-N']}."))
        return str(options["-N"])
    name = Path(files[0]).name if files else "STDIN"
    return (f"J{name}" if name[0].isdigit() else name)[:LONGEST_KEYWORD]


def _environment(options: Options) -> dict[str, str]:
    """Return what the job sees of the environment of pjsub, and what -x gives it."""
    here = {new: os.environ[old] for old, new in SENT_AS.items() if old in os.environ}
    if "-X" in options:
        here |= {name: value for name, value in os.environ.items() if name not in {*SENT_AS, *NEVER_SENT}}
    given: dict[str, str] = options.get("-x", {})
    return here | given


def _accept(store: Store, job: dict[str, Any], script: bytes) -> tuple[int, str]:
    """Make the job, with its supervisor, or nothing at all; return its id and what happens to pjsub then."""
    with store:
        full = _is_full(store)
        if not full:
            job_id = _make(store, job, script)
            mishap = next((name for name in ("hangs_after", "killed_after") if draw(store, f"pjsub_{name}")), "")
    if full:
        raise RefusedError(message("pjsub", 72, "Job exceeded the accept limit: ru-accept."))
    return job_id, mishap


def _is_full(store: Store) -> bool:
    unfinished = f"SELECT count(*) AS n FROM jobs WHERE state NOT IN {ENDED} AND hidden = 0"  # noqa: S608  # own names
    return bool(store.query(unfinished)[0]["n"] >= store.setting("accept_limit") or draw(store, "pjsub_full"))


def _make(store: Store, job: dict[str, Any], script: bytes) -> int:
    job_id: int = store.setting("next_id")
    store.set_setting("next_id", job_id + 1)
    troubles = {name: how for name in JOB_FAULTS if (how := draw(store, f"job_{name}", job["name"]))}
    token = os.urandom(8).hex()
    made = {"id": job_id, "token": token, "accepted_at": time.time(), "trouble": json.dumps(troubles)}
    _insert(store, job | made)
    _make_spool(store, job_id, script)
    # Started before the job is known to exist: a pjsub that is killed now leaves either both or none.
    _start_supervisor(store, job_id, token)
    return job_id


def _insert(store: Store, values: dict[str, Any]) -> None:
    marks = ", ".join("?" for _ in values)
    store.query(f"INSERT INTO jobs ({', '.join(values)}) VALUES ({marks})", *values.values())  # noqa: S608  # own names


def _make_spool(store: Store, job_id: int, script: bytes) -> None:
    """Keep the script as it is now, and the pipe by which the supervisor is woken."""
    spool = store.spool(job_id)
    spool.mkdir(parents=True, exist_ok=True)
    (spool / "script").write_bytes(script)
    (spool / "script").chmod(0o700)
    if not (spool / "wake").exists():
        os.mkfifo(spool / "wake")


def _start_supervisor(store: Store, job_id: int, token: str) -> None:
    """Start it as a daemon would: in a session of its own, with nothing of pjsub's files and environment."""
    environment = {MARK: store.setting("mark")}
    words = [str(Path(__file__).with_name("main.py")), "supervise", str(store.folder), str(job_id), token]
    if child := os.fork():
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            _become_supervisor(store.folder, words, environment)
    except OSError:
        sys.excepthook(*sys.exc_info())  # into the supervisors' log, which is read when the emulator ends
    finally:
        os._exit(1)


def _become_supervisor(folder: Path, words: list[str], environment: dict[str, str]) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    log = os.open(folder / "supervisors.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for target, source in enumerate((null, log, log)):
        os.dup2(source, target)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir("/")
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    python = str(folder / "python")
    os.execve(python, [python, "-S", "-E", *words], environment)  # noqa: S606  # there is no shell


def _said(options: Options, job_id: int) -> list[str]:
    if "-z" in options:
        return [str(job_id)] if options["-z"] == "jid" else []
    return [message("pjsub", 0, f"Job {job_id} submitted.", "[INFO]")]


def _mishap(store: Store, mishap: str) -> None:
    """End, or stay, after the job was accepted and before a word about it is said."""
    if mishap == "killed_after":
        os.kill(os.getpid(), signal.SIGKILL)
    hang(store)
