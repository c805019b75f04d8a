"""What became of a job, judged by what PJM says of it and by what the job itself has left behind.

The job's own return code alone can mean success. PJM can deny it, by an exit code or PJM code other than 0; it can
never replace it: PJM's exit code may be 0 for a job that was killed, and a job that PJM no longer lists may have ended
in any way.
"""

from dataclasses import dataclass
from enum import Enum

from snakemake_executor_plugin_pjm.codes import NODE_FAULTS, OUT_OF_TIME, meaning_of
from snakemake_executor_plugin_pjm.status import JobStatus, Phase


class Kind(Enum):
    """What to do about a job."""

    active = "active"
    """Go on waiting."""
    success = "success"
    failure = "failure"
    out_of_time = "out of time"
    """It was well and needs more time: the same job may go on from what it has saved."""
    node_fault = "node fault"
    """PJM or a node failed, not the job."""
    cancel_then_failure = "cancel, then failure"
    """It will not end by itself, or may still exist unseen: remove it from PJM first."""


@dataclass(frozen=True)
class Evidence:
    """What is known of a job without PJM."""

    return_code: int | None
    """Exit status of Snakemake's command as the job wrote it, or None as long as it has not."""
    started: bool
    """Whether the job wrote that it began."""
    time_limit: bool
    """PJM told the job that its time is over, or its time is over by the clock."""
    more_time: bool
    """The job asked to be submitted again."""
    absent_s: float
    """Seconds since PJM last listed it, 0 if it does."""
    ended_s: float
    """Seconds since PJM first said that it is over, 0 if it is not."""
    latency_wait_s: float
    """What files may need to become visible here."""
    lost_after_s: float


@dataclass(frozen=True)
class Verdict:
    """What became of a job."""

    kind: Kind
    message: str = ""
    """Why, and what to do; without a name for the job when PJM does not list it."""
    warn: str | None = None
    """What a person should see to while the job waits; the same text as long as it is the same trouble."""


ACTIVE = Verdict(Kind.active)


def judge(status: JobStatus | None, evidence: Evidence) -> Verdict:
    """Return what became of a job; `status` is None if PJM's answer does not mention it."""
    if status is None:
        return _judge_absent(evidence)
    if status.phase is Phase.HELD:
        return Verdict(Kind.active, warn=f"{_account(status)} is held: release it by `pjrls {status.job_id}`")
    if status.phase is Phase.STUCK:
        advice = "PJM parked it and would leave it there; it is removed"
        return Verdict(Kind.cancel_then_failure, f"{_account(status)}: {advice}")
    if status.phase is Phase.UNKNOWN:
        return _judge_unknown(status, evidence)
    return _judge_over(status, evidence) if status.phase.is_over else ACTIVE


def _judge_absent(evidence: Evidence) -> Verdict:
    if evidence.return_code is not None:
        return _by_return_code("PJM no longer lists the job", None, evidence)
    if evidence.absent_s < evidence.lost_after_s:
        return ACTIVE
    began = "it had begun" if evidence.started else "it had not begun"
    return Verdict(
        Kind.cancel_then_failure,
        f"lost: PJM has not listed the job for {evidence.absent_s:.0f} s, and it left no return code ({began}). "
        "Look for it in `pjstat -H`; `lost_after` sets how long to wait",
    )


def _judge_unknown(status: JobStatus, evidence: Evidence) -> Verdict:
    """A word that may mean an end or none is no evidence, except that the job is not lost."""
    if evidence.return_code is not None:
        return _by_return_code(_account(status), status, evidence)
    return Verdict(
        Kind.active,
        warn=f"{_account(status)}: this plugin does not know the state {status.word!r} and waits for the job to write "
        f"its return code. If it is over, end the wait by `pjdel {status.job_id}`, and report the word",
    )


def _judge_over(status: JobStatus, evidence: Evidence) -> Verdict:
    if status.phase is Phase.ENDED and evidence.return_code is None and evidence.ended_s < evidence.latency_wait_s:
        return ACTIVE
    cause = _by_pjm_code(status, evidence)
    if cause:
        return cause
    if status.phase is not Phase.ENDED:
        return Verdict(Kind.failure, f"{_account(status)} was {status.phase.value}{_advice(status)}")
    if evidence.return_code is not None:
        return _by_return_code(_account(status), status, evidence)
    return _without_return_code(status, evidence)


def _by_pjm_code(status: JobStatus, evidence: Evidence) -> Verdict | None:
    """Return the verdict where the fault was not the job's; a job that asked for more time shall get it as such."""
    if status.pjm_code in OUT_OF_TIME:
        return Verdict(Kind.out_of_time, f"{_account(status)} ran out of time{_advice(status)}")
    asked = evidence.more_time and evidence.return_code and status.phase is Phase.ENDED
    if status.pjm_code in NODE_FAULTS and not asked:
        return Verdict(Kind.node_fault, f"{_account(status)} fell to a fault that is not its own{_advice(status)}")
    return None


def _by_return_code(account: str, status: JobStatus | None, evidence: Evidence) -> Verdict:
    code = evidence.return_code
    if code == 0:
        return _confirm(account, status)
    if evidence.more_time:
        return Verdict(Kind.out_of_time, f"{account}: it asked for more time and left with status {code}")
    if evidence.time_limit and (status is None or status.pjm_code is None):
        return Verdict(Kind.out_of_time, f"{account}: its time limit came, and it left with status {code}")
    return Verdict(Kind.failure, f"{account}: its command failed with status {code}{_advice(status)}")


def _confirm(account: str, status: JobStatus | None) -> Verdict:
    """Return success, unless PJM says otherwise."""
    if status and (status.exit_code or status.pjm_code):
        return Verdict(Kind.failure, f"{account}: its command succeeded, but PJM reports a failure{_advice(status)}")
    return Verdict(Kind.success, account)


def _without_return_code(status: JobStatus, evidence: Evidence) -> Verdict:
    account = _account(status)
    if evidence.time_limit and status.pjm_code is None:
        return Verdict(Kind.out_of_time, f"{account} was ended at its time limit")
    if not evidence.started and not status.pjm_code:
        return Verdict(
            Kind.failure,
            f"{account} ended without having begun: its script wrote nothing. Its log may say why; is the working "
            "directory visible from compute nodes, under one path?",
        )
    return Verdict(Kind.failure, f"{account} ended without leaving a return code{_advice(status)}")


def _account(status: JobStatus) -> str:
    """Return all that PJM says of a job, as the subject of a sentence. It changes only when the state does."""
    over = status.phase.is_over or status.phase is Phase.STUCK
    known = {
        "": status.word,
        "exit code": status.exit_code if over else None,
        "PJM code": _pjm_code(status) if over else None,
        "signal": status.signal if over and status.signal else None,
        "reason": status.reason or None,
        "elapsed": status.elapsed if over and status.elapsed else None,
        "resource group": status.rscgrp or None,
    }
    facts = [f"{name} {value}".strip() for name, value in known.items() if value is not None]
    return f"PJM's job {status.job_id} ({', '.join(facts)})"


def _pjm_code(status: JobStatus) -> str | None:
    if status.pjm_code is None:
        return None
    return f"{status.pjm_code}: {meaning_of(status.pjm_code).words}"


def _advice(status: JobStatus | None) -> str:
    advice = meaning_of(status.pjm_code).advice if status and status.pjm_code else ""
    return f"; {advice}" if advice else ""
