"""A job that was forked is, to all that look at it, the job that would have been started cold."""

import json

import pytest
from warm_calls import Calls

ENDS = {
    "in order": "print('done')",
    "without a newline": "print('done', end='')",
    "with a status": "import sys; print('output'); sys.exit(3)",
    "with status 0": "raise SystemExit",
    "with a message": "import sys; sys.exit('a message')",
    "with a user's error": """
        from tenbin.errors import UserError, command

        def main():
            raise UserError("what,\\nwhere")

        if __name__ == "__main__":
            command(main)
    """,
    "with an error": """
        def inner():
            raise ValueError("inner")

        try:
            inner()
        except ValueError as error:
            raise RuntimeError("outer") from error
    """,
    "with an import that fails": "import absent_module",
    "with a text that is no program": "x = = 1",
    "with a keyboard interrupt": "raise KeyboardInterrupt",
    "by a signal": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "by being killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "by a fault": "import os; os.abort()",
    "after its threads": """
        import threading, time

        threading.Thread(target=lambda: (time.sleep(0.1), print("thread"))).start()
        print("main")
    """,
    "after what it left to the exit": """
        import atexit, concurrent.futures

        atexit.register(print, "at exit")
        pool = concurrent.futures.ThreadPoolExecutor(1)
        pool.submit(print, "in the pool")
    """,
    "with an error at the exit": """
        import atexit

        atexit.register(int, "no number")
    """,
}

TELL = """
    import json, os, signal, sys

    import __main__

    handlers = {number: str(signal.getsignal(number)).split(" at ")[0] for number in signal.valid_signals()}
    told = {
        "arguments": sys.argv,
        "folder": os.getcwd(),
        "search path": sys.path,
        "umask": os.umask(0),
        "environment": dict(os.environ),
        "group": os.getpgrp(),
        "session": os.getsid(0),
        "input": sys.stdin.read(),
        "name": __name__,
        "file": __file__,
        "main": sorted(set(vars(__main__)) - {"__loader__"}),
        "spec": str(__spec__),
        "flags": str(sys.flags),
        "signals": handlers,
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        "streams": [str(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)],
        "files": sorted(os.listdir("/proc/self/fd")),
        "executable": sys.executable,
    }
    json.dump(told, sys.stdout)
"""


@pytest.mark.parametrize("program", ENDS.values(), ids=ENDS)
def test_a_job_ends_as_a_cold_one(calls: Calls, program: str) -> None:
    calls.write("program", program)
    cold = calls.run("program", cold=True)
    assert [calls.run("program"), calls.run("program")] == [cold, cold]


def test_a_job_finds_itself_as_a_cold_one(calls: Calls) -> None:
    calls.write("tell", TELL)
    arguments = ("--one", "", "two words", "日本語", "\udcff")
    status, cold, _ = calls.run("tell", *arguments, cold=True, given="some input", NAME="\udcfe value")
    assert status == 0
    for _ in range(2):
        assert calls.run("tell", *arguments, given="some input", NAME="\udcfe value")[::2] == (0, "")
        warm = calls.run("tell", *arguments, given="some input", NAME="\udcfe value")[1]
        assert json.loads(warm) == json.loads(cold)


def test_each_job_has_random_numbers_of_its_own(calls: Calls) -> None:
    calls.write(
        "draw",
        """
        import random, uuid, numpy.random, torch
        print(random.random(), numpy.random.rand(), uuid.uuid4(), torch.rand(1).item())
        """,
    )
    drawn = [calls.run("draw")[1].split() for _ in range(3)]
    assert [len(set(numbers)) for numbers in zip(*drawn, strict=True)] == [3, 3, 3, 3]


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_torch_and_numpy_compute_on_threads_as_in_a_cold_job(calls: Calls, threads: int) -> None:
    calls.write(
        "compute",
        """
        import os, numpy, pyarrow, torch

        values = torch.arange(700 * 700, dtype=torch.float32).reshape(700, 700).sin()
        print(torch.get_num_threads(), (values @ values).sum(), float(values.exp().sum()))
        array = values.double().numpy()
        print(float(numpy.linalg.norm(array @ array)), pyarrow.array([1, 2]).to_pylist())
        """,
    )
    variables = {"OMP_NUM_THREADS": str(threads)}
    cold = calls.run("compute", cold=True, **variables)
    assert cold[0] == 0
    assert cold[1].split()[0] == str(threads)
    assert [calls.run("compute", **variables) for _ in range(2)] == [cold, cold]
