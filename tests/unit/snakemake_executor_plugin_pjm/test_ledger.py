"""The record of submissions survives whatever befalls the process that writes it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snakemake_interface_common.exceptions import WorkflowError

from snakemake_executor_plugin_pjm.ledger import Ledger, Submission


def submission(number: int = 1, target: str = "t") -> Submission:
    return Submission(f"uuid{number}", f"name{number}", "train", target, "work", time_limits=2, node_faults=1)


def opened(path: Path) -> Ledger:
    ledger = Ledger(path)
    ledger.open()
    return ledger


def test_a_later_process_reads_each_step(tmp_path: Path) -> None:
    first = opened(tmp_path / "pjm" / "ledger.jsonl")
    for number in (1, 2, 3):
        first.intend(submission(number))
    first.submitted(submission(2), "1002")
    first.submitted(submission(3), "1003")
    first.ended(submission(3), "success")
    first.close()
    second = opened(tmp_path / "pjm" / "ledger.jsonl")
    assert [(entry.submission, entry.job_id) for entry in second.unfinished("t")] == [
        (submission(1), None),
        (submission(2), "1002"),
    ]
    assert second.entries["uuid3"].outcome == "success"


def test_targets_are_told_apart(tmp_path: Path) -> None:
    ledger = opened(tmp_path / "ledger.jsonl")
    ledger.intend(submission(1, "a"))
    ledger.intend(submission(2, "b"))
    assert [entry.submission.uuid for entry in ledger.unfinished("b")] == ["uuid2"]
    assert len(ledger.unfinished()) == 2


@given(st.data())
def test_a_line_cut_anywhere_is_as_if_never_begun(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("cut") / "ledger.jsonl"
    ledger = opened(path)
    ledger.intend(submission(1))
    kept = path.stat().st_size
    ledger.submitted(submission(1), "1001")
    whole = path.stat().st_size
    ledger.close()
    with path.open("r+b") as file:
        file.truncate(data.draw(st.integers(kept, whole - 1)))
    again = opened(path)
    assert [entry.job_id for entry in again.unfinished()] == [None]
    again.submitted(submission(1), "1002")
    again.close()
    assert [entry.job_id for entry in opened(path).unfinished()] == ["1002"]


def test_a_first_line_cut_short_leaves_an_empty_record(tmp_path: Path) -> None:
    (tmp_path / "ledger.jsonl").write_text('{"event": "int')
    ledger = opened(tmp_path / "ledger.jsonl")
    ledger.intend(submission())
    assert [json.loads(line)["event"] for line in ledger.path.read_text().splitlines()] == ["intent"]


@pytest.mark.parametrize("line", ["nonsense", '{"event": "ended", "uuid": "unheard of", "outcome": "x"}', "[1]"])
def test_a_line_that_is_whole_and_wrong_stops_before_anything_is_submitted(tmp_path: Path, line: str) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text(f"{line}\n")
    with pytest.raises(WorkflowError, match=r"line 1 cannot be read.*`pjstat`"):
        opened(path)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    ledger = opened(tmp_path / "ledger.jsonl")
    program = (
        "import sys; from pathlib import Path; from snakemake_executor_plugin_pjm.ledger import Ledger\n"
        "try: Ledger(Path(sys.argv[1])).open()\nexcept Exception as error: sys.exit(str(error))"
    )
    other = [sys.executable, "-c", program, str(ledger.path)]
    refused = subprocess.run(other, capture_output=True, text=True, check=False)
    assert (refused.returncode, "another Snakemake submits jobs to PJM" in refused.stderr) == (1, True)
    ledger.close()
    assert subprocess.run(other, check=False).returncode == 0
