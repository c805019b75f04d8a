"""pjsub, played by small scripts that behave in all the ways that the real one is known to, and worse."""

import errno
import threading
from pathlib import Path

import pytest
from pjm_programs import calls_of
from processes import wait_for

from snakemake_executor_plugin_pjm.commands import Refused, TryLater, Unsure, submission_under_way
from snakemake_executor_plugin_pjm.job_folder import JobFolder

SUBMITTED = "echo '[INFO] PJM 0000 pjsub Job 1006903 submitted.'"


def test_a_job_is_submitted(program, bin_folder, folder, pjm):
    program("pjsub", SUBMITTED)
    assert pjm.submit(folder, ["-L", "elapse=60"]) == "1006903"
    assert calls_of(bin_folder, "pjsub") == [f"-L elapse=60 {folder.script}"]
    assert pjm.calls == {"pjsub": 1}
    assert not submission_under_way(folder)


@pytest.mark.parametrize("level", ["[INFO]", "[INFO.]"])
@pytest.mark.parametrize("ending", [">&1; exit 0", ">&2; exit 0", ">&1; exit 1", ">&2; exit 1"])
def test_an_id_wins_over_stream_and_status(program, folder, pjm, level, ending):
    program("pjsub", f"echo '{level} PJM 0000 pjsub Job 64856_0 submitted.' {ending}")
    assert pjm.submit(folder, []) == "64856_0"


def test_an_id_wins_over_an_error(program, folder, pjm):
    program("pjsub", f"echo '[ERR.] PJM 0072 pjsub Job exceeded the accept limit: ru-accept.' >&2; {SUBMITTED}; exit 1")
    assert pjm.submit(folder, []) == "1006903"


def test_an_id_is_not_lost_if_pjsub_hangs_after_it(program, folder, hasty):
    program("pjsub", f"{SUBMITTED}; sleep 60")
    assert hasty.submit(folder, []) == "1006903"


def test_a_folder_with_an_id_is_never_submitted_again(program, bin_folder, folder, pjm):
    program("pjsub", SUBMITTED)
    assert pjm.submit(folder, []) == pjm.submit(folder, []) == "1006903"
    assert len(calls_of(bin_folder, "pjsub")) == 1


def test_a_second_attempt_forgets_what_the_first_one_printed(program, folder, pjm):
    program(
        "pjsub", "echo something; echo '[ERR.] PJM 0072 pjsub Job exceeded the accept limit: ru-accept.' >&2; exit 1"
    )
    with pytest.raises(TryLater):
        pjm.submit(folder, [])
    program("pjsub", "echo '[ERR.] PJM 0058 pjsub rscgrp=x does not exist.' >&2; exit 1")
    with pytest.raises(Refused) as refused:
        pjm.submit(folder, [])
    assert "0072" not in str(refused.value)
    assert "something" not in str(refused.value)


@pytest.mark.parametrize(
    "line",
    [
        "PJM 0072 pjsub Job exceeded the accept limit: ru-accept.",
        "PJM 0090 pjsub PJM daemon is not present.",
        "PJM 0091 pjsub Internal error: code=1.",
        "PJM 0190 pjsub PJM daemon is not present.",
        "PJM 0072 pjsub in the words of some other release",
    ],
)
@pytest.mark.parametrize("ending", ["exit 1", "exit 0", "sleep 60"])
def test_what_passes_is_tried_later(program, folder, line, ending, hasty):
    program("pjsub", f"echo '[ERR.] {line}' >&2; {ending}")
    with pytest.raises(TryLater, match=line.split()[1]):
        hasty.submit(folder, [])


