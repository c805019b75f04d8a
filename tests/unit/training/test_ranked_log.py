"""The log of all ranks: what is shown of it, and what is said of a failure."""

import pytest

from tenbin.training.ranked_log import RanksLog

SUMMARY = """E1123 12:44:54 31300 torch/distributed/elastic/multiprocessing/api.py:1002] failed (exitcode: {status})
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
============================================================
Failures:
[1]:
  rank      : 0 (local_rank: 0)
  exitcode  : -15 (pid: 22174)  (SIGTERM)
------------------------------------------------------------
Root Cause (first observed failure):
[0]:
  time      : 2026-11-23_12:36:09
  rank      : 3 (local_rank: 1)
  exitcode  : {status} (pid: 22175)
"""


@pytest.fixture
def log(tmp_path):
    return RanksLog(tmp_path / "ranks.log")


def test_notes_are_shown_once_and_whole_without_errors_and_chatter(log):
    log.path.write_text("tenbin: step 1\n[2026-11-23] [WARNING] noise\ntenbin: error: no\ntenbin: ste")
    assert log.news() == ["tenbin: step 1"]
    with log.path.open("a") as stream:
        stream.write("p 2\n")
    assert log.news() == ["tenbin: step 2"]
    assert log.news() == []


def test_an_error_that_a_rank_reported_is_passed_on(log):
    log.path.write_text("tenbin: step 1\ntenbin: error: tokens are damaged\n" + SUMMARY.format(status=1))
    assert str(log.explain(1)) == "tokens are damaged"


def test_the_first_rank_that_failed_is_named_with_its_own_last_lines(log):
    lines = ["[rank0]: Connection closed by peer", *(f"[rank3]: frame {number}" for number in range(9))]
    lines += ["[rank3]: ValueError: bad", "[rank0]: and more", ""]
    log.path.write_text("\n".join(lines) + SUMMARY.format(status=1))
    message = str(log.explain(1))
    assert message.startswith("training process 3 ended with status 1, and the job with it")
    assert "[rank3]: frame 8 | [rank3]: ValueError: bad; see" in message
    assert "frame 4" not in message
    assert "[rank0]" not in message


def test_a_rank_that_was_killed_is_named_by_the_signal(log):
    log.path.write_text("tenbin: step 1\nsomething odd\n" + SUMMARY.format(status=-9))
    message = str(log.explain(1))
    assert "training process 3 was ended by SIGKILL" in message
    assert "the last lines before that: something odd; see" in message


def test_a_launcher_that_said_nothing_is_still_reported(log):
    log.path.write_text("")
    message = str(log.explain(7))
    assert "the launcher of the training processes ended with status 7" in message
    assert "the last lines before that: nothing" in message
