"""The job script: what PJM runs on the first node of a job.

An outer shell claims the job's folder, waits, and writes down how the job ended; it runs nothing of the user's. All
that is the user's (modules, their script, Snakemake's command) runs in a child: whatever that does to its shell, its
end is seen and written down. At the time limit PJM sends SIGXCPU to every process and kills all of them 10 s later.
The child ignores it, unless a program in it wants to know, so that these seconds can be used.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from snakemake_interface_common.exceptions import WorkflowError

from snakemake_executor_plugin_pjm.job_folder import JobFolder
from snakemake_executor_plugin_pjm.request import Request
from snakemake_executor_plugin_pjm.settings import ExecutorSettings

PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+@=:-]+")

SHELL = r"""
say() {
    echo "snakemake-executor-plugin-pjm: $*" >&2
}

fail() {
    say "$*"
    exit 1
}

# Whoever links it first has the folder: of two jobs with this script, the other runs nothing and writes no result.
claim() {
    local mine=$folder/started.$PJM_JOBID reason holder
    printf 'job_id=%s\nhost=%s\nstart_epoch=%s\nelapse_limit_s=%s\n' \
        "$PJM_JOBID" "$HOSTNAME" "$start" "$limit" >"$mine.tmp" && mv -f "$mine.tmp" "$mine" ||
        fail "cannot write to $folder; is it on a file system that compute nodes see?"
    reason=$(ln "$mine" "$folder/started" 2>&1) && return
    holder=$(sed -n 's/^job_id=//p' "$folder/started" 2>/dev/null)
    if [ -z "$holder" ]; then
        fail "cannot claim $folder: $reason"
    elif [ "$holder" != "$PJM_JOBID" ]; then
        say "job $holder has taken this work, so job $PJM_JOBID has nothing to do"
        exit 0
    fi
    started_again "$mine"
}

# PJM ran this very job a second time, as it may after a fault of the node.
started_again() {
    if [ -f "$folder/rc" ]; then
        say "job $PJM_JOBID has already ended"
        exit "$(cat "$folder/rc")"
    fi
    mv -f "$1" "$folder/started"
    rm -f "$folder/time_limit"
}

set_environment() {
    mkdir -p "$cache_dir" "$tmp_dir" || fail "cannot make $cache_dir and $tmp_dir"
    export XDG_CACHE_HOME=$cache_dir TMPDIR=$tmp_dir OMP_NUM_THREADS=$threads
    export PJM_START_EPOCH=$start SNAKEMAKE_PJM_MORE_TIME=$more_time
    # Login nodes' home folders are not there on all sites' compute nodes.
    [ -d "$HOME" ] || export HOME=$cache_dir
    case $limit in
    '' | *[!0-9]*) unset PJM_DEADLINE_EPOCH ;;
    *) export PJM_DEADLINE_EPOCH=$((start + limit - (margin_s < limit / 2 ? margin_s : limit / 2))) ;;
    esac
}

load_modules() {
    local name
    [ ! -r /etc/profile.d/modules.sh ] || . /etc/profile.d/modules.sh
    for name in "${modules[@]}"; do
        module load "$name" || fail "module load $name failed on $HOSTNAME"
    done
}

source_init_script() {
    trap 'say "the init script $init_script left the job with status $?"' EXIT
    . "$init_script"
    local status=$?
    trap - EXIT
    [ "$status" -eq 0 ] || fail "the init script $init_script failed with status $status"
}

run_job() {
    trap '' XCPU
    set_environment
    load_modules
    [ -z "$init_script" ] || source_init_script
    cd "$work_directory" || fail "the working directory $work_directory is not there on $HOSTNAME"
    snakemake_job
}

note_time_limit() {
    signalled=yes
    : >"$folder/time_limit"
    say "PJM ends this job: its time limit of ${limit:-unknown} s is reached"
}

start=$(date +%s)
limit=${PJM_ELAPSE_LIMIT:-$elapse_s}
[ -n "$PJM_JOBID" ] || fail 'PJM_JOBID is not set; this script is for pjsub'
claim
trap note_time_limit XCPU
# These reach the child as well; its end is what counts.
trap 'signalled=yes' TERM INT HUP
(run_job) &
child=$!
signalled=yes
# A signal ends `wait`, not the child.
while [ -n "$signalled" ]; do
    signalled=
    wait "$child"
    rc=$?
done
echo "$rc" >"$folder/rc.tmp" && mv -f "$folder/rc.tmp" "$folder/rc"
exit "$rc"
"""


def render_script(
    request: Request, folder: JobFolder, command: str, work_directory: Path, settings: ExecutorSettings
) -> str:
    """Return the text of a job script that runs `command`, a line for a shell, in the working directory.

    Raises WorkflowError if PJM could not be told the place of the job's log.
    """
    directives = (f"#PJM {option}" for option in (*request.options, *_outputs(folder, work_directory, settings)))
    values = (f"{name}={value}" for name, value in _values(request, folder, work_directory, settings))
    return "\n".join(["#!/bin/bash", *directives, "", *values, "", "snakemake_job() {", command, "}", SHELL[:-1], ""])


def _outputs(folder: JobFolder, work_directory: Path, settings: ExecutorSettings) -> Iterator[str]:
    yield f"-o {_writable(folder.log_pattern, folder.path, work_directory)}"
    if not settings.no_stats:
        yield "-S"
        yield f"--spath {_writable(folder.stats_pattern, folder.path, work_directory)}"


def _writable(pattern: Path, folder: Path, work_directory: Path) -> str:
    """Return a path as PJM reads it: relative to where pjsub is called if the whole of it needed quotes."""
    if PLAIN_PATH.fullmatch(str(folder)):
        return str(pattern)
    below = folder.relative_to(work_directory) if folder.is_relative_to(work_directory) else folder
    if PLAIN_PATH.fullmatch(str(below)):
        return str(below / pattern.name)
    raise WorkflowError(
        f"{folder}: PJM cannot be told to write a job's log there, since a #PJM line holds no blanks, quotes and the "
        "like; move the workflow to a folder with a plain name"
    )


def _values(
    request: Request, folder: JobFolder, work_directory: Path, settings: ExecutorSettings
) -> Iterator[tuple[str, str]]:
    quote = shlex.quote
    state = work_directory / ".snakemake"
    yield "folder", quote(str(folder.path))
    yield "more_time", quote(str(folder.more_time))
    yield "work_directory", quote(str(work_directory))
    yield "cache_dir", quote(str(work_directory / (settings.cache_dir or state / "pjm-cache")))
    yield "tmp_dir", quote(str(work_directory / (settings.tmp_dir or state / "pjm-tmp")))
    yield "modules", f"({shlex.join(settings.modules)})"
    yield "init_script", quote(str(settings.init_script or ""))
    yield "elapse_s", quote(str(request.elapse_s or ""))
    yield "margin_s", str(settings.elapse_margin_s)
    yield "threads", str(request.threads)
