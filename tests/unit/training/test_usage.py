"""The line that tells what a training job took."""

import re
import subprocess
import sys
import time

import pytest

from tenbin.training.usage import told_usage

LINE = re.compile(r"tenbin: took ([\d.]+) s, ([\d.]+) s of CPU time, (\d+) MiB of memory at most in a process\n")


def told(capsys: pytest.CaptureFixture[str]) -> list[float]:
    line = LINE.fullmatch(capsys.readouterr().err)
    assert line
    return [float(number) for number in line.groups()]


def test_time_is_that_of_the_body_and_of_processes_that_ended_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    before_s = time.process_time()
    with told_usage():
        subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.5: pass"], check=True)
    wall_s, cpu_s, _ = told(capsys)
    assert time.process_time() - before_s < 0.3
    assert cpu_s >= 0.5
    assert wall_s > 0


def test_memory_is_the_largest_that_a_process_held(capsys: pytest.CaptureFixture[str]) -> None:
    with told_usage():
        pass
    *_, before_mib = told(capsys)
    size = (int(before_mib) + 200) << 20
    with told_usage():
        subprocess.run([sys.executable, "-c", f"bytearray(b'x') * {size}"], check=True)
    *_, peak_mib = told(capsys)
    assert size >> 20 <= peak_mib < (size >> 20) + 60


def test_it_is_told_of_a_body_that_fails_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="body"), told_usage():
        raise ValueError("body")
    told(capsys)