@pytest.mark.parametrize(
    "line",
    [
        "PJM 0001 pjsub Unknown option or no option argument: -y.",
        "PJM 0020 pjsub File open failed: /x (2).",
        "PJM 0026 pjsub Current working directory access failed.",
        "PJM 0054 pjsub node=0 is less than the lower limit (1).",
        "PJM 0057 pjsub node=32 is greater than the upper limit (24).",
        "PJM 0058 pjsub rscgrp=x does not exist.",
        "PJM 0059 pjsub rscgrp=x is disabled.",
        "PJM 0069 pjsub rscgrp in -L option is not specified.",
        "PJM 0070 pjsub No execute permission: pjsub-bulk.",
        "PJM 0071 pjsub Group not authorized to submit a job: group(59999).",
        "PJM 0093 pjsub The operating command cannot be executed except login node and compute",
    ],
)
def test_what_stays_is_refused_in_pjms_words_with_command_and_script(program, folder, pjm, line):
    program("pjsub", f"echo '[ERR.] {line}' >&2; echo 'Try `pjsub --help` for more information.' >&2; exit 1")
    with pytest.raises(Refused) as refused:
        pjm.submit(folder, ["-L", "node=32"])
    assert str(refused.value).splitlines() == [
        f"pjsub -L node=32 '{folder.script}': it ended with status 1, having printed:",
        f"[ERR.] {line}",
        "Try `pjsub --help` for more information.",
    ]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("exit 0", "it ended with status 0, having printed nothing"),
        ("echo Welcome; exit 0", "having printed:\nWelcome"),
        ("exit 1", "it ended with status 1"),
        ("echo '[INFO] PJM 0000 pjsub Job 10069'; exit 0", "Job 10069"),
        ("kill -9 $$", "it was ended by signal 9"),
        ("sleep 60", "no answer within 0.5 s"),
        ("trap '' TERM INT; sleep 60", "no answer within 0.5 s"),
    ],
)
def test_without_id_and_error_nothing_is_certain(program, folder, body, words, hasty):
    program("pjsub", body)
    with pytest.raises(Unsure, match=words):
        hasty.submit(folder, [])


def test_while_an_earlier_pjsub_is_at_it_no_second_one_is_started(program, bin_folder, folder, pjm):
    program("pjsub", f"sleep 1; {SUBMITTED}")
    ids: list[str] = []
    first = threading.Thread(target=lambda: ids.append(pjm.submit(folder, [])))
    first.start()
    wait_for(bin_folder / "pjsub.calls", "job.sh")
    assert submission_under_way(folder)
    with pytest.raises(Unsure, match="an earlier pjsub"):
        pjm.submit(folder, [])
    first.join()
    assert ids == ["1006903"]
    assert len(calls_of(bin_folder, "pjsub")) == 1


def test_without_pjsub_the_message_says_where_it_would_be(bin_folder, folder, pjm):
    with pytest.raises(Refused, match=r"pjsub cannot be run \(No such file or directory\): are you on a login node"):
        pjm.submit(folder, [])


def test_a_pjsub_that_may_not_be_run_is_refused(program, folder, pjm):
    program("pjsub", "").chmod(0o644)
    with pytest.raises(Refused, match=r"Permission denied.*Nothing was submitted"):
        pjm.submit(folder, [])


def test_a_folder_that_is_gone_is_refused(program, tmp_path, pjm):
    program("pjsub", SUBMITTED)
    with pytest.raises(Refused, match=r"cannot run pjsub .*pjsub\.out\)\. Nothing was submitted"):
        pjm.submit(JobFolder(tmp_path / "absent"), [])


def test_an_output_that_cannot_be_read_may_name_a_job(program, bin_folder, folder, pjm, monkeypatch):
    def fail(_path):
        raise OSError(errno.ESTALE, "Stale file handle")

    program("pjsub", SUBMITTED)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", fail)
        with pytest.raises(Unsure, match="Stale file handle"):
            pjm.submit(folder, [])
        assert not calls_of(bin_folder, "pjsub")
    assert pjm.submit(folder, []) == "1006903"


def test_an_output_that_cannot_be_read_after_pjsub_leaves_it_unsure(program, folder, pjm, monkeypatch):
    reads = Path.read_bytes

    def fail_after_pjsub(path):
        if folder.submission_output.stat().st_size:
            raise OSError(errno.ESTALE, "Stale file handle")
        return reads(path)

    program("pjsub", SUBMITTED)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", fail_after_pjsub)
        with pytest.raises(Unsure, match="Stale file handle"):
            pjm.submit(folder, [])
    assert pjm.submit(folder, []) == "1006903"
    assert pjm.calls == {"pjsub": 1}


def test_a_machine_that_is_full_just_now_is_tried_later(program, folder, pjm, monkeypatch):
    def full(*_args, **_options):
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    program("pjsub", SUBMITTED)
    monkeypatch.setattr("subprocess.Popen", full)
    with pytest.raises(TryLater, match=r"temporarily unavailable\. Nothing was submitted"):
        pjm.submit(folder, [])
