"""One worker for a call's jobs: who shares it, who not, and what ends with what."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from processes import wait_for, wait_until_gone
from warm_calls import Calls

PARENT = "import os; print(os.getppid())"
COUNT_SIGNALS = """
    import os, signal, sys, time

    def note(number, frame):
        with open("told", "a") as file:
            print(signal.Signals(number).name, file=file)
        if number != signal.SIGUSR1:
            sys.exit(128 + number)

    for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT, signal.SIGXCPU, signal.SIGHUP, signal.SIGUSR2):
        signal.signal(number, note)
    with open("told", "w") as file:
        print("process", os.getpid(), file=file)
    while True:
        time.sleep(0.01)
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """Return the file into which the program of COUNT_SIGNALS writes."""
    return tmp_path / "told"


def process_of(told: Path) -> int:
    wait_for(told, "\n")
    return int(told.read_text().split()[1])


def wait_for_end(pid: int) -> None:
    handle = Path(f"/proc/{pid}")
    deadline = time.monotonic() + 60
    while handle.exists():
        assert time.monotonic() < deadline, f"{pid} is still there"
        time.sleep(0.02)


def test_jobs_that_come_at_once_share_one_worker(calls: Calls) -> None:
    calls.write("parent", PARENT)
    jobs = [calls.start("parent") for _ in range(5)]
    answers = {job.communicate() for job in jobs}
    assert len(answers) == 1
    ((worker, errors),) = answers
    assert errors == ""
    assert calls.processes() == [int(worker)]


def test_the_worker_imports_once_what_every_job_needs(calls: Calls, tmp_path: Path) -> None:
    calls.write("program", "import module; print(module.name)")
    (calls.scripts / "module.py").write_text(f"name = 'module'\nopen({str(tmp_path / 'times')!r}, 'a').write('x')\n")
    assert [calls.run("program") for _ in range(3)] == [(0, "module\n", "")] * 3
    assert (tmp_path / "times").read_text() == "x"


def test_jobs_of_another_environment_have_another_worker(calls: Calls) -> None:
    calls.write("parent", PARENT)
    first, again = calls.run("parent"), calls.run("parent")
    other = calls.run("parent", OMP_NUM_THREADS="2")
    assert first == again
    assert other[::2] == (0, "")
    assert other[1] != first[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGXCPU, signal.SIGHUP, signal.SIGUSR2])
def test_a_signal_to_the_client_reaches_the_job_once(calls: Calls, told: Path, number: signal.Signals) -> None:
    calls.write("count", COUNT_SIGNALS)
    with calls.start("count") as job:
        process_of(told)
        job.send_signal(number)
        job.communicate()
    assert job.returncode == 128 + number
    assert told.read_text().splitlines()[1:] == [number.name]


def test_a_signal_to_the_process_group_reaches_the_job_once(calls: Calls, told: Path) -> None:
    calls.write("count", COUNT_SIGNALS)
    command = " ".join(calls.command("count"))
    shell = ["bash", "-c", f"trap : USR1; {command}; echo $?; {command}; true"]
    with subprocess.Popen(shell, env=calls.environment(), process_group=0, stdout=subprocess.PIPE, text=True) as group:
        job = process_of(told)
        os.killpg(group.pid, signal.SIGUSR1)
        wait_for(told, "SIGUSR1")
        os.kill(job, signal.SIGUSR2)
        wait_for_end(job)
        assert told.read_text().splitlines()[1:] == ["SIGUSR1", "SIGUSR2"]
        while process_of(told) == job:
            time.sleep(0.02)
        os.killpg(group.pid, signal.SIGKILL)
        assert group.communicate()[0] == f"{128 + signal.SIGUSR2}\n"
    wait_for_end(process_of(told))


def test_a_client_that_is_killed_takes_its_job_with_it(calls: Calls, told: Path) -> None:
    calls.write("count", COUNT_SIGNALS)
    with calls.start("count") as job:
        process = process_of(told)
        job.kill()
    wait_for_end(process)
    assert len(calls.processes()) == 1


def test_a_worker_that_is_killed_takes_its_jobs_with_it_and_they_say_so(calls: Calls, told: Path) -> None:
    calls.write("count", COUNT_SIGNALS)
    with calls.start("count") as job:
        process = process_of(told)
        (worker,) = set(calls.processes()) - {process}
        os.kill(worker, signal.SIGKILL)
        said = job.communicate()
    assert job.returncode == 1
    assert said[0] == ""
    assert said[1].startswith("tenbin: error: the warm worker was killed")
    assert len(said[1].splitlines()) == 1
    wait_for_end(process)


def test_what_batch_systems_send_to_every_process_does_not_end_the_worker(calls: Calls, told: Path) -> None:
    calls.write("count", COUNT_SIGNALS)
    with calls.start("count") as job:
        process = process_of(told)
        (worker,) = set(calls.processes()) - {process}
        for number in (signal.SIGXCPU, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(worker, number)
        os.kill(process, signal.SIGXCPU)
        job.communicate()
    assert job.returncode == 128 + signal.SIGXCPU
    assert calls.processes() == [worker]


def test_the_worker_ends_with_a_killed_call_after_the_jobs_that_go_on(calls: Calls, told: Path) -> None:
    calls.write("count", COUNT_SIGNALS)
    with calls.start("count") as job:
        process = process_of(told)
        calls.call.kill()
        calls.call.wait()
        job.send_signal(signal.SIGUSR1)
        wait_for(told, "SIGUSR1")
        assert process in calls.processes()
        job.send_signal(signal.SIGUSR2)
        job.communicate()
    assert job.returncode == 128 + signal.SIGUSR2
    wait_until_gone(str(calls.worker))


def test_a_worker_without_jobs_ends_after_a_while(calls: Calls) -> None:
    calls.worker.write_text(calls.worker.read_text().replace("IDLE_S = 60.0", "IDLE_S = 0.3"))
    calls.write("parent", PARENT)
    assert calls.run("parent")[0] == 0
    wait_until_gone(str(calls.worker))
    assert calls.run("parent")[::2] == (0, "")


def test_after_a_change_of_the_source_a_job_runs_cold_and_the_next_has_a_new_worker(calls: Calls) -> None:
    calls.write("program", "import os; from tenbin.module import name; print(name, os.getppid())")
    module = calls.package / "module.py"
    module.write_text("name = 'old'\n")
    name, worker = calls.run("program")[1].split()
    assert name == "old"
    module.write_text("name = 'newer'\n")
    status, said, errors = calls.run("program")
    assert (status, said) == (0, f"newer {os.getpid()}\n")
    assert errors.startswith("tenbin: this job starts cold: the source of tenbin has changed since")
    status, said, errors = calls.run("program")
    assert (status, errors) == (0, "")
    assert said.split()[0] == "newer"
    assert said.split()[1] not in (worker, str(os.getpid()))


def test_a_program_whose_imports_start_threads_runs_cold(calls: Calls) -> None:
    calls.write("program", "import threaded; import os; print(os.getppid())")
    (calls.scripts / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    said = "tenbin: this job starts cold: its imports started 1 thread(s), which a fork would lose\n"
    assert calls.run("program") == (0, f"{os.getpid()}\n", said)
    wait_until_gone(str(calls.worker))
