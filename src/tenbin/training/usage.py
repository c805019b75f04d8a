"""What a training job took, said by itself in its log.

Snakemake's `benchmark:` watches the descendants of the shell that it starts for a job. A process that a warm worker
forked is none of them, and what ranks on other nodes take it does not see either, so that its tables would not be true.
"""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tenbin.training import log

KIB_PER_MIB = 1024


@contextmanager
def told_usage() -> Iterator[None]:
    """Write a line when the body ends, however it does: seconds, CPU seconds, and the peak memory of a process in MiB.

    Processes of this one that have ended count too, such as ranks. Pages that a process shares with others count as its
    own, as they would without a warm worker.
    """
    started, before_s = time.monotonic(), _cpu_s()
    try:
        yield
    finally:
        log.notice(
            f"took {time.monotonic() - started:.1f} s, {_cpu_s() - before_s:.1f} s of CPU time, "
            f"{_peak_mib():.0f} MiB of memory at most in a process"
        )


def _cpu_s() -> float:
    return sum(usage.ru_utime + usage.ru_stime for usage in _usages())


def _peak_mib() -> float:
    return max(usage.ru_maxrss for usage in _usages()) / KIB_PER_MIB


def _usages() -> list[resource.struct_rusage]:
    return [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
